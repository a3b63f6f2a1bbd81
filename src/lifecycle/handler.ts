import type { SQSRecord } from "aws-lambda";
import { isRecordTraced, traceRecord } from "../diagnostics.ts";
import { BOUNDARY } from "../internal/describe_error.ts";
import type { RecordContext, RecordHandler } from "../types.ts";
import { handleWithin, isAnythingAround } from "./around_handler.ts";
import { startTimer, timeoutError } from "./clock.ts";
import { LazyContext, RecordCall, type Stop } from "./record.ts";

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

/** What the handler of a batch is made with. */
export interface BatchHandlerOptions {
  readonly recordTimeoutMs: number | undefined;
  /** Whether `_processRecord` is overridden: it may not pass on what the handler throws. */
  readonly isProcessRecordOverridden: boolean;
  readonly stragglers: Stragglers;
  readonly stop: Stop;
}

/**
 * The handler that a batch calls: limited in time, watched, surrounded by what entry points make active,
 * and traced, each only where it is needed.
 */
export function batchHandler<TResult>(
  handler: RecordHandler<TResult>,
  options: BatchHandlerOptions,
): RecordHandler<TResult> {
  const { recordTimeoutMs, isProcessRecordOverridden, stop } = options;
  const limited = recordTimeoutMs === undefined
    ? handler
    : limitTime(handler, recordTimeoutMs, options);
  const watched = isProcessRecordOverridden ? watchFailures(limited, stop) : limited;
  const isTraced = isRecordTraced();
  const isSurrounded = isAnythingAround();
  if (!isTraced && !isSurrounded) return watched;
  return (record, recordContext) => {
    const recordCall = recordContext instanceof RecordCall ? recordContext : undefined;
    const messageId = recordCall?.messageId ?? record.messageId;
    const { receiveCount } = recordContext;
    // No spread: on Node 20 it would double the time that tracing takes.
    const message = { record, messageId, receiveCount };
    const watchedRecord = { [BOUNDARY]: () => watched(record, recordContext) }[BOUNDARY]!;
    const handle = isSurrounded
      ? () => handleWithin({ record, messageId, receiveCount, message }, watchedRecord)
      : watchedRecord;
    return isTraced
      ? traceRecord(message, handle, (told) => recordCall?.onGivenUp(told))
      : handle();
  };
}

function watchFailures<TResult>(
  handler: RecordHandler<TResult>,
  stop: Stop,
): RecordHandler<TResult> {
  const watched = {
    async [BOUNDARY](record: SQSRecord, recordContext: RecordContext): Promise<TResult> {
      try {
        return await handler(record, recordContext);
      } catch (error) {
        noteStop(record, recordContext, error, stop);
        throw error;
      }
    },
  };
  return watched[BOUNDARY];
}

/** Goes by the call, if there is one: an override may hand on a copy of the record. */
function noteStop(record: SQSRecord, recordContext: RecordContext, error: unknown, stop: Stop) {
  if (recordContext instanceof RecordCall) recordContext.noteStop(error);
  else stop.noteFailure(record, error);
}

/** What a handler with a time limit of its own is given: its signal follows the record's. */
class LimitedContext extends LazyContext {
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

const OVER = Symbol("the time is over");

function limitTime<TResult>(
  handler: RecordHandler<TResult>,
  limitMs: number,
  { stragglers, stop }: BatchHandlerOptions,
): RecordHandler<TResult> {
  const limited = {
    async [BOUNDARY](record: SQSRecord, recordContext: RecordContext): Promise<TResult> {
      const context = new LimitedContext(recordContext);
      let timer: ReturnType<typeof setTimeout> | undefined;
      const isOver = new Promise<typeof OVER>((resolve) => {
        timer = startTimer(() => resolve(OVER), limitMs);
      });
      if (recordContext instanceof RecordCall) recordContext.onGivenUp(() => clearTimeout(timer));
      try {
        const handling = Promise.resolve(handler(record, context));
        const first = await Promise.race([handling, isOver]);
        if (first !== OVER) return first;
        const reason = timeoutError(`The record was not handled within ${limitMs} ms`);
        stragglers.add(handling);
        // It may answer its signal by stopping the batch.
        handling.catch((error) => noteStop(record, recordContext, error, stop));
        context.abort(reason);
        throw reason;
      } finally {
        clearTimeout(timer);
      }
    },
  };
  return limited[BOUNDARY];
}
