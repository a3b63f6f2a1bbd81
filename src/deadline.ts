import type { Context } from "aws-lambda";
import { remainingMs, startTimer, timeoutError } from "./time_limit.ts";

const DEFAULT_RESERVE_MS = 1_000;

/** What happens as the end of an invocation comes near. */
export interface DeadlineSteps {
  /** Twice the reserve is left. */
  near(): void;
  /** No more than the reserve is left. */
  passed(reason: DOMException): void;
}

/**
 * The end of an invocation, as a batch sees it: when no more than the reserve is left, no record
 * starts any more; at half the reserve, what still runs is given up.
 *
 * Without a context that has a clock, there is none.
 */
export class Deadline {
  readonly #context: Context | undefined;
  readonly #reserveMs: number;
  #timers: ReturnType<typeof setTimeout>[] = [];
  #givenUp: Promise<never> | undefined;
  #told = false;
  #over = false;

  /** `reserveMs` is by default 1,000, but never more than a quarter of what is left now. */
  constructor(context: Context | undefined, reserveMs: number | undefined) {
    this.#context = context;
    this.#reserveMs = reserveMs ?? Math.min(DEFAULT_RESERVE_MS, remainingMs(context) / 4);
  }

  /**
   * May no record start any more? By the clock too: a busy thread keeps the timers waiting. And not
   * by the clock alone: a timer may fire a moment early, and what starts after it would not be told.
   */
  get passed(): boolean {
    return this.#told || remainingMs(this.#context) <= this.#reserveMs;
  }

  /** Is what still runs given up? */
  get over(): boolean {
    return this.#over;
  }

  /** Starts the timers. */
  start({ near, passed }: DeadlineSteps): void {
    const remaining = remainingMs(this.#context);
    if (remaining === Infinity) return;
    const atReserve = (times: number, step: () => void) => {
      const delay = Math.max(0, remaining - times * this.#reserveMs);
      this.#timers.push(startTimer(step, delay));
    };
    const reason = timeoutError("The invocation has too little time left");
    atReserve(2, near);
    atReserve(1, () => {
      this.#told = true;
      passed(reason);
    });
    this.#givenUp = new Promise((_, reject) => {
      atReserve(1 / 2, () => {
        this.#over = true;
        reject(reason);
      });
    });
    this.#givenUp.catch(() => {});
  }

  /** Stops the timers. */
  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  /** Waits for work, but not after it was given up: then it rejects, and the work's end is ignored. */
  untilOver<T>(work: Promise<T>): Promise<T> {
    return this.#givenUp ? Promise.race([work, this.#givenUp]) : work;
  }
}
