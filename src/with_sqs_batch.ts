import type { SQSBatchResponse } from "aws-lambda";
import { BasePartialProcessor } from "./base_partial_processor.ts";
import { PartialSQSProcessor, type PartialSQSProcessorOptions } from "./partial_sqs_processor.ts";
import type { LambdaRecordContext, RecordHandler } from "./types.ts";
import {
  type SqsLambdaHandler,
  withBatchProcessor,
  type WithBatchProcessorOptions,
} from "./with_batch_processor.ts";

/** Options of {@linkcode withSqsBatch}: those of the wrapper and those of the processor. */
export interface WithSqsBatchOptions<TReturn = void>
  extends WithBatchProcessorOptions<TReturn>, PartialSQSProcessorOptions {}

/**
 * Makes a Lambda handler from a record handler: every message is handled by itself, and only those
 * that failed return to the queue.
 *
 * It owns a {@linkcode PartialSQSProcessor} and passes Lambda's context on. The Lambda handler returns
 * nothing, or what `lambdaHandler` returned, and rejects with an
 * {@linkcode SQSBatchProcessingError} if not all records were handled.
 *
 * @typeParam TResult What the record handler returns.
 * @typeParam TReturn What `lambdaHandler` returns.
 * @param recordHandler Handles one record.
 * @param options The options of the processor, and what runs after the batch.
 * @returns The Lambda handler.
 * @throws {TypeError} If an argument is of the wrong type, or an option does not exist.
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
export function withSqsBatch<TResult, TReturn = void>(
  recordHandler: RecordHandler<TResult, LambdaRecordContext>,
  options?: WithSqsBatchOptions<TReturn> & { readonly reportItemFailures?: false },
): SqsLambdaHandler<TReturn>;
/**
 * Makes a Lambda handler that returns Lambda's partial batch response: it deletes nothing and throws
 * no error for what failed. **The event source mapping must have `ReportBatchItemFailures`**, or Lambda
 * deletes the failed messages.
 *
 * @typeParam TResult What the record handler returns.
 * @param recordHandler Handles one record.
 * @param options The options of the processor.
 * @returns The Lambda handler.
 * @throws {TypeError} If an argument is of the wrong type, an option does not exist, or
 * `suppressException` or `lambdaHandler` is combined with `reportItemFailures`.
 * @throws {RangeError} If a number is out of its limits.
 */
export function withSqsBatch<TResult>(
  recordHandler: RecordHandler<TResult, LambdaRecordContext>,
  options: PartialSQSProcessorOptions & {
    readonly reportItemFailures: true;
    readonly lambdaHandler?: never;
  },
): SqsLambdaHandler<SQSBatchResponse>;
/**
 * Makes a Lambda handler whose mode is known only at run time: with `reportItemFailures` it returns
 * Lambda's partial batch response, else nothing, or what `lambdaHandler` returned.
 *
 * @typeParam TResult What the record handler returns.
 * @typeParam TReturn What `lambdaHandler` returns.
 * @param recordHandler Handles one record.
 * @param options The options of the processor, and what runs after the batch.
 * @returns The Lambda handler.
 * @throws {TypeError} If an argument is of the wrong type, an option does not exist, or
 * `suppressException` or `lambdaHandler` is combined with `reportItemFailures`.
 * @throws {RangeError} If a number is out of its limits.
 */
export function withSqsBatch<TResult, TReturn = void>(
  recordHandler: RecordHandler<TResult, LambdaRecordContext>,
  options: WithSqsBatchOptions<TReturn>,
): SqsLambdaHandler<TReturn | SQSBatchResponse>;
export function withSqsBatch<TResult>(
  recordHandler: RecordHandler<TResult, LambdaRecordContext>,
  options: WithSqsBatchOptions<unknown> = {},
): SqsLambdaHandler<unknown> {
  if (options instanceof BasePartialProcessor) {
    throw new TypeError(
      "Cannot use the options of withSqsBatch(): expected an object, got a processor; " +
        "use withBatchProcessor(processor, recordHandler)",
    );
  }
  const { lambdaHandler, ...processorOptions } = options;
  const processor = new PartialSQSProcessor(processorOptions);
  return lambdaHandler === undefined
    ? withBatchProcessor(processor, recordHandler)
    : withBatchProcessor(processor, recordHandler, { lambdaHandler });
}
