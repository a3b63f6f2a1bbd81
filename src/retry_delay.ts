import type { SQSRecord } from "aws-lambda";
import { abandon } from "./abandon.ts";
import { checkFunction, checkOptionNames } from "./check_options.ts";
import { shapeOf } from "./shape.ts";

/** The longest visibility timeout (Amazon SQS developer guide, Visibility timeout). */
const MAX_SECONDS = 43_200;

/**
 * When a failed message comes back: seconds from 0 to 43,200, or a function that gives them.
 * `undefined` leaves the message to the queue's own visibility timeout.
 */
export type RetryDelay =
  | number
  | ((record: SQSRecord, error: unknown) => number | undefined);

/**
 * @throws {TypeError} If it is neither `undefined`, nor a number, nor a function.
 * @throws {RangeError} If it is a number below 0 or above 43,200.
 */
export function checkRetryDelay(value: unknown): void {
  if (value === undefined) return;
  if (typeof value !== "number") return checkFunction(value, "retryDelay");
  checkSeconds(value, "retryDelay");
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
): number | undefined {
  const seconds = typeof retryDelay === "function" ? retryDelay(record, error) : retryDelay;
  if (seconds === undefined) return undefined;
  abandon(seconds);
  checkSeconds(seconds, "what retryDelay() gave");
  return Math.round(seconds);
}

/** Options of {@linkcode exponentialBackoff}. */
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
   * `"full"` takes a delay by chance between 0 and the computed one, so that messages that failed
   * together don't return together. `"none"` takes the computed one.
   *
   * @default {"full"}
   */
  readonly jitter?: "full" | "none";
}

/**
 * Makes a `retryDelay` that doubles with each receive of a message: `baseSeconds`, then twice, four
 * times, eight times as much, up to `maxSeconds`.
 *
 * It goes by receives, not by attempts: a message that was received and never handled waits longer
 * too.
 *
 * @throws {TypeError} If an option is unknown or of the wrong type.
 * @throws {RangeError} If the seconds are out of their limits.
 *
 * @example
 * ```ts
 * import { exponentialBackoff } from "@partial-batch/sqs";
 * import { assertEquals } from "@std/assert";
 * import type { SQSRecord } from "aws-lambda";
 *
 * const delay = exponentialBackoff({ baseSeconds: 10, maxSeconds: 60, jitter: "none" });
 * const received = (times: number) =>
 *   ({ attributes: { ApproximateReceiveCount: String(times) } }) as SQSRecord;
 *
 * assertEquals([1, 2, 3, 4].map((times) => delay(received(times))), [10, 20, 40, 60]);
 * ```
 */
export function exponentialBackoff(
  options: ExponentialBackoffOptions = {},
): (record: SQSRecord) => number {
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
    throw new TypeError(`Cannot use jitter: expected "full" or "none", got ${shapeOf(jitter)}`);
  }
  return (record) => {
    const full = Math.min(maxSeconds, baseSeconds * 2 ** (receiveCountOf(record) - 1));
    return jitter === "none" ? full : Math.random() * full;
  };
}

/** How often SQS has handed a message out; 1 where the record does not tell. */
export function receiveCountOf({ attributes }: SQSRecord): number {
  return Number(attributes?.ApproximateReceiveCount) || 1;
}

function checkSeconds(value: unknown, name: string): void {
  if (typeof value === "number" && value >= 0 && value <= MAX_SECONDS) return;
  const message = `Cannot use ${name}: expected seconds from 0 to ${MAX_SECONDS}, got ${
    shapeOf(value)
  }`;
  throw typeof value === "number" ? new RangeError(message) : new TypeError(message);
}
