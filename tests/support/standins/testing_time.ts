/**
 * A stand-in for `FakeTime` of `@std/testing/time`, for machines that cannot reach JSR: as much of it
 * as the tests use. It does what the real one does, also where that surprises: `tickAsync()` runs
 * microtasks once, then every due timer, without microtasks between them.
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
      const due = this.#now + Math.max(0, Math.floor(ms));
      this.#timers.set(id, { due, run: () => run(...args) });
      return id;
    }) as unknown as typeof globalThis.setTimeout;
    globalThis.clearTimeout = (id) => {
      this.#timers.delete(Number(id));
    };
  }

  get now(): number {
    return this.#now;
  }

  set now(value: number) {
    if (value < this.#now) throw new RangeError("Cannot set the time: it is in the past");
    for (let next = this.#next(); next && next[1].due <= value; next = this.#next()) {
      const [id, timer] = next;
      this.#timers.delete(id);
      this.#now = timer.due;
      timer.run();
    }
    this.#now = value;
  }

  /** Lets the time pass, after the microtasks that are due. */
  async tickAsync(ms = 0): Promise<void> {
    await this.runMicrotasks();
    this.now += ms;
  }

  /** Lets the time pass to the next timer, after the microtasks; gives whether there is one. */
  async nextAsync(): Promise<boolean> {
    await this.runMicrotasks();
    const next = this.#next();
    if (next) this.now = next[1].due;
    return next !== undefined;
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

  #next(): [number, Timer] | undefined {
    return [...this.#timers].sort(([idA, a], [idB, b]) => a.due - b.due || idA - idB)[0];
  }
}
