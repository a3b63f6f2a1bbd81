import { assertEquals, assertRejects } from "@std/assert";
import type { SQSEvent } from "aws-lambda";
import { HandlerHost } from "../../../src/cli/handler_host.ts";
import { lambdaContext } from "../../../src/internal/lambda_context.ts";

const EVENT: SQSEvent = { Records: [] };

function context(timeoutMs = 5_000) {
  return lambdaContext({
    functionName: "dev",
    awsRequestId: crypto.randomUUID(),
    timeoutMs,
    region: "us-east-1",
    accountId: "000000000000",
  });
}

/** Runs a module's handler in a process of its own. */
async function withHost(
  source: string,
  use: (host: HandlerHost, output: readonly string[]) => Promise<void>,
  options: { readonly loadLimitMs?: number } = {},
): Promise<void> {
  const output: string[] = [];
  const host = new HandlerHost({
    url: `data:text/javascript,${encodeURIComponent(source)}`,
    exportName: "handler",
    env: {},
    memoryMb: undefined,
    onOutput: (_, line) => output.push(line),
    onEvent: () => {},
    ...options,
  });
  try {
    await use(host, output);
  } finally {
    await host.close();
  }
}

async function assertNotLoaded(source: string, reason: string, loadLimitMs?: number) {
  await withHost(source, async (host) => {
    await assertRejects(() => host.ready(), Error, reason);
  }, loadLimitMs === undefined ? {} : { loadLimitMs });
}

Deno.test("HandlerHost says why a module cannot be loaded, whatever it throws", async () => {
  await assertNotLoaded("throw undefined;", "it failed to load: undefined");
  await assertNotLoaded("throw Object.create(null);", "it failed to load: an object");
  await assertNotLoaded("export const handler = (;", "it failed to load:");
});

Deno.test("HandlerHost gives up a module that never ends loading", async () => {
  const source = "await new Promise(() => setInterval(() => {}, 1_000));";
  await assertNotLoaded(source, "it still loads after 1 s", 1_000);
});

Deno.test("HandlerHost passes on a thrown value that has no text", async () => {
  await withHost("export const handler = () => { throw Object.create(null); };", async (host) => {
    await host.ready();
    await assertRejects(() => host.invoke(EVENT, context()), Error, "an object");
  });
});

Deno.test("HandlerHost starts another process if one ended while nothing was handled", async () => {
  const source = `
    import process from "node:process";
    export const handler = () => {
      setTimeout(() => { throw new Error("late"); }, 10);
      return process.pid;
    };`;
  await withHost(source, async (host) => {
    await host.ready();
    const first = await host.invoke(EVENT, context());
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const second = await host.invoke(EVENT, context());
    assertEquals([typeof first, typeof second, first === second], ["number", "number", false]);
  });
});

Deno.test("HandlerHost ignores what a handler sends by itself", async () => {
  const source = `
    import process from "node:process";
    export const handler = () => {
      for (const message of [null, "ready", { type: "ready" }, { type: "request" }]) process.send(message);
      return "done";
    };`;
  await withHost(source, async (host) => {
    await host.ready();
    assertEquals(await host.invoke(EVENT, context()), "done");
  });
});

Deno.test("HandlerHost gets what a handler wrote before its answer", async () => {
  const source = `
    import process from "node:process";
    export const handler = () => {
      for (let line = 0; line < 20_000; line++) process.stdout.write("x".repeat(99) + "\\n");
      process.stdout.write("no line end");
    };`;
  await withHost(source, async (host, output) => {
    await host.ready();
    await host.invoke(EVENT, context());
    await host.close();
    assertEquals([output.length, output.at(-1)], [20_001, "no line end"]);
  });
});
