/**
 * Times batches of one library on the Node it runs on, and writes the median time per record, in
 * microseconds. A process of its own for each, so that no library warms up another.
 *
 *     node time_batches.js <subject> <records> <percent that fail>
 */
import process from "node:process";
import { subscribe } from "node:diagnostics_channel";

const WARM_UP_MS = 250;
const SAMPLES = 5;
const SAMPLE_MS = 25;

const [subject, countText, percentText] = process.argv.slice(2);
const count = Number(countText);
const percent = Number(percentText);

/** Spread, and the same in every run. */
const failing = new Set();
for (let index = 0; index < count; index++) if (index * 7 % 100 < percent) failing.add(`m${index}`);

const records = Array.from({ length: count }, (_, index) => ({
  messageId: `m${index}`,
  receiptHandle: `h${index}`,
  body: `{"order":${index}}`,
  attributes: {
    ApproximateReceiveCount: "1",
    SentTimestamp: "1700000000000",
    SenderId: "bench",
    ApproximateFirstReceiveTimestamp: "1700000000001",
  },
  messageAttributes: {},
  md5OfBody: "",
  eventSource: "aws:sqs",
  eventSourceARN: "arn:aws:sqs:us-east-1:123456789012:orders",
  awsRegion: "us-east-1",
}));
const event = { Records: records };
const context = { awsRequestId: "bench", getRemainingTimeInMillis: () => 30_000 };
const error = new Error("no such order");

// deno-lint-ignore require-await -- a trivial async handler is what is measured
async function handle(record) {
  if (failing.has(record.messageId)) throw error;
}

const itemFailures = (results) => ({
  batchItemFailures: results.flatMap(({ status }, index) =>
    status === "rejected" ? [{ itemIdentifier: records[index].messageId }] : []
  ),
});

/** A client that confirms everything. */
const client = { send: ({ input }) => Promise.resolve({ Successful: input.Entries }) };

async function ours(options, recordHandler = handle) {
  const { withSqsBatch } = await import("@partial-batch/sqs");
  return withSqsBatch(recordHandler, options);
}

const RESPONSE = { reportItemFailures: true };

/** Each gives a Lambda handler. */
const SUBJECTS = {
  ours: () => ours(RESPONSE),
  "ours, delete mode": () => ours({ client }),
  "ours, own successHandler": async () => {
    const { PartialSQSProcessor, withBatchProcessor } = await import("@partial-batch/sqs");
    class Counting extends PartialSQSProcessor {
      successHandler(record, result) {
        return { status: "success", record, result };
      }
    }
    return withBatchProcessor(new Counting(RESPONSE), handle);
  },
  "ours, signal is read": () =>
    ours(RESPONSE, (record, { signal }) => {
      signal.throwIfAborted();
      return handle(record);
    }),
  "ours, recordTimeoutMs": () => ours({ ...RESPONSE, recordTimeoutMs: 5_000 }),
  "ours, traced": () => {
    subscribe("tracing:partial-batch.sqs.record:start", () => {});
    return ours(RESPONSE);
  },
  Powertools: async () => {
    const { BatchProcessor, EventType, processPartialResponse } = await import(
      "@aws-lambda-powertools/batch"
    );
    const processor = new BatchProcessor(EventType.SQS);
    const options = { context, throwOnFullBatchFailure: false };
    return (event) => processPartialResponse(event, handle, processor, options);
  },
  middy: async () => {
    const { default: middy } = await import("@middy/core");
    const { default: partialFailure } = await import("@middy/sqs-partial-batch-failure");
    return middy().use(partialFailure({ logger: false })).handler(({ Records }) =>
      Promise.allSettled(Records.map(handle))
    );
  },
  allSettled: () => async ({ Records }) =>
    itemFailures(await Promise.allSettled(Records.map(handle))),
  "a loop": () => async ({ Records }) => {
    const batchItemFailures = [];
    for (const record of Records) {
      try {
        await handle(record);
      } catch {
        batchItemFailures.push({ itemIdentifier: record.messageId });
      }
    }
    return { batchItemFailures };
  },
};

const handler = await SUBJECTS[subject]();

/** In delete mode a batch with failures throws, as it should. */
async function invoke() {
  try {
    await handler(event, context);
  } catch (thrown) {
    if (thrown.name !== "SQSBatchProcessingError" || failing.size === 0) throw thrown;
  }
}

async function countWithin(ms) {
  let batches = 0;
  const start = performance.now();
  for (; performance.now() - start < ms; batches++) await invoke();
  return (performance.now() - start) / batches;
}

await countWithin(WARM_UP_MS);
const samples = [];
for (let sample = 0; sample < SAMPLES; sample++) samples.push(await countWithin(SAMPLE_MS));
const median = samples.toSorted((a, b) => a - b)[Math.floor(SAMPLES / 2)];
process.stdout.write(`${median * 1_000 / count}\n`);
