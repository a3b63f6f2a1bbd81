import type { Context } from "aws-lambda";

/** What of an invocation is kept back for the error to reach Lambda: at most a quarter of the rest. */
const KEPT_FOR_THROWING_MS = 100;

/**
 * How much of the invocation is left, in milliseconds; `Infinity` without a context, or with one
 * that has no clock (a test's `{}`).
 */
export function remainingMs(lambdaContext: Context | undefined): number {
  return lambdaContext?.getRemainingTimeInMillis?.() ?? Infinity;
}

/** How long a step at the end of a batch may take: `limitMs`, but never past Lambda's deadline. */
export function timeLeft(limitMs: number, lambdaContext: Context | undefined): number {
  const remaining = remainingMs(lambdaContext);
  return Math.max(0, Math.min(limitMs, remaining - keptMs(remaining)));
}

/** How long a hook may take: a little more than what it asks of SQS, so that this can be reported. */
export function hookTimeLeft(lambdaContext: Context | undefined): number {
  const remaining = remainingMs(lambdaContext);
  return Math.max(0, remaining - keptMs(remaining) / 2);
}

function keptMs(remaining: number): number {
  return Math.min(KEPT_FOR_THROWING_MS, remaining / 4);
}

/** What an `AbortSignal.timeout()` would have as its reason. */
export function timeoutError(message: string): DOMException {
  return new DOMException(message, "TimeoutError");
}

/** The longest delay of a timer. A longer one, of a test's context, would fire at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** A timer that never fires before its time. */
export function startTimer(step: () => void, delayMs: number): ReturnType<typeof setTimeout> {
  return setTimeout(step, Math.min(delayMs, MAX_DELAY_MS));
}

/** Runs `work` with a signal that is aborted after `limitMs`, with a `TimeoutError` as its reason. */
export async function withTimeLimit<T>(
  limitMs: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const abort = new AbortController();
  const timer = startTimer(() => abort.abort(timeoutError("The time was over first")), limitMs);
  try {
    return await work(abort.signal);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits for `promise`, but no longer than until `signal` is aborted: a client may ignore it. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** Waits, but no longer than until `signal` is aborted. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const elapsed = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await untilAborted(elapsed, signal).catch(() => clearTimeout(timer));
}
