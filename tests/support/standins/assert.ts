/**
 * Stand-ins for the functions of `@std/assert` that the tests use, for machines that cannot reach
 * JSR. Same names, same types of arguments, same verdicts; the messages are plainer.
 */
import assertStrict, { AssertionError } from "node:assert/strict";
import { inspect } from "node:util";

export { AssertionError };

// deno-lint-ignore no-explicit-any -- as in @std/assert
type Constructor<T> = new (...args: any[]) => T;

export function assert(value: unknown, message = "Expected a truthy value"): asserts value {
  if (!value) throw new AssertionError({ message });
}

export function assertFalse(value: unknown, message = "Expected a falsy value"): void {
  assert(!value, message);
}

export function assertEquals<T>(actual: T, expected: T, message?: string): void {
  assertStrict.deepStrictEqual(actual, expected, message);
}

export function assertNotEquals<T>(actual: T, expected: T, message?: string): void {
  assertStrict.notDeepStrictEqual(actual, expected, message);
}

export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  message?: string,
): asserts actual is T {
  assertStrict.strictEqual(actual, expected, message);
}

export function assertInstanceOf<T>(
  actual: unknown,
  type: Constructor<T>,
  message = `Expected an instance of ${type.name}, got ${inspect(actual)}`,
): asserts actual is T {
  assert(actual instanceof type, message);
}

export function assertMatch(actual: string, expected: RegExp, message?: string): void {
  assert(expected.test(actual), message ?? `Expected ${inspect(actual)} to match ${expected}`);
}

export function assertStringIncludes(actual: string, expected: string, message?: string): void {
  assert(
    actual.includes(expected),
    message ?? `Expected ${inspect(actual)} to include ${expected}`,
  );
}

export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  // deno-lint-ignore no-explicit-any -- as in @std/assert
  type?: new (...args: any[]) => E,
  includes?: string,
): E {
  let thrown: unknown;
  try {
    fn();
  } catch (error) {
    thrown = error;
    return checkThrown(thrown, type, includes);
  }
  throw new AssertionError({ message: "Expected the function to throw" });
}

export async function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  // deno-lint-ignore no-explicit-any -- as in @std/assert
  type?: new (...args: any[]) => E,
  includes?: string,
): Promise<E> {
  let promise: PromiseLike<unknown>;
  try {
    promise = fn();
  } catch (error) {
    throw new AssertionError({ message: `Expected a rejection, but it threw: ${inspect(error)}` });
  }
  try {
    await promise;
  } catch (error) {
    return checkThrown(error, type, includes);
  }
  throw new AssertionError({ message: "Expected the promise to reject" });
}

function checkThrown<E extends Error>(
  thrown: unknown,
  type: Constructor<E> | undefined,
  includes = "",
): E {
  assertInstanceOf(thrown, (type ?? Error) as Constructor<E>);
  assertStringIncludes(thrown.message, includes);
  return thrown;
}
