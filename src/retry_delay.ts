import type { SQSRecord } from "aws-lambda";
import { checkOptionNames } from "./internal/check_options.ts";
import { checkSeconds } from "./internal/check_seconds.ts";
import { ignoreRejection } from "./internal/promises.ts";
import { receiveCountOf } from "./internal/receive_count.ts";
import { describeShape } from "./internal/shape.ts";

/**
 * When a failed message comes back: seconds from 0 to 43,200, or a function that returns them. The
 * function is given the record, what its handler threw, and how often SQS has handed out the message.
 * `undefined` leaves the message to the queue's visibility timeout.
 *
 * @category Failures
 */
export type RetryDelay =
  | number
  | ((record: SQSRecord, error: unknown, receiveCount: number) => number | undefined);

/**
 * @throws {TypeError} If it is not `undefined`, a number or a function.
 * @throws {RangeError} If it is a number below 0 or above 43,200.
 */
export function checkRetryDelay(value: unknown): void {
  if (value === undefined || typeof value === "function") return;
  if (typeof value === "number") return checkSeconds(value, "retryDelay");
  throw new TypeError(
    `Cannot use retryDelay: expected seconds or a function, got ${describeShape(value)}`,
  );
}

/**
 * The delay of one failed message, in whole seconds.
 *
 * @throws {RangeError} If a function gives anything but seconds from 0 to 43,200 or `undefined`.
 */
export function retryDelayOf(
  retryDelay: RetryDelay,
  record: SQSRecord,
  error: unknown,
  receiveCount: number,
): number | undefined {
  const seconds = typeof retryDelay === "function"
    ? retryDelay(record, error, receiveCount)
    : retryDelay;
  if (seconds === undefined) return undefined;
  ignoreRejection(seconds);
  checkSeconds(seconds, "what retryDelay() gave");
  return Math.round(seconds);
}

/**
 * Options of {@linkcode exponentialBackoff}.
 *
 * @category Failures
 */
export interface ExponentialBackoffOptions {
  /**
   * The delay after the first receive, in seconds: above 0.
   *
   * @default {5}
   */
  readonly baseSeconds?: number;
  /**
   * The longest delay, in seconds: at least `baseSeconds`, at most 43,200.
   *
   * @default {900}
   */
  readonly maxSeconds?: number;
  /**
   * `"full"` picks a random delay between 0 and the computed one, so that messages that failed together
   * do not return together. `"none"` takes the computed one.
   *
   * @default {"full"}
   */
  readonly jitter?: "full" | "none";
}

/**
 * Makes a `retryDelay` that doubles with each receive of a message: `baseSeconds`, then two, four and
 * eight times as much, up to `maxSeconds`.
 *
 * It counts receives, not attempts: a message that was received but never handled waits longer too.
 *
 * @category Failures
 * @param options The limits of the delay, and whether it is random.
 * @returns A function of a record, which gives seconds.
 * @throws {TypeError} If an option does not exist or is of the wrong type.
 * @throws {RangeError} If the seconds are out of their limits.
 *
 * @example
 * ```ts
 * import { exponentialBackoff } from "@partial-batch/sqs";
 * import assert from "node:assert/strict";
 * import type { SQSRecord } from "aws-lambda";
 *
 * const delay = exponentialBackoff({ baseSeconds: 10, maxSeconds: 60, jitter: "none" });
 * const received = (times: number) =>
 *   ({ attributes: { ApproximateReceiveCount: String(times) } }) as SQSRecord;
 *
 * assert.deepEqual([1, 2, 3, 4].map((times) => delay(received(times))), [10, 20, 40, 60]);
 * ```
 */
export function exponentialBackoff(
  options: ExponentialBackoffOptions = {},
): (record: SQSRecord, error?: unknown, receiveCount?: number) => number {
  checkOptionNames(options, ["baseSeconds", "maxSeconds", "jitter"], "exponentialBackoff()");
  const { baseSeconds = 5, maxSeconds = 900, jitter = "full" } = options;
  checkSeconds(baseSeconds, "baseSeconds");
  checkSeconds(maxSeconds, "maxSeconds");
  if (baseSeconds === 0 || baseSeconds > maxSeconds) {
    throw new RangeError(
      `Cannot use baseSeconds: expected seconds above 0 and at most maxSeconds, got ${baseSeconds}`,
    );
  }
  if (jitter !== "full" && jitter !== "none") {
    throw new TypeError(
      `Cannot use jitter: expected "full" or "none", got ${describeShape(jitter)}`,
    );
  }
  return (record, _error, receiveCount = receiveCountOf(record)) => {
    const full = Math.min(maxSeconds, baseSeconds * 2 ** (receiveCount - 1));
    return jitter === "none" ? full : Math.random() * full;
  };
}
