import type { Context } from "aws-lambda";
import { abandon } from "./abandon.ts";
import { isObject } from "./shape.ts";
import { hookTimeLeft, untilAborted, withTimeLimit } from "./time_limit.ts";

/**
 * Calls the hooks of a batch, and keeps what they throw: the close throws it, or has it as its cause.
 *
 * No hook is waited for past Lambda's deadline: then nobody would see the records' errors.
 */
export class HookCalls {
  readonly #lambdaContext: Context | undefined;
  readonly #errors: unknown[] = [];

  constructor(lambdaContext: Context | undefined) {
    this.#lambdaContext = lambdaContext;
  }

  /** Has one of them thrown? It may have thrown `undefined`. */
  get threw(): boolean {
    return this.#errors.length > 0;
  }

  /** What was thrown. */
  get error(): unknown {
    return this.#errors.length > 1
      ? new AggregateError(this.#errors, "Several hooks of the processor threw")
      : this.#errors[0];
  }

  /** Keeps an error. */
  keep(error: unknown): void {
    this.#errors.push(error);
  }

  /** Calls a hook. Never rejects. */
  async call(hook: () => void | Promise<void>): Promise<void> {
    try {
      await this.inTime(hook);
    } catch (error) {
      this.keep(error);
    }
  }

  /** Calls a hook that must not give a promise. Never throws. */
  callBlocking(name: string, hook: () => unknown): void {
    try {
      refusePromise(name, hook());
    } catch (error) {
      this.keep(error);
    }
  }

  /** Gives what a hook gives, and rejects with what it throws. */
  async inTime<T>(hook: () => T | Promise<T>): Promise<T> {
    const given = hook();
    const left = hookTimeLeft(this.#lambdaContext);
    if (!isThenable(given) || left === Infinity) return await given;
    return await withTimeLimit(left, (signal) => untilAborted(Promise.resolve(given), signal));
  }
}

function refusePromise(name: string, value: unknown): void {
  if (!isThenable(value)) return;
  abandon(value);
  throw new TypeError(
    `Cannot wait for ${name}() of the processor: it returned a promise under \`using\`; ` +
      "write `await using`",
  );
}

function isThenable(value: unknown): boolean {
  return isObject(value) && typeof value.then === "function";
}
