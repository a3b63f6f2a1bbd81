import type { Context } from "aws-lambda";
import {
  checkBoolean,
  checkConcurrency,
  checkMilliseconds,
  checkOptionNames,
} from "./internal/check_options.ts";

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
   * messages that are to return, and the wrapper returns it. **Without `ReportBatchItemFailures` on
   * the mapping, Lambda deletes the failed messages**, and no code can detect that.
   *
   * @default {false}
   */
  readonly reportItemFailures?: boolean;
  /**
   * Time reserved at the end of the invocation, in milliseconds: above 0, at most 5,400,000. When no
   * more is left, no further record starts and the `signal` of running handlers is aborted; at half
   * of it, running handlers are given up. Needs Lambda's context.
   *
   * Towards the end the batch prepares: at three times the reserve the AWS SDK is loaded, at twice the
   * reserve the deletion of what is handled so far begins, while the last handlers still run. (Not with
   * `reportItemFailures`, nor where `_clean` is overridden.)
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
  readonly reportItemFailures: boolean;
  readonly deadlineReserveMs: number | undefined;
  readonly recordTimeoutMs: number | undefined;
}

/**
 * Checks the options every processor has.
 *
 * @throws {TypeError} If an option does not exist or is of the wrong type, or if `suppressException`
 * and `reportItemFailures` are both set.
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
  checkBoolean(reportItemFailures, "reportItemFailures");
  if (suppressException && reportItemFailures) {
    throw new TypeError(
      "Cannot use suppressException with reportItemFailures: a response lists every failure",
    );
  }
  checkMilliseconds(deadlineReserveMs, "deadlineReserveMs");
  checkMilliseconds(recordTimeoutMs, "recordTimeoutMs");
  return { concurrency, suppressException, reportItemFailures, deadlineReserveMs, recordTimeoutMs };
}
