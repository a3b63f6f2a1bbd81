import {
  checkBoolean,
  checkConcurrency,
  checkMilliseconds,
  checkOptionNames,
} from "./check_options.ts";

/** Options every processor has. */
export interface BasePartialProcessorOptions {
  /**
   * How many records are handled at a time: an integer of at least 1, or `Infinity`.
   *
   * @default {10}
   */
  readonly concurrency?: number;
  /**
   * Says nothing of records that failed: the batch closes without an error, and **Lambda then
   * deletes the failed messages too**. Records that were not looked at still make it throw, and so
   * do messages that were to be moved (`nonRetryable`) and that no other queue accepted.
   *
   * @default {false}
   */
  readonly suppressException?: boolean;
  /**
   * For a function whose event source mapping has `FunctionResponseTypes:
   * [ReportBatchItemFailures]`: nothing is deleted and nothing is thrown; `batch.response()` lists
   * the messages that are to return, and the wrapper returns it. **Without `ReportBatchItemFailures`
   * on the mapping, Lambda deletes the failed messages**, and no code can detect that.
   *
   * @default {false}
   */
  readonly reportItemFailures?: boolean;
  /**
   * How much of the invocation is kept back, in milliseconds: above 0, at most 900,000. When no more
   * is left, no record starts any more and the `signal` of running handlers is aborted; at half of
   * it, running handlers are given up. Needs Lambda's context.
   *
   * @default {1000} Never more than a quarter of what was left at `open()`.
   */
  readonly deadlineReserveMs?: number;
  /**
   * How long a record handler may take, in milliseconds: above 0, at most 900,000. After it the
   * record has failed with a `TimeoutError`, and its `signal` is aborted. A handler that does not heed
   * the signal goes on all the same: where its FIFO group goes on too (`suppressException`, a
   * `nonRetryable` failure), it runs beside the group's next record.
   *
   * @default {undefined} No limit of its own.
   */
  readonly recordTimeoutMs?: number;
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
 * @throws {TypeError} If an option is unknown or of the wrong type, or if `suppressException` and
 * `reportItemFailures` are both set.
 * @throws {RangeError} If a number is out of its limits.
 */
export function checkedBaseOptions(options: BasePartialProcessorOptions): CheckedBaseOptions {
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
    throw new TypeError("Cannot use suppressException with reportItemFailures");
  }
  checkMilliseconds(deadlineReserveMs, "deadlineReserveMs");
  checkMilliseconds(recordTimeoutMs, "recordTimeoutMs");
  return { concurrency, suppressException, reportItemFailures, deadlineReserveMs, recordTimeoutMs };
}
