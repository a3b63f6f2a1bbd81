import { assertEquals } from "@std/assert";
import { startEventSourceMapping } from "../../../src/local/mod.ts";

Deno.test("stop() gives up an endpoint that takes requests and never answers", async () => {
  const asked = Promise.withResolvers<void>();
  const client = {
    send: (_command: object, { abortSignal }: { abortSignal?: AbortSignal } = {}) =>
      new Promise((_, reject) => {
        abortSignal?.addEventListener("abort", () => reject(abortSignal.reason));
        asked.resolve();
      }),
  };
  const mapping = startEventSourceMapping({
    queueUrl: "http://127.0.0.1:1/000000000000/orders",
    handler: () => {},
    waitTimeSeconds: 0,
    client,
  });
  await asked.promise;
  await mapping.stop();
  assertEquals(await mapping[Symbol.asyncIterator]().next(), { done: true, value: undefined });
});
