import type { Context, SQSEvent } from "aws-lambda";
import type { BasePartialProcessor } from "./base_partial_processor.ts";
import { checkFunction, checkOptionNames } from "./check_options.ts";
import { isObject, shapeOf } from "./shape.ts";
import type { LambdaRecordContext, RecordHandler } from "./types.ts";

/** A Lambda handler for SQS events. Assignable to `SQSHandler` of `@types/aws-lambda`. */
export type SqsLambdaHandler<TReturn = void> = (
  event: SQSEvent,
  context: Context,
) => Promise<TReturn>;

/** Options of {@linkcode withBatchProcessor}. */
export interface WithBatchProcessorOptions<TReturn = void> {
  /**
   * Runs after a batch that did not throw. What it returns is the result of the invocation.
   *
   * If it throws, the whole batch returns to the queue.
   */
  readonly lambdaHandler?: (event: SQSEvent, context: Context) => TReturn | Promise<TReturn>;
}

/**
 * Makes a Lambda handler that runs a processor of yours on every event.
 *
 * Returns nothing, or what `lambdaHandler` returned. An error of the batch is thrown as it is; it is
 * never wrapped in a `SuppressedError`.
 *
 * @throws {TypeError} If an argument is of the wrong type, or an option is unknown.
 *
 * @example
 * ```ts
 * import { BasePartialProcessor, type Batch, withBatchProcessor } from "@partial-batch/sqs";
 *
 * class QuietProcessor extends BasePartialProcessor {
 *   protected override _clean(batch: Batch) {
 *     for (const error of batch.exceptions) reportSomewhere(error);
 *   }
 * }
 *
 * function reportSomewhere(_error: unknown) {}
 *
 * export const handler = withBatchProcessor(
 *   new QuietProcessor(),
 *   (record) => JSON.parse(record.body),
 * );
 * ```
 */
export function withBatchProcessor<TResult, TReturn = void>(
  processor: BasePartialProcessor,
  recordHandler: RecordHandler<TResult, LambdaRecordContext>,
  options: WithBatchProcessorOptions<TReturn> = {},
): SqsLambdaHandler<TReturn> {
  checkProcessor(processor);
  checkFunction(recordHandler, "the record handler");
  checkOptionNames(options, ["lambdaHandler"], "withBatchProcessor()");
  const { lambdaHandler } = options;
  if (lambdaHandler !== undefined) checkFunction(lambdaHandler, "lambdaHandler");
  return async (event, context) => {
    await processor.run(
      recordsOf(event),
      (record, recordContext) =>
        recordHandler(record, { ...recordContext, lambdaContext: context }),
      context === undefined ? {} : { context },
    );
    return await lambdaHandler?.(event, context) as TReturn;
  };
}

function recordsOf(event: SQSEvent): SQSEvent["Records"] {
  if (isObject(event) && Array.isArray(event.Records)) return event.Records;
  throw new TypeError(`Cannot read the event: expected an SQS event, got ${shapeOf(event)}`);
}

function checkProcessor(processor: unknown): void {
  if (isObject(processor) && typeof processor.run === "function") return;
  throw new TypeError(`Cannot use processor: expected a processor, got ${shapeOf(processor)}`);
}
