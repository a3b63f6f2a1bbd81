/**
 * A stand-in for `FakeTime` of `@std/testing/time`, for machines that cannot reach JSR: as much of
 * it as the tests use.
 */
interface Timer {
  readonly due: number;
  readonly run: () => void;
}

/** Time that passes only when it is told to. */
export class FakeTime implements Disposable {
  readonly #real = {
    now: Date.now,
    setTimeout: globalThis.setTimeout,
    clearTimeout: globalThis.clearTimeout,
  };
  readonly #timers = new Map<number, Timer>();
  #now: number;
  #nextId = 1;

  constructor(start: number | string | Date = Date.now()) {
    this.#now = new Date(start).valueOf();
    Date.now = () => this.#now;
    globalThis.setTimeout = ((run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) => {
      const id = this.#nextId++;
      this.#timers.set(id, { due: this.#now + Math.max(0, ms), run: () => run(...args) });
      return id;
    }) as unknown as typeof globalThis.setTimeout;
    globalThis.clearTimeout = (id) => {
      this.#timers.delete(Number(id));
    };
  }

  get now(): number {
    return this.#now;
  }

  /** Lets the time pass, and what hangs on it run, timer by timer. */
  async tickAsync(ms = 0): Promise<void> {
    const end = this.#now + ms;
    await this.runMicrotasks();
    for (let next = this.#next(end); next; next = this.#next(end)) {
      const [id, timer] = next;
      this.#timers.delete(id);
      this.#now = Math.max(this.#now, timer.due);
      timer.run();
      await this.runMicrotasks();
    }
    this.#now = end;
  }

  async runMicrotasks(): Promise<void> {
    await new Promise<void>((resolve) => this.#real.setTimeout.call(globalThis, resolve, 0));
  }

  restore(): void {
    Date.now = this.#real.now;
    globalThis.setTimeout = this.#real.setTimeout;
    globalThis.clearTimeout = this.#real.clearTimeout;
  }

  [Symbol.dispose](): void {
    this.restore();
  }

  #next(end: number): [number, Timer] | undefined {
    return [...this.#timers]
      .filter(([, { due }]) => due <= end)
      .sort(([idA, a], [idB, b]) => a.due - b.due || idA - idB)[0];
  }
}
