import type { Context, SQSRecord } from "aws-lambda";

/** What a record handler is told about the call it is in, beside the record. */
export interface RecordContext {
  /**
   * Aborted when nobody waits for this record much longer: the invocation has no more time than the
   * deadline's reserve, `recordTimeoutMs` is over (both with a `TimeoutError` as the reason), or the
   * batch was closed while the record was being handled.
   */
  readonly signal: AbortSignal;
  /** Lambda's context, where one was given to `open()`. */
  readonly lambdaContext: Context | undefined;
  /**
   * How often SQS has handed this message out, this time included.
   *
   * These are receives, not attempts: a message that was received and never handled (an earlier
   * record's failure, a deadline) counts too. It is the record's `ApproximateReceiveCount`; 1 where
   * the record has none.
   */
  readonly receiveCount: number;
}

/** A {@linkcode RecordContext} inside a wrapper, where Lambda's context is there for certain. */
export interface LambdaRecordContext extends RecordContext {
  /** Lambda's context of this invocation. */
  readonly lambdaContext: Context;
}

/**
 * Handles one message.
 *
 * Whatever it returns is a success. Whatever it throws or rejects with (also `undefined` or a
 * string) is a failure of that record alone.
 *
 * @typeParam TResult What it returns, or what its promise resolves to.
 * @typeParam TRecordContext What it is told beside the record.
 */
export type RecordHandler<
  TResult = unknown,
  TRecordContext extends RecordContext = RecordContext,
> = (record: SQSRecord, recordContext: TRecordContext) => TResult | Promise<TResult>;

/** The record was handled. Its message is deleted. */
export interface SuccessOutcome<TResult = unknown> {
  /** Tells the outcomes apart. */
  readonly status: "success";
  /** The record, as it came in the event. */
  readonly record: SQSRecord;
  /** What the record handler returned. */
  readonly result: TResult;
}

/** The record was not handled. Its message returns to the queue. */
export interface FailOutcome {
  /** Tells the outcomes apart. */
  readonly status: "fail";
  /** The record, as it came in the event. */
  readonly record: SQSRecord;
  /** The thrown value itself, untouched. */
  readonly error: unknown;
}

/**
 * Why a record was not looked at:
 * - `"process-not-called"`: the batch was closed and `process()` had never been called;
 * - `"process-running"`: the batch was closed while `process()` was running (a forgotten `await`);
 * - `"prepare-failed"`: `_prepare` threw;
 * - `"message-group-failed"`: an earlier record of its message group failed;
 * - `"deadline"`: the invocation had too little time left.
 */
export type UnprocessedReason =
  | "process-not-called"
  | "process-running"
  | "prepare-failed"
  | "message-group-failed"
  | "deadline";

/** The record was not looked at, or not to its end. Its message returns to the queue. */
export interface UnprocessedOutcome {
  /** Tells the outcomes apart. */
  readonly status: "unprocessed";
  /** The record, as it came in the event. */
  readonly record: SQSRecord;
  /** Why it was not looked at. */
  readonly reason: UnprocessedReason;
  /** What its handler threw, untouched, where it stopped because the deadline's signal told it to. */
  readonly error?: unknown;
}

/** The record failed for good and a dead-letter queue has it. Its message is deleted. */
export interface DeadLetteredOutcome {
  /** Tells the outcomes apart. */
  readonly status: "dead-lettered";
  /** The record, as it came in the event. */
  readonly record: SQSRecord;
  /** The thrown value itself, untouched. */
  readonly error: unknown;
}

/** The record failed for good and is given up. Its message is deleted. */
export interface DiscardedOutcome {
  /** Tells the outcomes apart. */
  readonly status: "discarded";
  /** The record, as it came in the event. */
  readonly record: SQSRecord;
  /** The thrown value itself, untouched. */
  readonly error: unknown;
}

/**
 * What became of one record, told apart by `status`.
 *
 * @typeParam TResult What the record handler returns.
 */
export type Outcome<TResult = unknown> =
  | SuccessOutcome<TResult>
  | FailOutcome
  | UnprocessedOutcome
  | DeadLetteredOutcome
  | DiscardedOutcome;

/** A message for which SQS did not confirm a step, and why. */
export interface UnconfirmedRecord {
  /** The record, as it came in the event. */
  readonly record: SQSRecord;
  /** Why, in a few words: SQS's error code, a connection error's code, a limit. No message text. */
  readonly reason: string;
  /** What was thrown, untouched, where something was. It may quote the request. */
  readonly error?: unknown;
}

/**
 * The steps that SQS may not confirm:
 * - `"undeleted"`: the message was handled, and its deletion was not confirmed; it returns;
 * - `"unmoved"`: the message failed for good, and no other queue accepted it; it returns;
 * - `"undelayed"`: the message failed, and its retry delay was not confirmed; it returns when the
 *   queue's visibility timeout ends.
 */
export type UnconfirmedStep = "undeleted" | "unmoved" | "undelayed";

/** What SQS did not confirm, by step. */
export type UnconfirmedRecords = Readonly<Record<UnconfirmedStep, readonly UnconfirmedRecord[]>>;
