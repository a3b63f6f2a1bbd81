import { isObject } from "./shape.ts";

/** Whether a value can be awaited. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (isObject(value) || typeof value === "function") &&
    typeof (value as { then?: unknown }).then === "function";
}

/** Marks a possible promise's rejection as handled; Node would exit otherwise. */
export function ignoreRejection(value: unknown): void {
  Promise.resolve(value).catch(() => {});
}

/** Whether a function is an `async` one, as written; code that was compiled down cannot be told. */
export function isAsyncFunction(value: unknown): boolean {
  return Object.prototype.toString.call(value) === "[object AsyncFunction]";
}
