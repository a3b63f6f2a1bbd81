/**
 * Calls `work` for each item, at most `concurrency` at a time, each as soon as a place is free.
 *
 * Rejects with the first rejection of `work`; no new item is started after it.
 */
export async function mapConcurrently<T, R>(
  items: readonly T[],
  concurrency: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length);
  const queue = items.entries();
  const runLane = async () => {
    for (const [index, item] of queue) results[index] = await work(item, index);
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, runLane));
  return results;
}
