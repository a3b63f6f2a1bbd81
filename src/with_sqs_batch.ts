import type { SQSBatchResponse } from "aws-lambda";
import { PartialSQSProcessor, type PartialSqsProcessorOptions } from "./partial_sqs_processor.ts";
import type { LambdaRecordContext, RecordHandler } from "./types.ts";
import {
  type SqsLambdaHandler,
  withBatchProcessor,
  type WithBatchProcessorOptions,
} from "./with_batch_processor.ts";

/** Options of {@linkcode withSqsBatch}: those of the wrapper and those of the processor. */
export interface WithSqsBatchOptions<TReturn = void>
  extends WithBatchProcessorOptions<TReturn>, PartialSqsProcessorOptions {}

/**
 * Makes a Lambda handler from a record handler: every message is handled by itself, and only those
 * that failed return to the queue.
 *
 * Owns a {@linkcode PartialSQSProcessor} and passes Lambda's context on. Returns nothing, or what
 * `lambdaHandler` returned; with `reportItemFailures`, Lambda's partial batch response.
 *
 * @throws {TypeError} If an argument is of the wrong type, or an option is unknown.
 * @throws {RangeError} If a number is out of its limits.
 *
 * @example A function that handles orders
 * ```ts
 * import { withSqsBatch } from "@partial-batch/sqs";
 *
 * export const handler = withSqsBatch(async (record) => {
 *   await ship(JSON.parse(record.body));
 * });
 *
 * async function ship(_order: unknown) {}
 * ```
 */
export function withSqsBatch<TResult>(
  recordHandler: RecordHandler<TResult, LambdaRecordContext>,
  options: WithSqsBatchOptions<never> & { readonly reportItemFailures: true },
): SqsLambdaHandler<SQSBatchResponse>;
export function withSqsBatch<TResult, TReturn = void>(
  recordHandler: RecordHandler<TResult, LambdaRecordContext>,
  options?: WithSqsBatchOptions<TReturn> & { readonly reportItemFailures?: false },
): SqsLambdaHandler<TReturn>;
export function withSqsBatch<TResult, TReturn = void>(
  recordHandler: RecordHandler<TResult, LambdaRecordContext>,
  options: WithSqsBatchOptions<TReturn>,
): SqsLambdaHandler<TReturn | SQSBatchResponse>;
export function withSqsBatch<TResult>(
  recordHandler: RecordHandler<TResult, LambdaRecordContext>,
  options: WithSqsBatchOptions<unknown> = {},
): SqsLambdaHandler<unknown> {
  const { lambdaHandler, ...processorOptions } = options;
  const processor = new PartialSQSProcessor(processorOptions);
  return lambdaHandler === undefined
    ? withBatchProcessor(processor, recordHandler)
    : withBatchProcessor(processor, recordHandler, { lambdaHandler });
}
