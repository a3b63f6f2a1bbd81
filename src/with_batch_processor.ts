import type { Context, SQSBatchResponse, SQSEvent } from "aws-lambda";
import type { BasePartialProcessor } from "./base_partial_processor.ts";
import { keepWhole } from "./batch.ts";
import { checkFunction, checkHandler, checkOptionNames } from "./internal/check_options.ts";
import { describeShape, isObject } from "./internal/shape.ts";
import type { LambdaRecordContext, RecordHandler } from "./types.ts";

/**
 * A Lambda handler for SQS events. Assignable to `SQSHandler` of `@types/aws-lambda`.
 *
 * @category Wrappers
 */
export type SqsLambdaHandler<TReturn = void> = (
  event: SQSEvent,
  context: Context,
) => Promise<TReturn>;

/**
 * Runs after a batch that did not throw.
 *
 * @category Wrappers
 */
export type LambdaHandlerAfterBatch<TReturn> = (
  event: SQSEvent,
  context: Context,
) => TReturn | Promise<TReturn>;

/**
 * Options of {@linkcode withBatchProcessor}.
 *
 * @category Wrappers
 */
export interface WithBatchProcessorOptions<TReturn = void> {
  /**
   * Runs after a batch that did not throw. What it returns is the result of the invocation.
   *
   * If it throws, the whole batch returns to the queue. (Where `suppressException` ignored a failure,
   * the handled messages are deleted by then, and the others return.) It cannot be combined with
   * `reportItemFailures`, where the result of the invocation is the partial batch response, nor with
   * `suspectAfter`, which deletes messages before the batch has ended: they would not return with it.
   *
   * @default {undefined} The invocation returns nothing.
   */
  readonly lambdaHandler?: LambdaHandlerAfterBatch<TReturn>;
}

/**
 * Makes a Lambda handler that runs a processor of yours on every event.
 *
 * - It returns nothing, or what `lambdaHandler` returned; with the processor's `reportItemFailures`,
 *   Lambda's partial batch response (with `"verified"`, only where Lambda is known to read it).
 * - An error of the batch is thrown as it is, never wrapped in a `SuppressedError`.
 *
 * @category Wrappers
 * @typeParam TResult What the record handler returns.
 * @typeParam TReturn What `lambdaHandler` returns.
 * @param processor Opens the batches; make it once.
 * @param recordHandler Handles one record.
 * @param options What runs after the batch.
 * @returns The Lambda handler.
 * @throws {TypeError} If an argument is of the wrong type, an option does not exist, or
 * `lambdaHandler` is combined with `reportItemFailures` or `suspectAfter`.
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
 * @category Wrappers
 * @typeParam TResult What the record handler returns.
 * @param processor Opens the batches; make it once.
 * @param recordHandler Handles one record.
 * @param options Nothing to set here; with `lambdaHandler`, the other overload applies.
 * @returns The Lambda handler.
 * @throws {TypeError} If an argument is of the wrong type, or an option does not exist.
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
  checkHandler(recordHandler, "the record handler");
  checkOptionNames(options, ["lambdaHandler"], "withBatchProcessor()");
  const { lambdaHandler } = options;
  if (lambdaHandler !== undefined) checkFunction(lambdaHandler, "lambdaHandler");
  if (lambdaHandler !== undefined && processor.reportItemFailures) {
    throw new TypeError(
      "Cannot use lambdaHandler with reportItemFailures: the invocation returns the response",
    );
  }
  if (lambdaHandler !== undefined && hasSuspects(processor)) {
    throw new TypeError(
      "Cannot use lambdaHandler with suspectAfter: if it throws the whole batch returns, but " +
        "suspectAfter has deleted messages by then",
    );
  }
  // Lambda gives its context to every invocation, and the batch gives it to the handler.
  const handler = recordHandler as RecordHandler<TResult>;
  return async (event, context) => {
    const options = context === undefined ? {} : { context };
    const batch = processor.open(recordsOf(event), handler, options);
    // If lambdaHandler throws, the whole batch returns.
    if (lambdaHandler) keepWhole(batch);
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
  throw new TypeError(`Cannot read the event: expected an SQS event, got ${describeShape(event)}`);
}

/** Whether a processor deletes what is handled before suspects. It may be of another copy of the library. */
function hasSuspects(processor: object): boolean {
  return "suspectAfter" in processor && processor.suspectAfter !== undefined;
}

function checkProcessor(processor: unknown): void {
  if (isObject(processor) && typeof processor.open === "function") return;
  throw new TypeError(
    `Cannot use processor: expected a processor, got ${describeShape(processor)}`,
  );
}
