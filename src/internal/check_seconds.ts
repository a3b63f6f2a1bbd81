import { describeShape } from "./shape.ts";

/** The longest visibility timeout (Amazon SQS developer guide, Visibility timeout). */
const MAX_SECONDS = 43_200;

/**
 * Checks a number of seconds for a visibility timeout.
 *
 * @throws {TypeError} If the value is not a number.
 * @throws {RangeError} If it is not from 0 to 43,200.
 */
export function checkSeconds(value: unknown, name: string): asserts value is number {
  if (typeof value === "number" && value >= 0 && value <= MAX_SECONDS) return;
  const message = `Cannot use ${name}: expected seconds from 0 to ${MAX_SECONDS}, got ${
    describeShape(value)
  }`;
  throw typeof value === "number" ? new RangeError(message) : new TypeError(message);
}
