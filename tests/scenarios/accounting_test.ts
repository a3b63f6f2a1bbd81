import { type Batch, PartialSQSProcessor, SQSBatchProcessingError } from "@partial-batch/sqs";
import { assert, assertEquals } from "@std/assert";
import type { SQSRecord } from "aws-lambda";
import * as fc from "fast-check";
import { judgeResponse } from "../../src/local/response.ts";
import type { Fault } from "../support/fault_proxy.ts";
import { contextOf, goodMapping, LambdaApi, newFunctionArn } from "../support/lambda_api.ts";
import { SERVERS, type TestQueue } from "../support/test_queue.ts";
import { testSqs } from "../support/test_sqs.ts";
import { runAs, WAYS } from "../support/ways.ts";

class NoSuchOrder extends Error {}

/** Shows the batch it was given, however it is run. */
class WatchedProcessor extends PartialSQSProcessor {
  batch: Batch | undefined;

  protected override _prepare(batch: Batch): void {
    this.batch = batch;
  }
}

async function handle({ body }: SQSRecord): Promise<void> {
  await Promise.resolve();
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
  times: fc.integer({ min: 1, max: 4 }),
  fault: fc.oneof(
    fc.constantFrom<Pick<Fault, "kind"> & { status?: number; code?: string; body?: string }>(
      { kind: "drop" },
      { kind: "lose-answer" },
      { kind: "status", status: 503 },
      { kind: "status", status: 403, code: "AccessDeniedException" },
      { kind: "status", status: 200, body: "{}" },
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
  messages: fc.array(
    fc.record({
      kind: fc.constantFrom("ok", "fail", "never"),
      group: fc.constantFrom("a", "b", "c"),
    }),
    { minLength: 1, maxLength: 10 },
  ),
  fifo: fc.boolean(),
  faults: fc.array(anyFault, { maxLength: 3 }),
  way: fc.constantFrom(...WAYS),
  reportItemFailures: fc.constantFrom(false, true, "verified" as const),
  /** What Lambda answers who looks up the mapping. */
  lookup: fc.constantFrom("flag", "no flag", "refused"),
  to: fc.constantFrom("dead-letter-queue", "delete", "queue-url"),
  isTold: fc.boolean(),
  concurrency: fc.integer({ min: 1, max: 11 }),
  retryDelay: fc.option(fc.constant(0), { nil: undefined }),
  suspectAfter: fc.option(fc.integer({ min: 1, max: 2 }), { nil: undefined }),
});

/** Every body in a queue, in flight or not, as often as it is there. */
async function bodiesIn(queue: TestQueue, inFlight: readonly SQSRecord[]): Promise<string[]> {
  // Of those that are gone, the receipt handles are refused.
  for (const record of inFlight) await queue.makeVisible(record).catch(() => {});
  const found: SQSRecord[] = [];
  for (;;) {
    const more = await queue.receive(10);
    if (more.length === 0) return found.map(({ body }) => body);
    found.push(...more);
  }
}

for (const server of SERVERS) {
  Deno.test(`${server}: every message ends deleted, returned or dead-lettered, never nowhere`, async () => {
    const sqs = await testSqs(server);
    await using api = await LambdaApi.start();
    await fc.assert(
      fc.asyncProperty(anyBatch, async (generated) => {
        const { messages, faults, way, to, isTold, retryDelay, suspectAfter, ...options } =
          generated;
        const { reportItemFailures, lookup } = options;
        const functionArn = newFunctionArn();
        api.answerWith(
          lookup === "refused" ? { status: 403, code: "AccessDeniedException" } : {
            mappings: [
              goodMapping(functionArn, lookup === "flag" ? {} : { FunctionResponseTypes: [] }),
            ],
          },
        );
        // A refused lookup says nothing of the flag: here the mapping has none.
        const hasFlag = reportItemFailures === true || lookup === "flag";
        // A FIFO receive of fauxqs gives one message per group.
        const fifo = options.fifo && server !== "fauxqs";
        const attributes = { VisibilityTimeout: "600", ...(fifo ? { FifoQueue: "true" } : {}) };
        const deadLetters = await sqs.createQueue(attributes);
        const deadLetterTargetArn = await deadLetters.arn();
        const queue = await sqs.createQueue({
          ...attributes,
          RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 1_000 }),
        });
        const records = await queue.records(...messages.map(({ kind, group }, index) => ({
          MessageBody: `${kind}-${index}`,
          ...(fifo ? { MessageGroupId: group, MessageDeduplicationId: `${index}` } : {}),
        })));
        assertEquals(records.length, messages.length);
        const queueUrl = await deadLetters.urlAt(sqs.proxy.endpoint);
        await sqs.proxy.set(
          ...faults.map(({ action, times, fault }) => ({ action, times, ...fault }) as Fault),
        );
        const processor = new WatchedProcessor({
          config: { ...sqs.config, maxAttempts: 1 },
          concurrency: options.concurrency,
          reportItemFailures,
          nonRetryable: {
            when: [NoSuchOrder],
            to: to === "queue-url" ? { queueUrl } : to,
            failureAttributes: isTold && to !== "delete",
          },
          ...(retryDelay === undefined ? {} : { retryDelay }),
          ...(suspectAfter === undefined ? {} : { suspectAfter }),
        });
        const { thrown, response } = await runAs({
          way,
          processor,
          records,
          handler: handle,
          context: contextOf(functionArn),
        });
        await sqs.proxy.set();

        assert(thrown === undefined || thrown instanceof SQSBatchProcessingError);
        const { outcomes, unconfirmed } = processor.batch!;
        assertEquals(outcomes.map(({ record }) => record), records);
        const lambdaDeletes = thrown ? [] : judgeResponse(records, response, hasFlag).toDelete;
        const left = await bodiesIn(queue, records);
        const moved = await bodiesIn(deadLetters, []);
        const answerLost = faults.some(({ action, fault }) =>
          action === "SendMessageBatch" && fault.kind === "lose-answer"
        );
        // Only a caller who returns the response can have the handled ones deleted.
        const allReturn = thrown !== undefined && reportItemFailures === true;
        for (const { record, status } of outcomes) {
          const returns = left.includes(record.body) && !lambdaDeletes.includes(record);
          const mayReturn = allReturn ||
            unconfirmed.undeleted.some((each) => each.record === record);
          const copies = moved.filter((each) => each === record.body).length;
          const what = `${record.body}: ${status}, ${
            returns ? "returns" : "gone"
          }, ${copies} moved`;
          switch (status) {
            case "success":
            case "discarded":
              assert(record.body.startsWith(status === "success" ? "ok" : "never"), what);
              assert(copies === 0 && (!returns || mayReturn), what);
              break;
            case "dead-lettered":
              assert(record.body.startsWith("never"), what);
              assert(copies === 1 || (copies > 1 && answerLost), what);
              assert(!returns || mayReturn, what);
              break;
            case "fail":
              assert(!record.body.startsWith("ok"), what);
              assert(returns && (copies === 0 || answerLost), what);
              break;
            case "unprocessed":
              assert(fifo && returns && copies === 0, what);
          }
        }
      }),
      { numRuns: 90 },
    );
  });
}
