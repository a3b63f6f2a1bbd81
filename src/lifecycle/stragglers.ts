/**
 * Handlers and hooks that outlived their records: they were given up, and still run. Whatever is done to
 * the batch meanwhile may be done by one of them.
 */
export class Stragglers {
  #count = 0;

  get any(): boolean {
    return this.#count > 0;
  }

  /** Counts work until it settles. */
  add(work: PromiseLike<unknown>): void {
    const settled = () => void this.#count--;
    this.#count++;
    work.then(settled, settled);
  }
}
