import type { Context, SQSRecord } from "aws-lambda";
import { isRecordTraced, traceRecord } from "../diagnostics.ts";
import { BOUNDARY } from "../internal/describe_error.ts";
import { StopBatchError } from "../stop_batch_error.ts";
import type { Outcome, RecordContext, RecordHandler, UnprocessedReason } from "../types.ts";
import { startTimer, timeoutError } from "./clock.ts";
import type { Hooks, OutcomeHook } from "./hooks.ts";
import { checkOutcome, checkResult, failed, succeeded, unprocessed } from "./outcome.ts";

/**
 * A record context whose signal is made when it is first read. Making it costs more than everything
 * else about a record, and few handlers read it: hence a getter, on a class, where it costs nothing
 * per record.
 */
class LazyContext implements RecordContext {
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

  /** Tells the handler that its record has no time left. */
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
  readonly #stopBatch: (error: StopBatchError) => void;
  #outcomeIfGivenUp: Outcome<never> | undefined;
  #toldBecause: UnprocessedReason | undefined;
  #hasFailedByItself = false;

  constructor(
    record: SQSRecord,
    { messageId, receiveCount }: Pick<RecordCall, "messageId" | "receiveCount">,
    lambdaContext: Context | undefined,
    stopBatch: (error: StopBatchError) => void,
  ) {
    super(lambdaContext, receiveCount);
    this.messageId = messageId;
    this.#record = record;
    this.#stopBatch = stopBatch;
  }

  isOf(record: SQSRecord): boolean {
    return this.#record === record;
  }

  /** Tells the handler that its record has no time left, and why. */
  tell(because: UnprocessedReason, reason: unknown): void {
    this.#toldBecause ??= because;
    this.abort(reason);
  }

  /** Notes what the handler threw, before any hook is told: a hook may never settle. */
  noteFailure(error: unknown): void {
    this.#hasFailedByItself = this.#toldBecause === undefined;
    this.#outcomeIfGivenUp = this.outcomeOfFailure(error);
    if (error instanceof StopBatchError) this.#stopBatch(error);
  }

  /**
   * Notes that it is being decided what becomes of a failure. It is none yet: the message may be on its
   * way to another queue, and where failures are suppressed it would be lost.
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

/** What a handler with a time limit of its own is given: its signal follows the record's. */
export class LimitedContext extends LazyContext {
  readonly #outer: RecordContext;
  #isFollowing = false;

  constructor(outer: RecordContext) {
    super(outer.lambdaContext, outer.receiveCount);
    this.#outer = outer;
  }

  override get signal(): AbortSignal {
    if (!this.#isFollowing) {
      this.#isFollowing = true;
      const { signal } = this.#outer;
      const follow = () => this.abort(signal.reason);
      if (signal.aborted) follow();
      else signal.addEventListener("abort", follow, { once: true });
    }
    return super.signal;
  }
}

/**
 * Handlers and hooks that outlived their records: they were given up, and still run. Whatever is done to
 * the batch meanwhile may be done by one of them.
 */
export class Stragglers {
  #count = 0;

  get any(): boolean {
    return this.#count > 0;
  }

  /** Counts work until it settles. */
  add(work: PromiseLike<unknown>): void {
    const settled = () => void this.#count--;
    this.#count++;
    work.then(settled, settled);
  }
}

const OVER = Symbol("the time is over");

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

/** The handler that a batch calls: traced if anybody listens, limited in time if asked for. */
export function batchHandler<TResult>(
  handler: RecordHandler<TResult>,
  recordTimeoutMs: number | undefined,
  stragglers: Stragglers,
): RecordHandler<TResult> {
  const limited = recordTimeoutMs === undefined
    ? handler
    : limitTime(handler, recordTimeoutMs, stragglers);
  if (!isRecordTraced()) return limited;
  return (record, recordContext) => {
    const messageId = recordContext instanceof RecordCall
      ? recordContext.messageId
      : record.messageId;
    const { receiveCount } = recordContext;
    const handle = { [BOUNDARY]: () => limited(record, recordContext) };
    return traceRecord({ record, messageId, receiveCount }, handle[BOUNDARY]);
  };
}

function limitTime<TResult>(
  handler: RecordHandler<TResult>,
  limitMs: number,
  stragglers: Stragglers,
): RecordHandler<TResult> {
  const limited = {
    async [BOUNDARY](record: SQSRecord, recordContext: RecordContext): Promise<TResult> {
      const context = new LimitedContext(recordContext);
      let timer: ReturnType<typeof setTimeout> | undefined;
      const isOver = new Promise<typeof OVER>((resolve) => {
        timer = startTimer(() => resolve(OVER), limitMs);
      });
      try {
        const handling = handler(record, context);
        const first = await Promise.race([handling, isOver]);
        if (first !== OVER) return first;
        const reason = timeoutError(`The record was not handled within ${limitMs} ms`);
        stragglers.add(Promise.resolve(handling));
        context.abort(reason);
        throw reason;
      } finally {
        clearTimeout(timer);
      }
    },
  };
  return limited[BOUNDARY];
}
