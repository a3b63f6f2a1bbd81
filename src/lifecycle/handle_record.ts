import type { SQSRecord } from "aws-lambda";
import { isRecordTraced, traceRecord } from "../diagnostics.ts";
import { BOUNDARY } from "../internal/describe_error.ts";
import type { Outcome, RecordContext, RecordHandler } from "../types.ts";
import { startTimer, timeoutError } from "./clock.ts";
import type { Hooks, OutcomeHook } from "./hooks.ts";
import { checkOutcome, checkResult, failed, succeeded } from "./outcome.ts";
import { LimitedContext, RecordCall } from "./record_call.ts";
import type { Stragglers } from "./stragglers.ts";

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
