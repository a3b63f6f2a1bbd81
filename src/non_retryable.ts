import type { SQSRecord } from "aws-lambda";
import { checkOptionNames } from "./internal/check_options.ts";
import { ignoreRejection } from "./internal/promises.ts";
import { describeShape, isObject, typeNameOnly } from "./internal/shape.ts";

/**
 * A class of errors.
 *
 * @category Failures
 */
// deno-lint-ignore no-explicit-any -- a class with any constructor, as `instanceof` takes
export type ErrorClass = abstract new (...args: any[]) => unknown;

/**
 * Which failures can never succeed, and what becomes of their messages.
 *
 * @category Failures
 */
export interface NonRetryable {
  /**
   * Which failures: those with an error of one of these classes, or those for which the function
   * returns `true`.
   */
  readonly when: readonly ErrorClass[] | ((error: unknown, record: SQSRecord) => boolean);
  /**
   * What becomes of their messages:
   * - `"dead-letter-queue"`: moved to the target of the source queue's own `RedrivePolicy`;
   * - `{ queueUrl }`: moved to this queue, which must not be the source queue;
   * - `"delete"`: given up.
   *
   * A message of a fair queue keeps its `MessageGroupId`.
   *
   * @default {"dead-letter-queue"}
   */
  readonly to?: "dead-letter-queue" | "delete" | { readonly queueUrl: string };
  /**
   * Whether a moved message tells why it was moved, in message attributes: `PartialBatch.ErrorName`,
   * `PartialBatch.MessageId`, `PartialBatch.SourceQueue`, `PartialBatch.FunctionName`,
   * `PartialBatch.ReceiveCount` and `PartialBatch.MovedAt`. With `"with-error-message"` the second one is
   * `PartialBatch.ErrorMessage`, cut to 1,024 bytes: **an error's message may quote its message's body,
   * and whoever can read the other queue can read it.**
   *
   * They are added in this order, as far as there is room: a message has at most ten attributes and
   * 1,048,576 bytes (Amazon SQS developer guide, "Amazon SQS message quotas"). The message's own
   * attributes are kept; attributes of these names, from a move before, are replaced. If SQS refuses a
   * message with them, it is sent once more without them. Not with `to: "delete"`.
   *
   * @default {false} A message is moved exactly as it came.
   */
  readonly failureAttributes?: boolean | "with-error-message";
}

/** @throws {TypeError} If it is not `undefined` and not a {@linkcode NonRetryable}. */
export function checkNonRetryable(value: unknown): void {
  if (value === undefined) return;
  checkOptionNames(value, ["when", "to", "failureAttributes"], "nonRetryable");
  const { when, to, failureAttributes } = value as Record<string, unknown>;
  checkWhen(when);
  checkTarget(to);
  checkFailureAttributes(failureAttributes, to);
}

/** @throws {TypeError} If it is neither an array of error classes nor a function. */
function checkWhen(when: unknown): void {
  const isClasses = Array.isArray(when) && when.every(isErrorClass);
  if (!isClasses && (typeof when !== "function" || isErrorClass(when))) {
    throw new TypeError(
      "Cannot use nonRetryable.when: expected an array of error classes or a function, got " +
        (isErrorClass(when) ? "a class, put it into an array" : describeShape(when)),
    );
  }
}

/** @throws {TypeError} If it is neither `undefined` nor a target. */
function checkTarget(to: unknown): void {
  if (to === undefined || to === "dead-letter-queue" || to === "delete") return;
  if (isObject(to) && isQueueUrl(to.queueUrl)) return;
  throw new TypeError(
    'Cannot use nonRetryable.to: expected "dead-letter-queue", "delete" or { queueUrl } with an ' +
      `http or https URL, got ${describeShape(to)}`,
  );
}

/** @throws {TypeError} If it is neither `undefined` nor a choice of attributes, or if nothing is moved. */
function checkFailureAttributes(value: unknown, to: unknown): void {
  if (value === undefined || value === false) return;
  if (value !== true && value !== "with-error-message") {
    throw new TypeError(
      'Cannot use nonRetryable.failureAttributes: expected a boolean or "with-error-message", got ' +
        describeShape(value),
    );
  }
  if (to !== "delete") return;
  throw new TypeError(
    'Cannot use nonRetryable.failureAttributes with to: "delete": a deleted message tells nothing',
  );
}

/** An ARN parses as a URL too. */
function isQueueUrl(value: unknown): boolean {
  return typeof value === "string" && URL.canParse(value) &&
    /^https?:$/.test(new URL(value).protocol);
}

/** A predicate has no prototype with a constructor of its own that makes errors. */
function isErrorClass(value: unknown): boolean {
  if (typeof value !== "function") return false;
  return value === Error || value.prototype instanceof Error || /^class\b/.test(String(value));
}

/**
 * Whether a failure can never succeed.
 *
 * @throws {TypeError} If `when` gives anything but a boolean: a promise must not read as `true`.
 */
export function isNonRetryable(
  { when }: NonRetryable,
  record: SQSRecord,
  error: unknown,
): boolean {
  if (typeof when !== "function") return when.some((each) => error instanceof each);
  const answer: unknown = when(error, record);
  if (typeof answer === "boolean") return answer;
  ignoreRejection(answer);
  throw new TypeError(
    `Cannot use what nonRetryable.when() gave: expected a boolean, got ${typeNameOnly(answer)}`,
  );
}
