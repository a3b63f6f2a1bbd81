/** Waits, or until the signal says stop. */
export function sleep(ms: number, stopped?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (ms <= 0 || stopped?.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      stopped?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    stopped?.addEventListener("abort", end);
  });
}
