/**
 * Maps items with an async function, running at most `concurrency` calls at a time.
 *
 * Rejects with the first rejection of `work` and starts no further item after it.
 */
export async function mapConcurrently<T, R>(
  items: readonly T[],
  concurrency: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length);
  const queue = items.entries();
  const takeItems = async () => {
    for (const [index, item] of queue) results[index] = await work(item, index);
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, takeItems));
  return results;
}
