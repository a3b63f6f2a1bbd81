import { describeShape, isObject } from "./shape.ts";

/**
 * Refuses options that are not an object, and options that do not exist: a misspelt
 * `supressException` must not be read as "not set".
 *
 * @throws {TypeError} If `options` is not an object or has a key that is not in `known`.
 */
export function checkOptionNames(options: unknown, known: readonly string[], owner: string): void {
  if (!isObject(options) || Array.isArray(options)) {
    throw new TypeError(
      `Cannot read the options of ${owner}: expected an object, got ${describeShape(options)}`,
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

/** @throws {TypeError} If the value is not a boolean. */
export function checkBoolean(value: unknown, name: string): void {
  if (typeof value === "boolean") return;
  throw new TypeError(`Cannot use ${name}: expected a boolean, got ${describeShape(value)}`);
}

/** @throws {TypeError} If the value is not a function. */
export function checkFunction(value: unknown, name: string): void {
  if (typeof value === "function") return;
  throw new TypeError(`Cannot use ${name}: expected a function, got ${describeShape(value)}`);
}

/**
 * Checks a handler of records. A generator function is refused: calling one runs none of its code,
 * and its record would count as handled.
 *
 * @throws {TypeError} If the value is not a function, or is a generator function.
 */
export function checkHandler(value: unknown, name: string): void {
  checkFunction(value, name);
  const tag = Object.prototype.toString.call(value);
  if (tag !== "[object GeneratorFunction]" && tag !== "[object AsyncGeneratorFunction]") return;
  throw new TypeError(
    `Cannot use ${name}: expected a function that handles a record when it is called, got a ` +
      "generator function",
  );
}

/**
 * @throws {TypeError} If the value is not a number.
 * @throws {RangeError} If it is neither `Infinity` nor an integer of at least 1.
 */
export function checkConcurrency(value: unknown): void {
  if (typeof value !== "number") {
    throw new TypeError(`Cannot use concurrency: expected a number, got ${describeShape(value)}`);
  }
  if (value === Infinity || (Number.isInteger(value) && value >= 1)) return;
  throw new RangeError(
    `Cannot use concurrency: expected an integer of at least 1 or Infinity, got ${value}`,
  );
}

/** The longest invocation: 90 minutes (Lambda developer guide, Lambda Managed Instances). */
const MAX_MILLISECONDS = 5_400_000;

/**
 * @throws {TypeError} If the value is not `undefined` and not a number.
 * @throws {RangeError} If it is not above 0 and at most 5,400,000.
 */
export function checkMilliseconds(value: unknown, name: string): void {
  if (value === undefined) return;
  if (typeof value !== "number") {
    throw new TypeError(`Cannot use ${name}: expected a number, got ${describeShape(value)}`);
  }
  if (value > 0 && value <= MAX_MILLISECONDS) return;
  throw new RangeError(
    `Cannot use ${name}: expected milliseconds above 0 and at most ${MAX_MILLISECONDS}, got ${value}`,
  );
}
