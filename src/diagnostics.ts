import type { SQSRecord } from "aws-lambda";
import { channel, tracingChannel } from "node:diagnostics_channel";
import type { Outcome, RecordContext, UnconfirmedRecords } from "./types.ts";

/**
 * What is published on the tracing channel `partial-batch.sqs.record`, around each call of a record
 * handler. Node adds `result` or `error` to it.
 */
export interface RecordMessage {
  /** The record. */
  readonly record: SQSRecord;
  /** How often SQS has handed this message out, this time included. */
  readonly receiveCount: number;
  /** How long the handler took, in milliseconds. There once it is done. */
  durationMs?: number;
}

/**
 * What is published on the tracing channel `partial-batch.sqs.batch`, around each `process()`. Node
 * adds `result` (the outcomes) or `error` to it.
 */
export interface BatchMessage {
  /** The records of the batch. */
  readonly records: readonly SQSRecord[];
  /** How many records ended with each status. There once all are done. */
  counts?: Readonly<Record<Outcome["status"], number>>;
  /** What SQS did not confirm inside `process()`: moves and retry delays. There once all are done. */
  unconfirmed?: UnconfirmedRecords;
  /** How long the batch took, in milliseconds. There once it is done. */
  durationMs?: number;
}

/** What is published on the channel `partial-batch.sqs.request`, after each request to SQS. */
export interface RequestMessage {
  /** The action of the SQS API. */
  readonly action:
    | "DeleteMessageBatch"
    | "SendMessageBatch"
    | "ChangeMessageVisibilityBatch"
    | "GetQueueAttributes";
  /** The queue it was for: its ARN or, where only that is known, its URL. */
  readonly queue: string;
  /** The messages it was about. None for `GetQueueAttributes`. */
  readonly messageIds: readonly string[];
  /** How many entries it had. None for `GetQueueAttributes`. */
  readonly entryCount: number;
  /** How many of them SQS did not confirm. */
  readonly unconfirmedCount: number;
  /** Why it failed, as a whole or for some entries; each reason once. Empty if all is confirmed. */
  readonly reasons: readonly string[];
  /** Which try it was, from 1. The client's own retries count as one. */
  readonly attempt: number;
  /** How long it took, in milliseconds. */
  readonly durationMs: number;
}

const recordChannel = tracingChannel<unknown, RecordMessage>("partial-batch.sqs.record");
const batchChannel = tracingChannel<unknown, BatchMessage>("partial-batch.sqs.batch");
const requestChannel = channel("partial-batch.sqs.request");

/** Calls a record handler, traced where somebody listens. */
export function traceRecord<TResult>(
  record: SQSRecord,
  { receiveCount }: RecordContext,
  handle: () => TResult | Promise<TResult>,
): TResult | Promise<TResult> {
  if (!isTraced(recordChannel)) return handle();
  const message: RecordMessage = { record, receiveCount };
  return recordChannel.tracePromise(() => timed(message, handle), message);
}

/** Processes a batch, traced where somebody listens. */
export function traceBatch<TOutcomes extends readonly Outcome[]>(
  batch: { readonly records: readonly SQSRecord[]; readonly unconfirmed: UnconfirmedRecords },
  process: () => Promise<TOutcomes>,
): Promise<TOutcomes> {
  if (!isTraced(batchChannel)) return process();
  const message: BatchMessage = { records: batch.records };
  return batchChannel.tracePromise(() =>
    timed(message, async () => {
      const outcomes = await process();
      message.counts = countByStatus(outcomes);
      message.unconfirmed = batch.unconfirmed;
      return outcomes;
    }), message);
}

/** Tells of a request to SQS, if somebody listens. */
export function publishRequest(message: () => RequestMessage): void {
  if (requestChannel.hasSubscribers) requestChannel.publish(message());
}

/** `TracingChannel.hasSubscribers` is newer than Node 20. */
function isTraced(
  { start, end, asyncStart, asyncEnd, error }: typeof recordChannel | typeof batchChannel,
): boolean {
  return [start, end, asyncStart, asyncEnd, error].some((each) => each.hasSubscribers);
}

async function timed<T>(
  message: { durationMs?: number },
  work: () => T | Promise<T>,
): Promise<T> {
  const start = performance.now();
  try {
    return await work();
  } finally {
    message.durationMs = performance.now() - start;
  }
}

function countByStatus(outcomes: readonly Outcome[]): Record<Outcome["status"], number> {
  const counts = { success: 0, fail: 0, unprocessed: 0, "dead-lettered": 0, discarded: 0 };
  for (const { status } of outcomes) counts[status]++;
  return counts;
}
