/** Calls what it is given, at once and once, with something active around it. */
export type Around = (work: () => void) => void;

/**
 * Calls work with everything around it that there is, the last one outermost. Whatever that does, the
 * work is called once, and what it gives is given: observing a batch never changes what becomes of it.
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
    // Not the work's: that is in `result`.
  }
  result ??= attempt(work);
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
