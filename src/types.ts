import type { Context, SQSRecord } from "aws-lambda";

/**
 * What a record handler learns about its call, in addition to the record.
 *
 * Take what you need by destructuring: `signal` is made when it is first read, so a spread copy
 * (`{ ...recordContext }`) does not have it.
 *
 * @category Record handlers
 */
export interface RecordContext {
  /**
   * Aborted when the record has no time left: no more than the deadline's reserve is left of the
   * invocation, or `recordTimeoutMs` is over (both with a `TimeoutError` as the reason), a handler
   * stopped the batch (with its `StopBatchError`), or the batch was closed while the record was being
   * handled.
   */
  readonly signal: AbortSignal;
  /** Lambda's context, if one was given to `open()`. */
  readonly lambdaContext: Context | undefined;
  /**
   * How often SQS has handed out this message, this time included.
   *
   * It counts receives, not attempts: a message that was received but never handled (an earlier
   * record of its group failed, the deadline came) was received all the same. It is the record's
   * `ApproximateReceiveCount`, or 1 if the record has none.
   */
  readonly receiveCount: number;
}

/**
 * A {@linkcode RecordContext} inside a wrapper, where Lambda's context is always present.
 *
 * @category Record handlers
 */
export interface LambdaRecordContext extends RecordContext {
  /** Lambda's context of this invocation. */
  readonly lambdaContext: Context;
}

/**
 * Handles one message.
 *
 * What it returns, or what its promise resolves to, makes the record a success. What it throws or
 * rejects with (also `undefined` or a string) makes it a failure, of that record alone.
 *
 * Two kinds of result are a failure, because they show that something was not awaited: an array with
 * promises in it (`(record) => items.map(async …)`; use `Promise.all()`), and a generator object. A
 * generator function is refused where the handler is given. Other iterators, and generators that were
 * compiled down, cannot be recognized; neither can a promise that was neither returned nor awaited, or
 * that is deeper inside the result.
 *
 * @category Record handlers
 * @typeParam TResult What it returns, or what its promise resolves to.
 * @typeParam TRecordContext What it learns in addition to the record.
 */
export type RecordHandler<
  TResult = unknown,
  TRecordContext extends RecordContext = RecordContext,
> = (record: SQSRecord, recordContext: TRecordContext) => TResult | Promise<TResult>;

/**
 * The record was handled. Its message is deleted.
 *
 * @category Outcomes
 */
export interface SuccessOutcome<TResult = unknown> {
  /** Tells the outcomes apart. */
  readonly status: "success";
  /** The record, as it came in the event. */
  readonly record: SQSRecord;
  /** What the record handler returned. */
  readonly result: TResult;
}

/**
 * The record was not handled. Its message returns to the queue.
 *
 * @category Outcomes
 */
export interface FailOutcome {
  /** Tells the outcomes apart. */
  readonly status: "fail";
  /** The record, as it came in the event. */
  readonly record: SQSRecord;
  /** The thrown value itself, untouched. */
  readonly error: unknown;
}

/**
 * Why a record was not handled, or not to its end:
 * - `"process-not-called"`: the batch was closed and `process()` had never been called;
 * - `"process-running"`: the batch was closed while `process()` was running (a forgotten `await`);
 * - `"prepare-failed"`: `_prepare` threw;
 * - `"message-group-failed"`: an earlier record of its message group failed;
 * - `"deadline"`: too little of the invocation was left;
 * - `"stopped"`: a handler threw a `StopBatchError`.
 *
 * @category Outcomes
 */
export type UnprocessedReason =
  | "process-not-called"
  | "process-running"
  | "prepare-failed"
  | "message-group-failed"
  | "deadline"
  | "stopped";

/**
 * The record was not handled, or not to its end. Its message returns to the queue.
 *
 * @category Outcomes
 */
export interface UnprocessedOutcome {
  /** Tells the outcomes apart. */
  readonly status: "unprocessed";
  /** The record, as it came in the event. */
  readonly record: SQSRecord;
  /** Why it was not handled. */
  readonly reason: UnprocessedReason;
  /** What its handler threw, untouched: after its signal told it to stop, or too late to decide about it. */
  readonly error?: unknown;
}

/**
 * The record failed for good, and a dead-letter queue has its message, which is deleted here.
 *
 * @category Outcomes
 */
export interface DeadLetteredOutcome {
  /** Tells the outcomes apart. */
  readonly status: "dead-lettered";
  /** The record, as it came in the event. */
  readonly record: SQSRecord;
  /** The thrown value itself, untouched. */
  readonly error: unknown;
}

/**
 * The record failed for good and was given up. Its message is deleted.
 *
 * @category Outcomes
 */
export interface DiscardedOutcome {
  /** Tells the outcomes apart. */
  readonly status: "discarded";
  /** The record, as it came in the event. */
  readonly record: SQSRecord;
  /** The thrown value itself, untouched. */
  readonly error: unknown;
}

/**
 * What became of one record, told apart by `status`. Outcomes of a batch are frozen; `record`,
 * `result` and `error` inside them are yours and stay as they are.
 *
 * @category Outcomes
 * @typeParam TResult What the record handler returns.
 */
export type Outcome<TResult = unknown> =
  | SuccessOutcome<TResult>
  | FailOutcome
  | UnprocessedOutcome
  | DeadLetteredOutcome
  | DiscardedOutcome;

/**
 * A message for which SQS did not confirm a step, and why.
 *
 * @category Outcomes
 */
export interface UnconfirmedRecord {
  /** The record, as it came in the event. */
  readonly record: SQSRecord;
  /** Why, in a few words: SQS's error code, a connection error's code, a limit. No message text. */
  readonly reason: string;
  /** What was thrown, untouched, if anything was. It may quote the request. */
  readonly error?: unknown;
}

/**
 * The steps that SQS may not confirm:
 * - `"undeleted"`: the message was handled, but its deletion was not confirmed, so it returns. (A message
 *   that was to go before a suspect returns only if its batch, or its process, fails.)
 * - `"unmoved"`: the message failed for good, but no other queue accepted it, so it returns;
 * - `"undelayed"`: the message failed, but its retry delay was not confirmed; it returns after the
 *   queue's visibility timeout.
 *
 * @category Outcomes
 */
export type UnconfirmedStep = "undeleted" | "unmoved" | "undelayed";

/**
 * What SQS did not confirm, by step.
 *
 * @category Outcomes
 */
export type UnconfirmedRecords = Readonly<Record<UnconfirmedStep, readonly UnconfirmedRecord[]>>;
