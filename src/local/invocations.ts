import type { Invocation } from "./invocation.ts";

/** How many invocations wait for somebody who looks at them. */
export const MOST_WAITING = 1_000;

/** What a mapping's iterators give: the invocations in the order in which they ended. */
export class Invocations {
  readonly #waiting: Invocation[] = [];
  readonly #takers: (() => void)[] = [];
  #isEnded = false;
  #failure: { readonly error: unknown } | undefined;
  #dropped = 0;

  /** How many nobody looked at in time. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Adds one; if too many wait, the oldest is dropped. */
  push(invocation: Invocation): void {
    if (this.#waiting.length === MOST_WAITING) {
      this.#waiting.shift();
      this.#dropped++;
    }
    this.#waiting.push(invocation);
    this.#takers.shift()?.();
  }

  /** Nothing more will come. With a failure, the next who asks is told of it, once. */
  end(failure: { readonly error: unknown } | undefined): void {
    this.#isEnded = true;
    this.#failure = failure;
    for (const take of this.#takers.splice(0)) take();
  }

  /** The failure that nobody was told of, once. */
  takeFailure(): { readonly error: unknown } | undefined {
    const failure = this.#failure;
    this.#failure = undefined;
    return failure;
  }

  /** The next one; waits for it. */
  async next(): Promise<IteratorResult<Invocation, undefined>> {
    for (;;) {
      const value = this.#waiting.shift();
      if (value) return { done: false, value };
      if (this.#isEnded) break;
      await new Promise<void>((resolve) => this.#takers.push(resolve));
    }
    const failure = this.takeFailure();
    if (failure) throw failure.error;
    return { done: true, value: undefined };
  }
}
