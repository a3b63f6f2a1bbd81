import { assertEquals, assertRejects } from "@std/assert";
import type { Invocation } from "@partial-batch/sqs/local";
import { Invocations, MOST_WAITING } from "../../../src/local/invocations.ts";

const invocation = (durationMs: number): Invocation => ({
  requestId: "r",
  records: [],
  result: undefined,
  error: undefined,
  timedOut: false,
  reason: undefined,
  deletedByLambda: [],
  durationMs,
});

Deno.test("Invocations gives what ended, in order, and waits for what has not", async () => {
  const invocations = new Invocations();
  const [first, second] = [invocations.next(), invocations.next()];
  invocations.push(invocation(1));
  invocations.push(invocation(2));
  assertEquals((await first).value?.durationMs, 1);
  assertEquals((await second).value?.durationMs, 2);
  const third = invocations.next();
  invocations.end(undefined);
  assertEquals(await third, { done: true, value: undefined });
});

Deno.test("Invocations drops the oldest beyond the limit, and counts them", async () => {
  const invocations = new Invocations();
  for (let count = 1; count <= MOST_WAITING + 3; count++) invocations.push(invocation(count));
  assertEquals(invocations.dropped, 3);
  assertEquals((await invocations.next()).value?.durationMs, 4);
});

Deno.test("Invocations tells a failure once, after what had ended before it", async () => {
  const invocations = new Invocations();
  invocations.push(invocation(1));
  invocations.end({ error: new Error("no such queue") });
  assertEquals((await invocations.next()).value?.durationMs, 1);
  await assertRejects(() => invocations.next(), Error, "no such queue");
  assertEquals((await invocations.next()).done, true);
  assertEquals(invocations.takeFailure(), undefined);
});
