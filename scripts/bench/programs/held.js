/**
 * Measures what an open batch holds, in bytes per record beyond the event: while all its handlers are
 * pending, and after `process()`.
 *
 *     held.js <subject> <records>
 */
import process from "node:process";
import { setImmediate } from "node:timers/promises";
import { makeBatch } from "./batch.js";
import { report } from "./measure.js";

const [subject, countText] = process.argv.slice(2);
const count = Number(countText);

async function ours(options) {
  const { PartialSQSProcessor } = await import("@partial-batch/sqs");
  const processor = new PartialSQSProcessor({ reportItemFailures: true, ...options });
  return (records, handle, context) => {
    const batch = processor.open(records, handle, { context });
    const dispose = batch[Symbol.asyncDispose];
    return { process: () => batch.process(), close: () => dispose.call(batch) };
  };
}

/** Each opens a batch. */
const SUBJECTS = {
  ours: () => ours({}),
  "ours, concurrency: Infinity": () => ours({ concurrency: Infinity }),
  Powertools: async () => {
    const { BatchProcessor, EventType } = await import("@aws-lambda-powertools/batch");
    const processor = new BatchProcessor(EventType.SQS);
    return (records, handle, context) => {
      processor.register(records, handle, { context, throwOnFullBatchFailure: false });
      return { process: () => processor.process(), close: () => processor.response() };
    };
  },
};

/** What lives in the heap, in bytes. */
async function heap() {
  for (let turn = 0; turn < 3; turn++) {
    await setImmediate();
    globalThis.gc();
  }
  return process.memoryUsage().heapUsed;
}

const open = await SUBJECTS[subject]();
const { event, context } = makeBatch(count);

/** All handlers share one promise, so that what is held is not theirs. */
async function measure() {
  const { promise, resolve } = withResolvers();
  const before = await heap();
  const batch = open(event.Records, () => promise, context);
  const processing = batch.process();
  const pending = await heap() - before;
  resolve();
  await processing;
  const processed = await heap() - before;
  await batch.close();
  return { pending: pending / count, processed: processed / count };
}

/** `Promise.withResolvers()` is newer than Node 20. */
function withResolvers() {
  let resolve;
  const promise = new Promise((settle) => resolve = settle);
  return { promise, resolve };
}

// The first one compiles what the second one runs.
await measure();
report(await measure());
