import { isObject, shapeOf } from "./shape.ts";

/**
 * Refuses options that are no object, and options nobody knows: a misspelt `supressException`
 * must not be read as "not set".
 *
 * @throws {TypeError} If `options` is no object or has a key that is not in `known`.
 */
export function checkOptionNames(options: unknown, known: readonly string[], owner: string): void {
  if (!isObject(options) || Array.isArray(options)) {
    throw new TypeError(
      `Cannot read the options of ${owner}: expected an object, got ${shapeOf(options)}`,
    );
  }
  const unknown = Object.keys(options).filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  throw new TypeError(
    `Cannot use the option "${unknown.join('", "')}" of ${owner}: expected one of ${
      known.join(", ")
    }`,
  );
}

/** @throws {TypeError} If the value is no boolean. */
export function checkBoolean(value: unknown, name: string): void {
  if (typeof value === "boolean") return;
  throw new TypeError(`Cannot use ${name}: expected a boolean, got ${shapeOf(value)}`);
}

/** @throws {TypeError} If the value is no function. */
export function checkFunction(value: unknown, name: string): void {
  if (typeof value === "function") return;
  throw new TypeError(`Cannot use ${name}: expected a function, got ${shapeOf(value)}`);
}

/**
 * @throws {TypeError} If the value is no number.
 * @throws {RangeError} If it is neither `Infinity` nor an integer of at least 1.
 */
export function checkConcurrency(value: unknown): void {
  if (typeof value !== "number") {
    throw new TypeError(`Cannot use concurrency: expected a number, got ${shapeOf(value)}`);
  }
  if (value === Infinity || (Number.isInteger(value) && value >= 1)) return;
  throw new RangeError(
    `Cannot use concurrency: expected an integer of at least 1 or Infinity, got ${value}`,
  );
}

/** No invocation lasts longer (Lambda developer guide, Lambda quotas). */
const MAX_MILLISECONDS = 900_000;

/**
 * @throws {TypeError} If the value is neither `undefined` nor a number.
 * @throws {RangeError} If it is not above 0 and at most 900,000.
 */
export function checkMilliseconds(value: unknown, name: string): void {
  if (value === undefined) return;
  if (typeof value !== "number") {
    throw new TypeError(`Cannot use ${name}: expected a number, got ${shapeOf(value)}`);
  }
  if (value > 0 && value <= MAX_MILLISECONDS) return;
  throw new RangeError(
    `Cannot use ${name}: expected milliseconds above 0 and at most ${MAX_MILLISECONDS}, got ${value}`,
  );
}
