/** Calls what it is given, at once and once, with something active around it. */
export type Around = (work: () => void) => void;

/**
 * Calls `work` with everything around it, the last one outermost. Whatever that does, `work` is called
 * exactly once, and its result or error is passed on: observing a batch never changes its outcome.
 */
export function callWithin<T>(arounds: Iterable<Around>, work: () => T): T {
  let result: (() => T) | undefined;
  let run = () => {
    result ??= attempt(work);
  };
  for (const around of arounds) {
    const inner = run;
    run = () => around(inner);
  }
  try {
    run();
  } catch {
    // An error of what is around. That of `work` is in `result`.
  }
  result ??= attempt(work);
  return result();
}

/** Calls `work`, and returns a function that returns its result or throws its error. */
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
