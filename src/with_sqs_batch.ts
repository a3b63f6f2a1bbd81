import type { SQSBatchResponse } from "aws-lambda";
import { BasePartialProcessor } from "./base_partial_processor.ts";
import { checkOptionNames } from "./internal/check_options.ts";
import { type PartialSQSProcessorOptions, SQS_OPTION_NAMES } from "./sqs_options.ts";
import type { LambdaRecordContext, RecordHandler } from "./types.ts";
import {
  type LambdaHandlerAfterBatch,
  type SqsLambdaHandler,
  withBatchProcessor,
  type WithBatchProcessorOptions,
} from "./with_batch_processor.ts";
import { WrappedSqsProcessor } from "./wrapped_sqs_processor.ts";

declare const why: unique symbol;

/**
 * The type of an option that must not be set, with the reason in its name: no value has it.
 *
 * @category Wrappers
 */
export interface Refused<TReason extends string> {
  /** Why. */
  readonly [why]: TReason;
}

/**
 * Options of {@linkcode withSqsBatch}: those of the wrapper and those of the processor.
 *
 * @category Wrappers
 * @typeParam TReturn What `lambdaHandler` returns.
 * @typeParam TReport What `reportItemFailures` is; a union where that is known only at run time.
 * @typeParam TSuspectAfter What `suspectAfter` is: `number` where that is known only at run time.
 */
export interface WithSqsBatchOptions<
  TReturn = void,
  TReport extends boolean | "verified" = boolean | "verified",
  TSuspectAfter extends number = number,
> extends
  Omit<
    PartialSQSProcessorOptions,
    "reportItemFailures" | "suppressException" | "suspectAfter"
  > {
  /**
   * For a function whose event source mapping has `FunctionResponseTypes:
   * [ReportBatchItemFailures]`: nothing is deleted and nothing is thrown; the Lambda handler returns
   * Lambda's partial batch response. **With `true` and without `ReportBatchItemFailures` on the mapping,
   * Lambda deletes the failed messages.** With `"verified"`, the mapping is looked up, and in any doubt the
   * batch deletes and throws; see {@linkcode BasePartialProcessorOptions.reportItemFailures}.
   *
   * @default {false}
   */
  readonly reportItemFailures?: TReport;
  /**
   * Whether records that failed are silently ignored: the batch closes without an error, and **Lambda
   * then deletes the failed messages too**. Not with `reportItemFailures`.
   *
   * @default {false}
   */
  readonly suppressException?: [TReport] extends [true | "verified"]
    ? false | Refused<"with reportItemFailures, the response lists every failure">
    : boolean;
  /**
   * From how many receives on a message is a suspect, which is handled last and alone: an integer from
   * 1 to 1,000. As {@linkcode PartialSQSProcessorOptions.suspectAfter}.
   *
   * @default {undefined} No message is a suspect.
   */
  readonly suspectAfter?: TSuspectAfter;
  /**
   * Runs after a batch that did not throw. What it returns is the result of the invocation; if it
   * throws, the whole batch returns to the queue. (Where `suppressException` ignored a failure, the
   * handled messages are deleted by then, and the others return.) Not with `reportItemFailures`, nor
   * with `suspectAfter`.
   *
   * @default {undefined} The invocation returns nothing.
   */
  readonly lambdaHandler?: [TReport] extends [true | "verified"]
    ? Refused<"with reportItemFailures, the invocation returns the response">
    : number extends TSuspectAfter ? LambdaHandlerAfterBatch<TReturn>
    : Refused<"suspectAfter deletes messages that would have to return if it throws">;
}

/**
 * What the handler of {@linkcode withSqsBatch} returns.
 *
 * @category Wrappers
 */
// The index keeps what is expected of the handler from deciding what `lambdaHandler` returns: where there is
// none, anything would fit. (`NoInfer` is newer than the oldest TypeScript that is supported.)
export type SqsBatchReturn<TReturn, TReport extends boolean | "verified"> = TReport extends
  true | "verified" ? SQSBatchResponse
  : [TReturn][TReturn extends unknown ? 0 : never];

/**
 * Makes a Lambda handler from a record handler: every message is handled individually, and only those
 * that failed return to the queue.
 *
 * It handles and deletes as a {@linkcode PartialSQSProcessor} does, and passes Lambda's context on. The Lambda handler
 *
 * - returns nothing, or what `lambdaHandler` returned, and rejects with an
 *   {@linkcode SQSBatchProcessingError} if not all records were handled;
 * - with `reportItemFailures`, returns Lambda's partial batch response, and rejects only if a hook
 *   threw or, with `"verified"`, if Lambda is not known to read the response.
 *
 * @category Wrappers
 * @typeParam TResult What the record handler returns.
 * @typeParam TReturn What `lambdaHandler` returns.
 * @typeParam TReport What `reportItemFailures` is.
 * @typeParam TSuspectAfter What `suspectAfter` is.
 * @param recordHandler Handles one record.
 * @param options The options of the processor, and what runs after the batch.
 * @returns The Lambda handler.
 * @throws {TypeError} If an argument is of the wrong type, an option does not exist, if
 * `suppressException` or `lambdaHandler` is combined with `reportItemFailures`, or `lambdaHandler` with
 * `suspectAfter`.
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
export function withSqsBatch<
  TResult,
  TReturn = void,
  TReport extends boolean | "verified" = false,
  TSuspectAfter extends number = number,
>(
  recordHandler: RecordHandler<TResult, LambdaRecordContext>,
  options: WithSqsBatchOptions<TReturn, TReport, TSuspectAfter> = {},
): SqsLambdaHandler<SqsBatchReturn<TReturn, TReport>> {
  if (options instanceof BasePartialProcessor) {
    throw new TypeError(
      "Cannot use the options of withSqsBatch(): expected an object, got a processor; " +
        "use withBatchProcessor(processor, recordHandler)",
    );
  }
  checkOptionNames(options, [...SQS_OPTION_NAMES, "lambdaHandler"], "withSqsBatch()");
  // What the types refuse, run time checks: the options may come from JavaScript.
  const { lambdaHandler, ...processorOptions } = options as
    & PartialSQSProcessorOptions
    & WithBatchProcessorOptions<TReturn>;
  const processor = new WrappedSqsProcessor(processorOptions);
  const handler: SqsLambdaHandler<unknown> = lambdaHandler === undefined
    ? withBatchProcessor(processor, recordHandler)
    : withBatchProcessor(processor, recordHandler, { lambdaHandler });
  return handler as SqsLambdaHandler<SqsBatchReturn<TReturn, TReport>>;
}
