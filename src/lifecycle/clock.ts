import type { Context } from "aws-lambda";
import { withStackFrames } from "../internal/stack_frames.ts";

/** The default reserve, in milliseconds: this much, plus a little for each request that may be sent. */
const DEFAULT_RESERVE_MS = 1_000;
const RESERVE_PER_REQUEST_MS = 10;

/**
 * Kept for the error to reach Lambda, in milliseconds; at most a third of what is left. Timers are late on
 * a busy thread.
 */
const KEPT_FOR_THROWING_MS = 150;

/** The longest delay of a timer. A longer one, from a test's context, would fire at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** What happens as the end of an invocation draws near. */
export interface ClockSteps {
  /** Three times the reserve is left. */
  inSight(): void;
  /** Twice the reserve is left. */
  near(): void;
  /** No more than the reserve is left. */
  reserveReached(reason: DOMException): void;
}

/**
 * The time of an invocation, as a batch sees it, and the place that decides how long a step may take:
 *
 * - at three times the reserve the batch is told that the end is in sight, at twice that it is near;
 * - when no more than the reserve is left, no record starts any more;
 * - at half the reserve, records that are still being handled are given up;
 * - what comes after (settling, closing) ends in time for the error to reach Lambda.
 *
 * Without a Lambda context that has a working clock there is no end.
 */
export class Clock {
  readonly #context: Context | undefined;
  readonly #reserveMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #reserveTold = false;
  #isGivenUp = false;
  /** Tells whoever waits for work that it is given up. */
  #giveUp: () => void = () => {};

  /**
   * The reserve is by default 1,000 ms plus 10 ms for each of `requests`, but never more than a quarter of
   * what is left now.
   */
  constructor(context: Context | undefined, reserveMs: number | undefined, requests = 0) {
    this.#context = context;
    const wanted = DEFAULT_RESERVE_MS + requests * RESERVE_PER_REQUEST_MS;
    this.#reserveMs = reserveMs ?? Math.min(wanted, this.remainingMs() / 4);
  }

  /** What is left of the invocation, in milliseconds; `Infinity` without a clock that works. */
  remainingMs(): number {
    if (this.#context === undefined) return Infinity;
    try {
      const remaining: unknown = this.#context.getRemainingTimeInMillis();
      return typeof remaining === "number" && !Number.isNaN(remaining) ? remaining : Infinity;
    } catch {
      return Infinity;
    }
  }

  /**
   * Whether no record may start any more. The clock is asked too, because a busy thread delays
   * timers; and not the clock alone, because a timer may fire a moment early, and a record that
   * started after it would not be told.
   */
  get isReserveReached(): boolean {
    return this.#reserveTold || this.remainingMs() <= this.#reserveMs;
  }

  /** How long until the reserve begins, in milliseconds; not above 0 once it has. */
  get untilReserveMs(): number {
    return this.isReserveReached ? 0 : this.remainingMs() - this.#reserveMs;
  }

  /** Whether no more than twice the reserve is left. */
  get isEndNear(): boolean {
    return this.remainingMs() <= 2 * this.#reserveMs;
  }

  /** Starts the timers. */
  start({ inSight, near, reserveReached }: ClockSteps): void {
    if (this.remainingMs() === Infinity) return;
    const reserveMs = this.#reserveMs;
    const giveUp = () => {
      this.#isGivenUp = true;
      this.#giveUp();
    };
    const reach = () => {
      this.#reserveTold = true;
      reserveReached(timeoutError("The invocation has too little time left"));
      this.#whenLeft(reserveMs / 2, reserveMs / 2, giveUp);
    };
    const draw = () => {
      near();
      this.#whenLeft(reserveMs, reserveMs, reach);
    };
    this.#whenLeft(3 * reserveMs, Infinity, () => {
      inSight();
      this.#whenLeft(2 * reserveMs, reserveMs, draw);
    });
  }

  /** Goes by the clock, because a busy thread delays timers; but a test's clock may stand still. */
  #whenLeft(leftMs: number, limitMs: number, step: () => void): void {
    this.#timer = startTimer(step, Math.min(this.remainingMs() - leftMs, limitMs));
  }

  /** Stops the timers. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Waits for work until it is given up. Returns whether it ended in time; rejects as it does. */
  isInTime(work: PromiseLike<unknown>): Promise<boolean> {
    return new Promise((resolve, reject) => {
      // A hook's thenable may fulfil with another promise.
      Promise.resolve(work).then(() => resolve(true), reject);
      this.#giveUp = () => resolve(false);
      // What has ended already is still in time.
      if (this.#isGivenUp) Promise.resolve().then(this.#giveUp);
    });
  }

  /** Waits for a hook, but not past the end of the invocation: nobody would see the errors then. */
  async waitForHook(name: string, given: PromiseLike<unknown>): Promise<void> {
    const remaining = this.remainingMs();
    // A little longer than what a hook may ask of SQS, so that it can report the outcome.
    const limitMs = remaining - keptMs(remaining) / 2;
    const message = `${name}() did not settle in time`;
    if (remaining === Infinity) await given;
    else await withTimeLimit(limitMs, (limit) => limit.wait(Promise.resolve(given)), message);
  }

  /**
   * How long a step at SQS may take, in milliseconds: `limitMs`, but no more than its share of what
   * is left, so that the steps after it have some too.
   */
  stepMs(limitMs: number, share: number): number {
    const remaining = this.remainingMs();
    return Math.max(0, Math.min(limitMs, (remaining - keptMs(remaining)) * share));
  }
}

