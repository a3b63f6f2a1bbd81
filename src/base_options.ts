import type { Context } from "aws-lambda";
import {
  checkBoolean,
  checkConcurrency,
  checkMilliseconds,
  checkOptionNames,
} from "./internal/check_options.ts";
import { describeShape } from "./internal/shape.ts";

/**
 * Options every processor has.
 *
 * @category Processors
 */
export interface BasePartialProcessorOptions {
  /**
   * How many records are handled at a time: an integer of at least 1, or `Infinity`. In a FIFO queue
   * it counts message groups.
   *
   * @default {10}
   */
  readonly concurrency?: number;
  /**
   * Whether records that failed are silently ignored: the batch closes without an error, and **Lambda
   * then deletes the failed messages too**. Records that were not handled to completion still make it
   * throw, and so do messages that were to be moved (`nonRetryable`) and that no other queue
   * accepted.
   *
   * @default {false}
   */
  readonly suppressException?: boolean;
  /**
   * For a function whose event source mapping has `FunctionResponseTypes:
   * [ReportBatchItemFailures]`: nothing is deleted and nothing is thrown; `batch.response()` lists the
   * messages that are to return, and the wrapper returns it. **With `true` and without
   * `ReportBatchItemFailures` on the mapping, Lambda deletes the failed messages.**
   *
   * With `"verified"`, the first batch with a failure asks Lambda (`ListEventSourceMappings`, at most
   * every ten minutes), and the batch responds only if the mapping has it. In any doubt it deletes and
   * throws, and the error says why (`unverified`). Only for a `PartialSQSProcessor` and what derives from
   * it; needs `@aws-sdk/client-lambda`, `lambda:ListEventSourceMappings` and `sqs:DeleteMessage`.
   *
   * @default {false}
   */
  readonly reportItemFailures?: boolean | "verified";
  /**
   * Time reserved at the end of the invocation, in milliseconds: above 0, at most 5,400,000. When no
   * more is left, no further record starts and the `signal` of running handlers is aborted; at half
   * of it, running handlers are given up. Needs Lambda's context.
   *
   * Towards the end the batch prepares: at three times the reserve the AWS SDK is loaded, at twice the
   * reserve the deletion of what is handled so far begins, while the last handlers still run. (Not where
   * the batch responds, see `reportItemFailures`, nor where `_clean` is overridden.)
   *
   * @default {1000} Plus 10 ms for every ten records beyond the first hundred, but never more than a quarter
   * of what was left at `open()`.
   */
  readonly deadlineReserveMs?: number;
  /**
   * How long a record handler may take, in milliseconds: above 0, at most 5,400,000. After that the
   * record has failed with a `TimeoutError`, and its `signal` is aborted. A handler that ignores the
   * signal keeps running: where its FIFO group goes on (`suppressException`, a `nonRetryable`
   * failure), it runs beside the group's next record.
   *
   * @default {undefined} No limit of its own.
   */
  readonly recordTimeoutMs?: number;
}

/**
 * Options of one batch.
 *
 * @category Processors
 */
export interface OpenOptions {
  /**
   * Lambda's context. With it, record handlers know it, no record starts when too little of the
   * invocation is left (see `deadlineReserveMs`), and closing the batch ends before the deadline.
   */
  readonly context?: Context;
}

/** The names of {@linkcode BasePartialProcessorOptions}. */
export const BASE_OPTION_NAMES: readonly string[] = [
  "concurrency",
  "suppressException",
  "reportItemFailures",
  "deadlineReserveMs",
  "recordTimeoutMs",
];

/** {@linkcode BasePartialProcessorOptions}, checked, with their defaults. */
export interface CheckedBaseOptions {
  readonly concurrency: number;
  readonly suppressException: boolean;
  readonly reportItemFailures: boolean | "verified";
  readonly deadlineReserveMs: number | undefined;
  readonly recordTimeoutMs: number | undefined;
}

/** Options that a processor with steps at SQS hands on to its base. */
const optionsOfSqsProcessors = new WeakSet<object>();

/** Marks options as those of a processor with steps at SQS: only these may say `"verified"`. */
export function ofSqsProcessor<TOptions extends object>(options: TOptions): TOptions {
  optionsOfSqsProcessors.add(options);
  return options;
}

/**
 * Checks the options every processor has.
 *
 * @throws {TypeError} If an option does not exist or is of the wrong type, if `suppressException` and
 * `reportItemFailures` are both set, or if a processor without steps at SQS is to verify.
 * @throws {RangeError} If a number is out of its limits.
 */
export function checkBaseOptions(options: BasePartialProcessorOptions): CheckedBaseOptions {
  checkOptionNames(options, BASE_OPTION_NAMES, "the processor");
  const {
    concurrency = 10,
    suppressException = false,
    reportItemFailures = false,
    deadlineReserveMs,
    recordTimeoutMs,
  } = options;
  checkConcurrency(concurrency);
  checkBoolean(suppressException, "suppressException");
  checkReportItemFailures(reportItemFailures, optionsOfSqsProcessors.has(options));
  if (suppressException && reportItemFailures) {
    throw new TypeError(
      "Cannot use suppressException with reportItemFailures: a response lists every failure",
    );
  }
  checkMilliseconds(deadlineReserveMs, "deadlineReserveMs");
  checkMilliseconds(recordTimeoutMs, "recordTimeoutMs");
  return { concurrency, suppressException, reportItemFailures, deadlineReserveMs, recordTimeoutMs };
}

function checkReportItemFailures(value: unknown, isOfSqsProcessor: boolean): void {
  if (typeof value === "boolean" || (value === "verified" && isOfSqsProcessor)) return;
  if (value === "verified") {
    throw new TypeError(
      'Cannot use reportItemFailures: "verified" needs a processor that derives from ' +
        "PartialSQSProcessor",
    );
  }
  throw new TypeError(
    `Cannot use reportItemFailures: expected a boolean or "verified", got ${describeShape(value)}`,
  );
}
