import type { RecordMessage } from "../diagnostics.ts";

/** Calls a record's handler with something active around it: `handle()`, at once and once. */
export type Around = (message: RecordMessage, handle: () => void) => void;

const arounds = new Set<Around>();

/**
 * Puts something around the record handlers of batches that are opened from now on: the one slot for
 * entry points that make something active inside a handler.
 *
 * @returns Takes it off again, for all batches.
 */
export function putAround(around: Around): Disposable {
  const own: Around = (message, handle) => around(message, handle);
  arounds.add(own);
  return { [Symbol.dispose]: () => void arounds.delete(own) };
}

/** Whether there is anything to be active around a handler. */
export function isAnythingAround(): boolean {
  return arounds.size > 0;
}

/**
 * Calls a handler with everything around it that there is. Whatever that does, the handler is called once,
 * and what it gives is given: observing a record never changes what becomes of it.
 */
export function handleWithin<T>(message: RecordMessage, handle: () => T): T {
  let result: (() => T) | undefined;
  let run = () => {
    result ??= attempt(handle);
  };
  for (const around of arounds) {
    const inner = run;
    run = () => around(message, inner);
  }
  try {
    run();
  } catch {
    // Not the handler's: that is in `result`.
  }
  result ??= attempt(handle);
  return result();
}

/** Calls something, and gives what returns its result or throws its error. */
function attempt<T>(work: () => T): () => T {
  try {
    const value = work();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
