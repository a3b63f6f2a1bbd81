/** What a chunk may hold. */
export interface ChunkLimits<T> {
  /** How many items at most. */
  readonly count: number;
  /** How much in all, by `sizeOf`. An item over it gets a chunk of its own. */
  readonly size: number;
  readonly sizeOf: (item: T) => number;
}

/** Cuts items into runs within the limits, in order, each as long as it can be. */
export function chunk<T>(items: readonly T[], { count, size, sizeOf }: ChunkLimits<T>): T[][] {
  const chunks: T[][] = [];
  let last: T[] = [];
  let lastSize = 0;
  for (const item of items) {
    const itemSize = sizeOf(item);
    if (chunks.length === 0 || last.length === count || lastSize + itemSize > size) {
      last = [];
      lastSize = 0;
      chunks.push(last);
    }
    last.push(item);
    lastSize += itemSize;
  }
  return chunks;
}
