import type { Context, SQSBatchResponse, SQSEvent } from "aws-lambda";
import type { BasePartialProcessor } from "./base_partial_processor.ts";
import { checkFunction, checkOptionNames } from "./check_options.ts";
import { isObject, shapeOf } from "./shape.ts";
import type { LambdaRecordContext, RecordHandler } from "./types.ts";

/** A Lambda handler for SQS events. Assignable to `SQSHandler` of `@types/aws-lambda`. */
export type SqsLambdaHandler<TReturn = void> = (
  event: SQSEvent,
  context: Context,
) => Promise<TReturn>;

/** What runs after a batch that did not throw. */
export type LambdaHandlerAfterBatch<TReturn> = (
  event: SQSEvent,
  context: Context,
) => TReturn | Promise<TReturn>;

/** Options of {@linkcode withBatchProcessor}. */
export interface WithBatchProcessorOptions<TReturn = void> {
  /**
   * Runs after a batch that did not throw. What it returns is the result of the invocation.
   *
   * If it throws, the whole batch returns to the queue. It cannot stand beside `reportItemFailures`,
   * where the result of the invocation is the partial batch response.
   */
  readonly lambdaHandler?: LambdaHandlerAfterBatch<TReturn>;
}

/**
 * Makes a Lambda handler that runs a processor of yours on every event.
 *
 * - Returns nothing, or what `lambdaHandler` returned; with the processor's `reportItemFailures`,
 *   Lambda's partial batch response.
 * - An error of the batch is thrown as it is, never wrapped in a `SuppressedError`.
 *
 * @throws {TypeError} If an argument is of the wrong type, an option is unknown, or `lambdaHandler`
 * stands beside `reportItemFailures`.
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
export function withBatchProcessor<TResult, TReturn>(
  processor: BasePartialProcessor,
  recordHandler: RecordHandler<TResult, LambdaRecordContext>,
  options: WithBatchProcessorOptions<TReturn> & {
    readonly lambdaHandler: LambdaHandlerAfterBatch<TReturn>;
  },
): SqsLambdaHandler<TReturn>;
/**
 * Makes a Lambda handler that runs a processor of yours on every event, and returns nothing or, with
 * the processor's `reportItemFailures`, Lambda's partial batch response.
 *
 * @throws {TypeError} If an argument is of the wrong type, or an option is unknown.
 */
export function withBatchProcessor<TResult>(
  processor: BasePartialProcessor,
  recordHandler: RecordHandler<TResult, LambdaRecordContext>,
  options?: WithBatchProcessorOptions<void>,
): SqsLambdaHandler<SQSBatchResponse | void>;
export function withBatchProcessor<TResult>(
  processor: BasePartialProcessor,
  recordHandler: RecordHandler<TResult, LambdaRecordContext>,
  options: WithBatchProcessorOptions<unknown> = {},
): SqsLambdaHandler<unknown> {
  checkProcessor(processor);
  checkFunction(recordHandler, "the record handler");
  checkOptionNames(options, ["lambdaHandler"], "withBatchProcessor()");
  const { lambdaHandler } = options;
  if (lambdaHandler !== undefined) checkFunction(lambdaHandler, "lambdaHandler");
  if (lambdaHandler !== undefined && processor.reportItemFailures) {
    throw new TypeError("Cannot use lambdaHandler with reportItemFailures");
  }
  return async (event, context) => {
    const batch = processor.open(
      recordsOf(event),
      (record, recordContext) =>
        recordHandler(record, {
          lambdaContext: context,
          receiveCount: recordContext.receiveCount,
          get signal() {
            return recordContext.signal;
          },
        }),
      context === undefined ? {} : { context },
    );
    const close = batch[Symbol.asyncDispose];
    // It rejects only with what the close throws too, or has as its cause.
    await batch.process().catch(() => {});
    let response: SQSBatchResponse | undefined;
    try {
      if (processor.reportItemFailures) response = batch.response();
    } finally {
      await close();
    }
    return await (lambdaHandler ? lambdaHandler(event, context) : response);
  };
}

function recordsOf(event: SQSEvent): SQSEvent["Records"] {
  if (isObject(event) && Array.isArray(event.Records)) return event.Records;
  throw new TypeError(`Cannot read the event: expected an SQS event, got ${shapeOf(event)}`);
}

function checkProcessor(processor: unknown): void {
  if (isObject(processor) && typeof processor.open === "function") return;
  throw new TypeError(`Cannot use processor: expected a processor, got ${shapeOf(processor)}`);
}
