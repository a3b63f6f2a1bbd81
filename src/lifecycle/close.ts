/** What the close of a batch throws, and whether anybody has seen it. */
export class CloseFailure {
  readonly error: unknown;
  #isSeen = false;

  constructor(error: unknown) {
    this.error = error;
  }

  /** Whether it was thrown where it counts: by the scope's end, or to whoever awaited `close()`. */
  get isSeen(): boolean {
    return this.#isSeen;
  }

  noteSeen(): void {
    this.#isSeen = true;
  }
}

/**
 * The promise of `batch.close()`, which knows whether anybody has listened to it.
 *
 * Where nobody has (a forgotten `await`, `return batch.close()`), the end of the scope throws the
 * error instead. Its rejection counts as handled, because the scope's end reports it.
 */
export class ClosePromise extends Promise<void> {
  /** What `then()` makes needs no listeners of its own. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  #seen: () => void = () => {};

  /** Follows `closing`. `seen` is called when somebody has been given its end. */
  static follow(closing: Promise<void>, seen: () => void): ClosePromise {
    const promise = new ClosePromise((resolve, reject) => closing.then(resolve, reject));
    promise.#seen = seen;
    Promise.prototype.then.call(promise, undefined, () => {});
    return promise;
  }

  /** As `Promise.prototype.then()`, and notes when a listener is called. */
  override then<TFulfilled = void, TRejected = never>(
    onFulfilled?: ((value: void) => TFulfilled | PromiseLike<TFulfilled>) | null,
    onRejected?: ((reason: unknown) => TRejected | PromiseLike<TRejected>) | null,
  ): Promise<TFulfilled | TRejected> {
    return super.then(
      (value) => {
        this.#seen();
        return onFulfilled ? onFulfilled(value) : value as TFulfilled;
      },
      (error) => {
        this.#seen();
        if (onRejected) return onRejected(error);
        throw error;
      },
    );
  }
}
