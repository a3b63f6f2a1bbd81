import type { Context, SQSRecord } from "aws-lambda";
import { BOUNDARY } from "../internal/describe_error.ts";
import { isStopBatchError, type StopBatchError } from "../stop_batch_error.ts";
import type { Outcome, RecordContext, RecordHandler, UnprocessedReason } from "../types.ts";
import type { Hooks, OutcomeHook } from "./hooks.ts";
import { checkOutcome, checkResult, failed, succeeded, unprocessed } from "./outcome.ts";

/**
 * A record context whose signal is made when it is first read. Making it costs more than everything
 * else about a record, and few handlers read it: hence a getter, on a class, where it costs nothing
 * per record.
 */
export class LazyContext implements RecordContext {
  readonly lambdaContext: Context | undefined;
  readonly receiveCount: number;
  #controller: AbortController | undefined;
  #abort: { readonly reason: unknown } | undefined;

  constructor(lambdaContext: Context | undefined, receiveCount: number) {
    this.lambdaContext = lambdaContext;
    this.receiveCount = receiveCount;
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#abort) this.#controller.abort(this.#abort.reason);
    }
    return this.#controller.signal;
  }

  /** Aborts the handler's signal: it should stop. */
  abort(reason: unknown): void {
    this.#abort ??= { reason };
    this.#controller?.abort(reason);
  }
}

/** One record being handled: what its handler is given, and what the batch knows of the call. */
export class RecordCall extends LazyContext {
  /** The message's id, as it was when the batch was opened. */
  readonly messageId: string;
  readonly #record: SQSRecord;
  readonly #stop: Stop;
  #outcomeIfGivenUp: Outcome<never> | undefined;
  #toldBecause: UnprocessedReason | undefined;
  #hasFailedByItself = false;
  #toldIfGivenUp: ((reason: unknown) => void)[] | undefined;

  constructor(
    record: SQSRecord,
    { messageId, receiveCount }: Pick<RecordCall, "messageId" | "receiveCount">,
    lambdaContext: Context | undefined,
    stop: Stop,
  ) {
    super(lambdaContext, receiveCount);
    this.messageId = messageId;
    this.#record = record;
    this.#stop = stop;
  }

  isOf(record: SQSRecord): boolean {
    return this.#record === record;
  }

  /** Aborts the handler's signal, and notes why. */
  tell(because: UnprocessedReason, reason: unknown): void {
    this.#toldBecause ??= because;
    this.abort(reason);
  }

  /** Registers who is told if the record is given up. */
  onGivenUp(told: (reason: unknown) => void): void {
    (this.#toldIfGivenUp ??= []).push(told);
  }

  /** The record is given up, while its handler or a hook still runs. */
  giveUp(reason: unknown): void {
    this.#toldIfGivenUp?.forEach((told) => told(reason));
  }

  /** Notes what the handler threw, before any hook is told: a hook may never settle. */
  noteFailure(error: unknown): void {
    this.#hasFailedByItself ||= this.#toldBecause === undefined;
    this.#outcomeIfGivenUp = this.outcomeOfFailure(error);
    this.#stop.noteFailure(this.#record, error);
  }

  /** Notes what the handler threw, if that stops the batch: an override may not pass it on. */
  noteStop(error: unknown): void {
    if (isStopBatchError(error)) this.noteFailure(error);
  }

  /**
   * Notes that it is being decided what becomes of a failure. It does not count as one yet: the message
   * may be on its way to another queue, and where failures are suppressed it would be lost.
   */
  noteSettling(error: unknown): void {
    this.#outcomeIfGivenUp = unprocessed(this.#record, "deadline", { error });
  }

  /**
   * The outcome of a failure. If the handler was told to stop first, that it stopped is not the message's
   * fault.
   */
  outcomeOfFailure(error: unknown): Outcome<never> {
    return this.#toldBecause === undefined || this.#hasFailedByItself
      ? failed(this.#record, error)
      : unprocessed(this.#record, this.#toldBecause, { error });
  }

  /** The outcome if the record is given up now. */
  get outcomeIfGivenUp(): Outcome<never> {
    return this.#outcomeIfGivenUp ?? unprocessed(this.#record, "deadline");
  }
}

/**
 * Whether a handler stopped the batch. It is told what handlers throw, before any hook can wrap it or make
 * something else of it.
 */
export class Stop {
  readonly #errors = new Map<SQSRecord, StopBatchError>();
  #error: StopBatchError | undefined;
  #seconds: number | undefined;
  #told: ((error: StopBatchError) => void) | undefined;

  /** The error that stopped the batch first. */
  get error(): StopBatchError | undefined {
    return this.#error;
  }

  /** When messages come back, if that was said. */
  get retryAfterSeconds(): number | undefined {
    return this.#seconds;
  }

  /** What stopped the batch, by record: the messages of these are not at fault, and return. */
  get errors(): ReadonlyMap<SQSRecord, StopBatchError> {
    return this.#errors;
  }

  /** Registers who is told when the batch is stopped. */
  onStop(told: (error: StopBatchError) => void): void {
    this.#told = told;
  }

  noteFailure(record: SQSRecord, error: unknown): void {
    if (!isStopBatchError(error)) return;
    this.#errors.set(record, error);
    this.#seconds ??= error.retryAfterSeconds;
    if (this.#error) return;
    this.#error = error;
    this.#told?.(error);
  }
}

/**
 * Calls the record handler, then the hook that makes the outcome. This is the default
 * `_processRecord`, for the batch and for overrides that call `super`.
 *
 * Never rejects: if a hook throws, the record has failed.
 */
export async function handleRecord<TResult>(
  record: SQSRecord,
  recordContext: RecordContext,
  handler: RecordHandler<TResult>,
  { successHandler, failureHandler }: Pick<Hooks<TResult>, "successHandler" | "failureHandler">,
  noteFailure?: (error: unknown) => void,
): Promise<Outcome<TResult>> {
  let result: TResult;
  try {
    result = checkResult(await handler(record, recordContext));
  } catch (error) {
    if (recordContext instanceof RecordCall) recordContext.noteFailure(error);
    else noteFailure?.(error);
    return failureHandler
      ? callFailureHandler(record, error, failureHandler)
      : failed(record, error);
  }
  if (!successHandler) return succeeded(record, result);
  try {
    return checkOutcome(await successHandler(record, result), record);
  } catch (hookError) {
    return failed(record, hookError);
  }
}

async function callFailureHandler(
  record: SQSRecord,
  error: unknown,
  failureHandler: OutcomeHook<never, unknown>,
): Promise<Outcome<never>> {
  try {
    return checkOutcome(await failureHandler(record, error), record);
  } catch (hookError) {
    const errors = [error, hookError];
    const message = "failureHandler() threw for a record that had failed";
    return failed(record, new AggregateError(errors, message));
  }
}

Object.defineProperty(handleRecord, "name", { value: BOUNDARY });
