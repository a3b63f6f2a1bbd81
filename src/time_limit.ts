import type { Context } from "aws-lambda";

/** What of an invocation is kept back for the error to reach Lambda. */
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
  return Math.max(0, Math.min(limitMs, remainingMs(lambdaContext) - KEPT_FOR_THROWING_MS));
}

/** What an `AbortSignal.timeout()` would have as its reason. */
export function timeoutError(message: string): DOMException {
  return new DOMException(message, "TimeoutError");
}

/** Runs `work` with a signal that is aborted after `limitMs`. */
export async function withTimeLimit<T>(
  limitMs: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), limitMs);
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
