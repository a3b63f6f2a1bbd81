import { checkOptionNames } from "./internal/check_options.ts";
import { checkSeconds } from "./internal/check_seconds.ts";
import { isObject } from "./internal/shape.ts";

/**
 * Options of a {@linkcode StopBatchError}.
 *
 * @category Errors
 */
export interface StopBatchErrorOptions {
  /** What made it impossible to go on. */
  readonly cause?: unknown;
  /**
   * When the failed and the unprocessed messages of the batch come back: seconds from 0 to 43,200. It
   * takes the place of `retryDelay` and needs `sqs:ChangeMessageVisibility` on the queue.
   *
   * @default {undefined} After the queue's visibility timeout, or as `retryDelay` says.
   */
  readonly retryAfterSeconds?: number;
}

/** Known to every copy of the library: a function may have one in a layer and one in its bundle. */
const BRAND = Symbol.for("@partial-batch/sqs StopBatchError");

/** Whether an error stops the batch. */
export function isStopBatchError(error: unknown): error is StopBatchError {
  try {
    return isObject(error) && error[BRAND] === true;
  } catch {
    // What cannot be read is no error of ours, and has failed its record all the same.
    return false;
  }
}

/**
 * Thrown by a record handler to stop its batch: what it needs is down, and handling more records would
 * only make more failures.
 *
 * - Its record has failed. No further record starts, in no message group; the rest is `unprocessed` with
 *   the reason `"stopped"`.
 * - Handlers that are running are told by their `signal`, with this error as its reason. What they still
 *   handle counts; a record that fails after that is `unprocessed` too.
 * - Its message returns in any case, even under `suppressException` and whatever `nonRetryable` or a hook
 *   says: it is not at fault. But if the record had already failed by `recordTimeoutMs`, what was decided
 *   about that failure stands.
 *
 * @category Errors
 *
 * @example A function whose warehouse may be down
 * ```ts
 * import { StopBatchError, withSqsBatch } from "@partial-batch/sqs";
 *
 * export const handler = withSqsBatch(async (record, { signal }) => {
 *   const { id } = JSON.parse(record.body);
 *   const { status } = await fetch(`https://warehouse.example/ship/${id}`, { signal });
 *   if (status === 503) {
 *     throw new StopBatchError("The warehouse is down", { retryAfterSeconds: 120 });
 *   }
 * });
 * ```
 */
export class StopBatchError extends Error {
  /** When the messages come back, in seconds, if that was said. */
  readonly retryAfterSeconds: number | undefined;

  static {
    Object.defineProperty(this.prototype, "name", {
      value: "StopBatchError",
      configurable: true,
      writable: true,
    });
    Object.defineProperty(this.prototype, BRAND, { value: true });
  }

  /**
   * Makes the error.
   *
   * @param message Why the batch is stopped.
   * @param options The cause, and when the messages come back.
   * @throws {TypeError} If an option does not exist or is of the wrong type.
   * @throws {RangeError} If the seconds are out of their limits.
   */
  constructor(message = "The batch was stopped", options: StopBatchErrorOptions = {}) {
    checkOptionNames(options, ["cause", "retryAfterSeconds"], "StopBatchError");
    const { retryAfterSeconds, ...rest } = options;
    super(message, rest);
    if (retryAfterSeconds !== undefined) checkSeconds(retryAfterSeconds, "retryAfterSeconds");
    this.retryAfterSeconds = retryAfterSeconds;
  }
}
