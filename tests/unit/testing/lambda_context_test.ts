import { withSqsBatch } from "@partial-batch/sqs";
import {
  createFakeSqsClient,
  createLambdaContext,
  createSqsEvent,
} from "@partial-batch/sqs/testing";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { passTime } from "../../support/time.ts";

Deno.test("createLambdaContext() has a clock that runs down to 0", async () => {
  using time = new FakeTime();
  const context = createLambdaContext({ remainingMs: 3_000 });
  assertEquals(context.getRemainingTimeInMillis(), 3_000);
  await time.tickAsync(1_000);
  assertEquals(context.getRemainingTimeInMillis(), 2_000);
  await time.tickAsync(5_000);
  assertEquals(context.getRemainingTimeInMillis(), 0);
  assertEquals(createLambdaContext().getRemainingTimeInMillis(), 30_000);
});

Deno.test("createLambdaContext() makes no two contexts with one request id", () => {
  assertEquals(createLambdaContext().awsRequestId === createLambdaContext().awsRequestId, false);
});

Deno.test("createLambdaContext() refuses options that it does not know, and times out of their limits", () => {
  const any = createLambdaContext as (options: unknown) => unknown;
  assertThrows(() => any({ remaining: 1 }), TypeError, 'Cannot use the option "remaining"');
  assertThrows(() => any({ remainingMs: "1" }), TypeError, "Cannot use remainingMs");
  assertThrows(() => any({ remainingMs: 0 }), RangeError, "Cannot use remainingMs");
});

// ---------------------------------------------------------------------------------- fake time

Deno.test("withSqsBatch() closes a batch under fake time that stands still, with and without failures", async () => {
  for (const bodies of [["ok"], ["ok", "fail", "never"]]) {
    using _ = new FakeTime();
    const client = createFakeSqsClient({ deadLetterQueue: "dlq" });
    const handler = withSqsBatch(({ body }) => {
      if (body === "fail") throw new Error(body);
      if (body === "never") throw new RangeError(body);
    }, { client, nonRetryable: { when: [RangeError] }, retryDelay: 5, recordTimeoutMs: 1_000 });
    const ended = handler(createSqsEvent(bodies), createLambdaContext());
    if (bodies.length === 1) await ended;
    else await assertRejects(() => Promise.resolve(ended));
    const done = [client.deleted, client.moved, client.delayed].map(({ length }) => length);
    assertEquals(done, bodies.length === 1 ? [0, 0, 0] : [2, 1, 1]);
  }
});

Deno.test("withSqsBatch() gives up a slow handler when fake time says so", async () => {
  using time = new FakeTime();
  const client = createFakeSqsClient();
  const handler = withSqsBatch(
    ({ body }) => body === "slow" ? new Promise(() => {}) : undefined,
    { client },
  );
  const event = createSqsEvent(["ok", "slow"]);
  const ended = assertRejects(
    () => Promise.resolve(handler(event, createLambdaContext({ remainingMs: 60_000 }))),
    Error,
    "1 record was not processed (deadline)",
  );
  await passTime(time, 59_500);
  await ended;
  assertEquals(client.deleted, [event.Records[0]!.messageId]);
});
