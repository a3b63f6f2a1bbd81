import { PartialSQSProcessor, SQSBatchProcessingError } from "@partial-batch/sqs";
import { assert, assertEquals } from "@std/assert";
import type { SQSRecord } from "aws-lambda";
import * as fc from "fast-check";
import type { Fault } from "./_fault_proxy.ts";
import { holding, HOLDS } from "./_hold.ts";
import { type TestQueue, testSqs } from "./_test_sqs.ts";

class NoSuchOrder extends Error {}

const KINDS = ["ok", "fail", "never"] as const;

function handle({ body }: SQSRecord): void {
  if (body.startsWith("never")) throw new NoSuchOrder(body);
  if (body.startsWith("fail")) throw new RangeError(body);
}

const anyFault = fc.record({
  action: fc.constantFrom(
    "DeleteMessageBatch",
    "SendMessageBatch",
    "GetQueueAttributes",
    "ChangeMessageVisibilityBatch",
  ),
  times: fc.integer({ min: 1, max: 2 }),
  fault: fc.oneof(
    fc.constantFrom<Pick<Fault, "kind"> & { status?: number; code?: string }>(
      { kind: "drop" },
      { kind: "lose-answer" },
      { kind: "status", status: 503 },
      { kind: "status", status: 403, code: "AccessDeniedException" },
    ),
    fc.record({
      kind: fc.constant("fail-entries" as const),
      ids: fc.subarray(["0", "1", "2", "3"], { minLength: 1 }),
      code: fc.constant("InternalError"),
      senderFault: fc.boolean(),
    }),
  ),
}).filter(({ action, fault }) => fault.kind !== "fail-entries" || action !== "GetQueueAttributes");

const anyBatch = fc.record({
  kinds: fc.array(fc.constantFrom(...KINDS), { minLength: 1, maxLength: 10 }),
  faults: fc.array(anyFault, { maxLength: 3 }),
  hold: fc.constantFrom(...HOLDS),
  retryDelay: fc.option(fc.constant(0), { nil: undefined }),
});

async function idsIn(queue: TestQueue): Promise<string[]> {
  return (await queue.receive(10)).map(({ body }) => body);
}

Deno.test("fauxqs: every message ends deleted, returned or dead-lettered, never nowhere", async () => {
  const sqs = await testSqs();
  await fc.assert(
    fc.asyncProperty(anyBatch, async ({ kinds, faults, hold, retryDelay }) => {
      const deadLetters = await sqs.createQueue();
      const deadLetterTargetArn = await deadLetters.arn();
      // Received messages stay visible, so that a receive shows what is left.
      const queue = await sqs.createQueue({
        VisibilityTimeout: "0",
        RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 1_000 }),
      });
      const records = await queue.records(...kinds.map((kind, index) => `${kind}-${index}`));
      await sqs.proxy.set(
        ...faults.map(({ action, times, fault }) => ({ action, times, ...fault }) as Fault),
      );
      const processor = new PartialSQSProcessor({
        config: { ...sqs.config, maxAttempts: 1 },
        nonRetryable: { when: [NoSuchOrder] },
        ...(retryDelay === undefined ? {} : { retryDelay }),
      });
      const { batch, thrown } = await holding(hold, processor, records, handle);
      const lambdaDeletes = thrown === undefined;

      const left = await idsIn(queue);
      const moved = await idsIn(deadLetters);
      const answerLost = faults.some(({ action, fault }) =>
        action === "SendMessageBatch" && fault.kind === "lose-answer"
      );
      assertEquals(records.length, kinds.length);
      assert(thrown === undefined || thrown instanceof SQSBatchProcessingError);
      for (const { record, status } of batch.outcomes) {
        const { body } = record;
        const copies = moved.filter((each) => each === body).length;
        const undeleted = batch.unconfirmed.undeleted.some((each) => each.record === record);
        switch (status) {
          case "success":
            assert(body.startsWith("ok"));
            assertEquals(copies, 0);
            assertEquals(left.includes(body) && !lambdaDeletes && !undeleted, false, body);
            break;
          case "dead-lettered":
            assert(body.startsWith("never"));
            assert(copies === 1 || (copies > 1 && answerLost), `${copies} copies of ${body}`);
            assertEquals(left.includes(body) && !lambdaDeletes && !undeleted, false, body);
            break;
          case "fail":
            assert(!body.startsWith("ok"));
            assert(left.includes(body), `${body} is lost`);
            assertEquals(lambdaDeletes, false);
            assert(copies === 0 || answerLost);
            break;
          default:
            throw new Error(`unexpected ${status}`);
        }
      }
    }),
    { numRuns: 60 },
  );
});