function keptMs(remaining: number): number {
  return remaining === Infinity ? 0 : Math.min(KEPT_FOR_THROWING_MS, remaining / 3);
}

/** An error like the reason of `AbortSignal.timeout()`. Its stack frames would all be a timer's. */
export function timeoutError(message: string): DOMException {
  return withStackFrames(0, () => new DOMException(message, "TimeoutError"));
}

/** Starts a timer, whatever the delay. */
export function startTimer(step: () => void, delayMs: number): ReturnType<typeof setTimeout> {
  return setTimeout(step, delayMs > 0 ? Math.min(delayMs, MAX_DELAY_MS) : 0);
}

/** A span of time, after which work is given up. */
export class TimeLimit {
  readonly #end: Promise<never>;
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #controllers = new Set<AbortController>();
  readonly #endNow: () => void;
  #isOver = false;

  constructor(limitMs: number, message = "Timed out") {
    let reject: (reason: unknown) => void;
    this.#end = new Promise((_, rejectEnd) => reject = rejectEnd);
    this.#end.catch(() => {});
    this.#endNow = () => {
      const reason = timeoutError(message);
      this.#isOver = true;
      reject(reason);
      for (const controller of this.#controllers) controller.abort(reason);
    };
    this.#timer = startTimer(this.#endNow, limitMs);
  }

  /** Ends the time early. */
  end(): void {
    this.stop();
    this.#endNow();
  }

  /** Whether the time is over. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Waits for a promise until the time is over: a client may ignore its signal. */
  wait<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.#end]);
  }

  /**
   * Calls `work` with a signal and waits for it until the time is over. Each call has a signal of its
   * own: the AWS SDK leaves its listeners on the signal, and Node warns from the eleventh on.
   */
  async waitFor<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#isOver) return await this.#end;
    const controller = new AbortController();
    this.#controllers.add(controller);
    try {
      return await this.wait(work(controller.signal));
    } finally {
      this.#controllers.delete(controller);
    }
  }

  /** Pauses, at most until the time is over. */
  async pause(milliseconds: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const elapsed = new Promise<void>((resolve) => timer = startTimer(resolve, milliseconds));
    await this.wait(elapsed).catch(() => clearTimeout(timer));
  }

  /** Stops its timer. */
  stop(): void {
    clearTimeout(this.#timer);
  }
}

/** Runs work that is given up after `limitMs`. */
export async function withTimeLimit<T>(
  limitMs: number,
  work: (limit: TimeLimit) => Promise<T>,
  message?: string,
): Promise<T> {
  const limit = new TimeLimit(limitMs, message);
  try {
    return await work(limit);
  } finally {
    limit.stop();
  }
}
