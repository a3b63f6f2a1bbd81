import type { Context, SQSEvent, SQSRecord } from "aws-lambda";
import { lambdaContext } from "../internal/lambda_context.ts";
import { typeNameOnly } from "../internal/shape.ts";
import type { SqsClientLike } from "../sqs_client_like.ts";
import { answerOf, responseJson } from "./answer.ts";
import { deleteRecords } from "./entries.ts";
import type { CheckedOptions, InvokedHandler } from "./options.ts";
import type { SourceQueue } from "./queue.ts";
import { judgeResponse } from "./response.ts";

/**
 * What happened in one invocation.
 *
 * @category Local
 */
export interface Invocation {
  /** The `awsRequestId` of the handler's context. */
  readonly requestId: string;
  /** What was received. The handler got a copy. */
  readonly records: readonly SQSRecord[];
  /** What the handler returned; `undefined` if it threw, or was given up. */
  readonly result: unknown;
  /**
   * What the handler threw; a `TimeoutError` if the invocation took too long; `undefined` if it returned
   * in time.
   */
  readonly error: unknown;
  /** Whether the invocation took longer than `functionTimeoutMs`. Its result, if one comes, is ignored. */
  readonly timedOut: boolean;
  /**
   * Why the whole batch returns: the handler threw, took too long, or gave a malformed
   * `batchItemFailures`; `undefined` if it was a success, complete or partial.
   */
  readonly reason: string | undefined;
  /** What Lambda deleted after it. What it did not delete returns, unless your handler deleted it. */
  readonly deletedByLambda: readonly SQSRecord[];
  /** How long the handler took, in milliseconds. */
  readonly durationMs: number;
}

/** What an invocation needs. */
export interface Invoking {
  readonly client: SqsClientLike;
  readonly queue: SourceQueue;
  readonly options: CheckedOptions;
}

/** How a call of the handler ended. */
type End =
  | { readonly status: "returned"; readonly result: unknown }
  | { readonly status: "threw"; readonly error: unknown }
  | { readonly status: "timed-out"; readonly error: Error };

/** Invokes the handler with a batch, then deletes what Lambda would delete. */
export async function invoke(
  { client, queue, options }: Invoking,
  records: readonly SQSRecord[],
): Promise<Invocation> {
  const { handler, functionName, functionTimeoutMs, reportBatchItemFailures } = options;
  const context = lambdaContext({
    functionName,
    awsRequestId: crypto.randomUUID(),
    timeoutMs: functionTimeoutMs,
    region: queue.arn.region,
    accountId: queue.arn.accountId,
  });
  // A handler that changes its event must not change what is deleted.
  const event = { Records: structuredClone(records) as SQSRecord[] };
  const start = performance.now();
  const end = await callInTime(handler, event, context, functionTimeoutMs);
  const durationMs = performance.now() - start;
  const ended = {
    requestId: context.awsRequestId,
    records,
    timedOut: end.status === "timed-out",
    durationMs,
  };
  if (end.status !== "returned") {
    const reason = end.status === "threw" ? `the handler threw ${nameOf(end.error)}` : "timed out";
    return { ...ended, result: undefined, error: end.error, reason, deletedByLambda: [] };
  }
  const { toDelete, malformed } = judgeResponse(records, end.result, reportBatchItemFailures);
  const deletedByLambda = await deleteRecords(client, queue.url, toDelete);
  return { ...ended, result: end.result, error: undefined, reason: malformed, deletedByLambda };
}

/** Calls the handler, and gives it up at its deadline, as Lambda stops it there. */
async function callInTime(
  handler: InvokedHandler,
  event: SQSEvent,
  context: Context,
  timeoutMs: number,
): Promise<End> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const start = performance.now();
  const timedOut: End = { status: "timed-out", error: timeoutError(timeoutMs) };
  const tooLate = new Promise<End>((resolve) => {
    timer = setTimeout(() => resolve(timedOut), timeoutMs);
  });
  try {
    const end = await Promise.race([call(handler, event, context), tooLate]);
    // A handler that blocks keeps the timer from firing.
    return performance.now() - start > timeoutMs ? timedOut : end;
  } finally {
    clearTimeout(timer);
  }
}

async function call(handler: InvokedHandler, event: SQSEvent, context: Context): Promise<End> {
  try {
    const result = await answerOf(handler, event, context);
    responseJson(result);
    return { status: "returned", result };
  } catch (error) {
    return { status: "threw", error };
  }
}

function timeoutError(timeoutMs: number): Error {
  const error = new Error(`The invocation took longer than ${timeoutMs} ms`);
  error.name = "TimeoutError";
  return error;
}

function nameOf(error: unknown): string {
  return error instanceof Error ? `an error (${error.name})` : typeNameOnly(error);
}
