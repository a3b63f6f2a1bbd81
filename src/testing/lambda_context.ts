import type { Context } from "aws-lambda";
import { randomUUID } from "node:crypto";
import { checkMilliseconds, checkOptionNames } from "../internal/check_options.ts";
import { lambdaContext } from "../internal/lambda_context.ts";
import { DEFAULT_PLACE } from "./queue_name.ts";

/**
 * Options of {@linkcode createLambdaContext}.
 *
 * @category Testing
 */
export interface LambdaContextOptions {
  /**
   * What is left of the invocation now, in milliseconds: above 0, at most 5,400,000.
   *
   * @default {30000}
   */
  readonly remainingMs?: number;
}

const DEFAULT_REMAINING_MS = 30_000;

/**
 * Makes a Lambda context whose clock runs: `getRemainingTimeInMillis()` counts down to 0 from when it was
 * made. It asks `Date.now()`, so that a test runner's fake time moves it.
 *
 * @category Testing
 *
 * @param options How much of the invocation is left.
 * @returns A context for the second argument of a Lambda handler, or for `open(…, { context })`.
 * @throws {TypeError} If an option does not exist, or `remainingMs` is not a number.
 * @throws {RangeError} If `remainingMs` is out of its limits.
 *
 * @example What a handler does when the invocation is nearly over
 * ```ts
 * import { SQSBatchProcessingError, withSqsBatch } from "@partial-batch/sqs";
 * import {
 *   createFakeSqsClient,
 *   createLambdaContext,
 *   createSqsEvent,
 * } from "@partial-batch/sqs/testing";
 * import assert from "node:assert/strict";
 *
 * const handler = withSqsBatch(() => new Promise(() => {}), { client: createFakeSqsClient() });
 *
 * const context = createLambdaContext({ remainingMs: 100 });
 * await assert.rejects(handler(createSqsEvent(["slow"]), context), (error) => {
 *   assert(error instanceof SQSBatchProcessingError);
 *   return error.unprocessed.length === 1;
 * });
 * ```
 */
export function createLambdaContext(options: LambdaContextOptions = {}): Context {
  checkOptionNames(options, ["remainingMs"], "createLambdaContext()");
  const { remainingMs = DEFAULT_REMAINING_MS } = options;
  checkMilliseconds(remainingMs, "remainingMs");
  const { region, accountId } = DEFAULT_PLACE;
  return lambdaContext({
    functionName: "orders",
    awsRequestId: randomUUID(),
    timeoutMs: remainingMs,
    region,
    accountId,
  });
}
