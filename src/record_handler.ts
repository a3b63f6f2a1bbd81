import type { SQSRecord } from "aws-lambda";
import { traceRecord } from "./diagnostics.ts";
import { timeoutError, untilAborted } from "./time_limit.ts";
import type { RecordContext, RecordHandler } from "./types.ts";

/** A record handler that is traced and, with `recordTimeoutMs`, limited in time. */
export function toBatchHandler<TResult>(
  handler: RecordHandler<TResult>,
  recordTimeoutMs: number | undefined,
): RecordHandler<TResult> {
  const limited = recordTimeoutMs === undefined ? handler : limitTime(handler, recordTimeoutMs);
  return (record, recordContext) =>
    traceRecord(record, recordContext, () => limited(record, recordContext));
}

function limitTime<TResult>(
  handler: RecordHandler<TResult>,
  limitMs: number,
): RecordHandler<TResult> {
  return async (record: SQSRecord, recordContext: RecordContext) => {
    const timeout = new AbortController();
    const given = new AbortController();
    const giveUp = () => given.abort(recordContext.signal.reason);
    const timer = setTimeout(() => {
      timeout.abort(timeoutError(`The record was not handled within ${limitMs} ms`));
      given.abort(timeout.signal.reason);
    }, limitMs);
    recordContext.signal.addEventListener("abort", giveUp, { once: true });
    if (recordContext.signal.aborted) giveUp();
    try {
      const handling = handler(record, { ...recordContext, signal: given.signal });
      return await untilAborted(Promise.resolve(handling), timeout.signal);
    } finally {
      clearTimeout(timer);
      recordContext.signal.removeEventListener("abort", giveUp);
    }
  };
}
