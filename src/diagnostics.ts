import type { SQSRecord } from "aws-lambda";
import { channel, type TracingChannel, tracingChannel } from "node:diagnostics_channel";
import type { Outcome, UnconfirmedRecords } from "./types.ts";

/**
 * What is published on the tracing channel `partial-batch.sqs.record`, around each call of a record
 * handler. Whatever a subscriber does to the message has no effect on the batch.
 *
 * @category Channels
 */
export interface RecordMessage {
  /** The record. */
  readonly record: SQSRecord;
  /** The message's id, as it was when the batch was opened. */
  readonly messageId: string;
  /** How often SQS has handed out this message, this time included. */
  readonly receiveCount: number;
  /** How long the handler took, in milliseconds. Present once it is done. */
  durationMs?: number;
  /** What the handler returned. Present once it has succeeded. */
  result?: unknown;
  /**
   * What the handler threw, or why it was no longer waited for: the deadline, or the end of the batch's
   * scope. Present once it has failed or was given up.
   */
  error?: unknown;
}

/**
 * What is published on the tracing channel `partial-batch.sqs.batch`, around each `process()`.
 * Whatever a subscriber does to the message has no effect on the batch.
 *
 * @category Channels
 */
export interface BatchMessage {
  /** The records of the batch. */
  readonly records: readonly SQSRecord[];
  /** How many records ended with each status. Present once all are done. */
  counts?: Readonly<Record<Outcome["status"], number>>;
  /**
   * What SQS did not confirm inside `process()`: moves, retry delays, and deletions before suspects.
   * Present once all are done.
   */
  unconfirmed?: UnconfirmedRecords;
  /** How long the batch took, in milliseconds. Present once it is done. */
  durationMs?: number;
  /** The outcomes, in the order of the records. Present once all are done. */
  result?: readonly Outcome[];
  /** What `_prepare` threw. Present if it did. */
  error?: unknown;
}

/**
 * What is published on the channel `partial-batch.sqs.request`, after each request to SQS.
 *
 * @category Channels
 */
export interface RequestMessage {
  /** The action of the SQS API. */
  readonly action:
    | "DeleteMessageBatch"
    | "SendMessageBatch"
    | "ChangeMessageVisibilityBatch"
    | "GetQueueAttributes";
  /** The queue it was for: its ARN or, where only that is known, its URL. */
  readonly queue: string;
  /**
   * The URL of the queue that the client asked for, without user, password and query; `undefined` if the
   * client was never asked.
   */
  readonly queueUrl: string | undefined;
  /** The ids of the messages it was about. None for `GetQueueAttributes`. */
  readonly messageIds: readonly string[];
  /** How many entries it had. None for `GetQueueAttributes`. */
  readonly entryCount: number;
  /** How many of them SQS did not confirm. */
  readonly unconfirmedCount: number;
  /** Why it failed, as a whole or for some entries; each reason once. Empty if all is confirmed. */
  readonly reasons: readonly string[];
  /** Which attempt it was, from 1. The client's own retries count as one attempt. */
  readonly attempt: number;
  /** How long it took, in milliseconds. */
  readonly durationMs: number;
}

/**
 * What is published on the channel `partial-batch.sqs.close`, once a batch is closed: also if `process()`
 * was never called, and if all was handled.
 *
 * @category Channels
 */
export interface CloseMessage {
  /** What became of each record, in their order. */
  readonly records: readonly ClosedRecord[];
  /** How many records ended with each status. */
  readonly counts: Readonly<Record<Outcome["status"], number>>;
  /** What SQS did not confirm. */
  readonly unconfirmed: UnconfirmedRecords;
  /** What the end of the batch's scope throws. Present if it does. */
  readonly error?: unknown;
  /** How long the batch was open, in milliseconds; 0 if nobody listened yet when it was opened. */
  readonly durationMs: number;
}

/**
 * What became of one record of a closed batch.
 *
 * @category Channels
 */
export interface ClosedRecord {
  /** The record. */
  readonly record: SQSRecord;
  /** The message's id, as it was when the batch was opened. */
  readonly messageId: string;
  /** The ARN of its queue, as it was when the batch was opened. */
  readonly queueArn: string;
  /** How often SQS has handed out this message, this time included. */
  readonly receiveCount: number;
  /** Its outcome. */
  readonly outcome: Outcome;
  /** Whether the library deleted the message and SQS confirmed it. */
  readonly isDeleted: boolean;
}

/** What a tracing channel adds to a message once the work is done. */
interface Done {
  durationMs?: number;
  result?: unknown;
  error?: unknown;
}

const recordChannel = tracingChannel<unknown, RecordMessage>("partial-batch.sqs.record");
const batchChannel = tracingChannel<unknown, BatchMessage>("partial-batch.sqs.batch");
const requestChannel = channel("partial-batch.sqs.request");
const closeChannel = channel("partial-batch.sqs.close");

/** Whether anybody listens to the records of a batch. */
export function isRecordTraced(): boolean {
  return hasSubscribers(recordChannel);
}

/** Calls a record handler, traced. `onGivenUp` registers who is told if its record is given up. */
export function traceRecord<TResult>(
  message: RecordMessage,
  handle: () => TResult | Promise<TResult>,
  onGivenUp: (told: (error: unknown) => void) => void,
): Promise<TResult> {
  return trace(recordChannel, message, handle, onGivenUp);
}

/** Whether anybody listens to batches. */
export function isBatchTraced(): boolean {
  return hasSubscribers(batchChannel);
}

/** Processes a batch, traced. */
export function traceBatch<TOutcomes extends readonly Outcome[]>(
  batch: { readonly records: readonly SQSRecord[]; readonly unconfirmed: UnconfirmedRecords },
  process: () => Promise<TOutcomes>,
): Promise<TOutcomes> {
  const message: BatchMessage = { records: batch.records };
  return trace(batchChannel, message, async () => {
    const outcomes = await process();
    addMembers(message, { counts: countByStatus(outcomes), unconfirmed: batch.unconfirmed });
    return outcomes;
  });
}

/** Publishes a request to SQS, if anybody listens. */
export function publishRequest(message: () => RequestMessage): void {
  if (requestChannel.hasSubscribers) requestChannel.publish(message());
}

/** Whether anybody listens to the end of batches. */
export function isCloseObserved(): boolean {
  return closeChannel.hasSubscribers;
}

/** Publishes that a batch is closed, if anybody listens. */
export function publishClose(message: () => CloseMessage): void {
  if (closeChannel.hasSubscribers) closeChannel.publish(message());
}

/** `TracingChannel.hasSubscribers` is newer than Node 20. */
function hasSubscribers<TMessage extends object>(
  { start, end, asyncStart, asyncEnd, error }: TracingChannel<unknown, TMessage>,
): boolean {
  return start.hasSubscribers || end.hasSubscribers || asyncStart.hasSubscribers ||
    asyncEnd.hasSubscribers || error.hasSubscribers;
}

/**
 * As `TracingChannel.tracePromise()`, but work does not fail because a subscriber froze the message,
 * work that throws ends with `asyncEnd` too, and work that is given up ends there and then, once.
 */
function trace<TResult, TMessage extends object>(
  { start, end, asyncStart, asyncEnd, error }: TracingChannel<unknown, TMessage>,
  message: TMessage & Done,
  work: () => TResult | Promise<TResult>,
  onGivenUp?: (told: (error: unknown) => void) => void,
): Promise<TResult> {
  const startTime = performance.now();
  let isDone = false;
  const finish = (done: Done) => {
    if (isDone) return;
    isDone = true;
    addMembers(message, done);
    if ("error" in done) error.publish(message);
    asyncStart.publish(message);
    asyncEnd.publish(message);
  };
  const fail = (error: unknown) => finish({ error, durationMs: performance.now() - startTime });
  onGivenUp?.(fail);
  const run = async () => {
    try {
      // What work throws at once must come after the end event, too.
      const result = await new Promise<TResult>((resolve) => resolve(work()));
      finish({ result, durationMs: performance.now() - startTime });
      return result;
    } catch (error) {
      fail(error);
      throw error;
    }
  };
  return start.runStores(message, () => {
    const running = run();
    end.publish(message);
    return running;
  });
}

/** Adds members to a message, unless a subscriber has frozen it. */
function addMembers(message: object, members: object): void {
  for (const [name, value] of Object.entries(members)) {
    const property = { value, writable: true, enumerable: true, configurable: true };
    Reflect.defineProperty(message, name, property);
  }
}

/** Counts outcomes by their status. */
export function countByStatus(outcomes: readonly Outcome[]): Record<Outcome["status"], number> {
  const counts = { success: 0, fail: 0, unprocessed: 0, "dead-lettered": 0, discarded: 0 };
  for (const { status } of outcomes) counts[status]++;
  return counts;
}
