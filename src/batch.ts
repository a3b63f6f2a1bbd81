import type { Context, SQSRecord } from "aws-lambda";
import { checkOutcome } from "./check_outcome.ts";
import { SQSBatchProcessingError } from "./errors.ts";
import { mapConcurrently } from "./map_concurrently.ts";
import { isObject } from "./shape.ts";
import type {
  Outcome,
  RecordContext,
  RecordHandler,
  UndeletedRecord,
  UnprocessedReason,
} from "./types.ts";

/** What a batch asks of the processor that opened it. */
export interface BatchLifecycle {
  readonly concurrency: number;
  readonly suppressException: boolean;
  readonly lambdaContext: Context | undefined;
  readonly cleanIsAsync: boolean;
  prepare(batch: Batch): void | Promise<void>;
  processRecord<TResult>(
    record: SQSRecord,
    batch: Batch<TResult>,
    recordContext: RecordContext,
  ): Outcome<TResult> | Promise<Outcome<TResult>>;
  finish(batch: Batch): void | Promise<void>;
  clean(batch: Batch): void | Promise<void>;
}

/**
 * One batch of records, from `open()` to the end of its scope.
 *
 * - It must be held: by `using`, `await using`, a `DisposableStack` or an `AsyncDisposableStack`.
 *   Which one it is, it learns at the declaration, where the language reads `[Symbol.dispose]` or
 *   `[Symbol.asyncDispose]`.
 * - At the end of the scope `_clean` runs, and then the batch throws an
 *   {@linkcode SQSBatchProcessingError} if any record failed or was not looked at.
 *
 * Made by {@linkcode BasePartialProcessor.open}.
 *
 * @typeParam TResult What the record handler returns.
 */
export class Batch<TResult = unknown> implements Disposable, AsyncDisposable {
  /** The records, in the order they came. */
  readonly records: readonly SQSRecord[];
  /** The record handler. A custom `_processRecord` calls it. */
  readonly handler: RecordHandler<TResult>;

  readonly #lifecycle: BatchLifecycle;
  readonly #settled: (Outcome<TResult> | undefined)[];
  readonly #undeleted: UndeletedRecord[] = [];
  readonly #hookErrors: unknown[] = [];
  readonly #abort = new AbortController();
  #held: "using" | "await using" | undefined;
  #state: "opened" | "processing" | "prepare-failed" | "processed" = "opened";
  #processing: Promise<readonly Outcome<TResult>[]> | undefined;
  #closing: Promise<void> | undefined;
  #closed = false;

  /** Use `processor.open()`. */
  constructor(
    records: readonly SQSRecord[],
    handler: RecordHandler<TResult>,
    lifecycle: BatchLifecycle,
  ) {
    this.records = Object.freeze([...records]);
    this.handler = handler;
    this.#lifecycle = lifecycle;
    this.#settled = new Array(records.length);
  }

  /** Lambda's context, where one was given to `open()`. */
  get lambdaContext(): Context | undefined {
    return this.#lifecycle.lambdaContext;
  }

  /** How the batch will be closed, read off its declaration; `undefined` if nobody will close it. */
  get held(): "using" | "await using" | undefined {
    return this.#held;
  }

  /** One outcome per record, in the order of the records. Until it has one, it is `"unprocessed"`. */
  get outcomes(): readonly Outcome<TResult>[] {
    const reason = this.#unsettledReason();
    return this.records.map((record, index) =>
      this.#settled[index] ?? { status: "unprocessed", record, reason }
    );
  }

  /** The records that were handled. */
  get successMessages(): readonly SQSRecord[] {
    return this.#recordsWith("success");
  }

  /** The records that failed. */
  get failMessages(): readonly SQSRecord[] {
    return this.#recordsWith("fail");
  }

  /** The records that were not looked at, or not yet. */
  get unprocessedMessages(): readonly SQSRecord[] {
    return this.#recordsWith("unprocessed");
  }

  /** What the failed records threw, in the order of {@linkcode Batch.failMessages}. */
  get exceptions(): readonly unknown[] {
    return this.outcomes.filter((outcome) => outcome.status === "fail").map(({ error }) => error);
  }

  /** The messages that were handled and whose deletion was not confirmed. Known after the close. */
  get undeleted(): readonly UndeletedRecord[] {
    return this.#undeleted;
  }

  /**
   * Notes that a handled message could not be deleted. For the `_clean` of a custom processor that
   * deletes: the thrown error lists it in `undeleted`.
   */
  reportUndeleted(undeleted: UndeletedRecord): void {
    this.#undeleted.push(undeleted);
  }

  /**
   * Handles every record: `_prepare` once, then `_processRecord` for each, at most `concurrency` at
   * a time.
   *
   * - Resolves to one outcome per record, in the order of the records. A failing record never makes
   *   it reject; only `_prepare` does.
   * - Misuse is thrown synchronously, so that a forgotten `await` cannot hide it.
   *
   * @throws {Error} If the batch is not held by `using` or `await using`, if it was called before,
   * or if the batch is closed.
   */
  process(): Promise<readonly Outcome<TResult>[]> {
    if (this.#closed || this.#closing) throw new Error("Cannot process the batch: it is closed");
    if (this.#processing) throw new Error("Cannot process the batch: process() was called before");
    if (!this.#held) {
      throw new Error(
        "Cannot process the batch: nobody would close it, and Lambda would delete its failed " +
          "messages; declare it with `await using` or `using`, or call processor.run() or " +
          "withSqsBatch()",
      );
    }
    this.#processing = this.#process();
    // Where nobody awaits process(), the close reports what it rejected with.
    this.#processing.catch(() => {});
    return this.#processing;
  }

  /**
   * Closes the batch before the end of its scope, the way it is held; the end of the scope then
   * does nothing.
   *
   * Under `await using` it waits for a `process()` that is still running; under `using` it closes
   * before it returns. Called again, it waits for the first close and does nothing.
   *
   * @throws {SQSBatchProcessingError} If a record failed (unless `suppressException`) or was not
   * looked at.
   * @throws {Error} If the batch is not held.
   */
  async close(): Promise<void> {
    if (!this.#held) {
      throw new Error("Cannot close the batch: it is not held by `using` or `await using`");
    }
    if (this.#held === "using") return this.#closeBlocking();
    if (this.#closing) return await this.#closing.catch(() => {});
    this.#closing = this.#closeAsync();
    await this.#closing;
  }

  /**
   * For `using`. Reading it tells the batch that it will be closed synchronously.
   *
   * @throws {TypeError} If the processor's `_clean` is an `async` function: nobody would wait for it.
   */
  get [Symbol.dispose](): () => void {
    if (this.#lifecycle.cleanIsAsync) {
      throw new TypeError(
        "Cannot hold the batch with `using`: _clean() of its processor is async; write `await using`",
      );
    }
    this.#held = "using";
    return () => this.#closeBlocking();
  }

  /** For `await using`. Reading it tells the batch how it will be closed. */
  get [Symbol.asyncDispose](): () => Promise<void> {
    this.#held ??= "await using";
    return () => this.close();
  }

  async #process(): Promise<readonly Outcome<TResult>[]> {
    this.#state = "processing";
    try {
      await this.#lifecycle.prepare(this);
    } catch (error) {
      this.#state = "prepare-failed";
      this.#hookErrors.push(error);
      throw error;
    }
    await mapConcurrently(
      this.records,
      this.#lifecycle.concurrency,
      (record, index) => this.#settle(record, index),
    );
    if (!this.#closed) await this.#finish();
    this.#state = "processed";
    return this.outcomes;
  }

  async #settle(record: SQSRecord, index: number): Promise<void> {
    if (this.#closed) return;
    const outcome = await this.#outcomeOf(record);
    if (!this.#closed) this.#settled[index] = outcome;
  }

  async #outcomeOf(record: SQSRecord): Promise<Outcome<TResult>> {
    try {
      const context = recordContext(record, this.#abort.signal, this.lambdaContext);
      const outcome = await this.#lifecycle.processRecord(record, this, context);
      checkOutcome(outcome, record);
      return outcome;
    } catch (error) {
      return { status: "fail", record, error };
    }
  }

  async #finish(): Promise<void> {
    try {
      await this.#lifecycle.finish(this);
    } catch (error) {
      this.#hookErrors.push(error);
    }
  }

  async #closeAsync(): Promise<void> {
    await this.#processing?.catch(() => {});
    this.#closed = true;
    if (this.#state === "processed") {
      try {
        await this.#lifecycle.clean(this);
      } catch (error) {
        this.#hookErrors.push(error);
      }
    }
    this.#throwIfNotDone();
  }

  #closeBlocking(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#state === "processing") {
      const error = new Error("process() was still running when the batch was closed: await it");
      this.#hookErrors.push(error);
      this.#abort.abort(error);
    }
    if (this.#state === "processed") {
      try {
        refusePromise(this.#lifecycle.clean(this));
      } catch (error) {
        this.#hookErrors.push(error);
      }
    }
    this.#throwIfNotDone();
  }

  /** Decides from what was recorded: a disposer cannot know whether the body threw. */
  #throwIfNotDone(): void {
    const { outcomes } = this;
    const done = outcomes.every(({ status }) =>
      status !== "unprocessed" && (status !== "fail" || this.#lifecycle.suppressException)
    );
    const hookError = this.#hookErrors.length > 1
      ? new AggregateError(this.#hookErrors, "Several hooks of the processor threw")
      : this.#hookErrors[0];
    if (!done) {
      throw new SQSBatchProcessingError(outcomes, {
        undeleted: this.#undeleted,
        ...(this.#hookErrors.length > 0 ? { cause: hookError } : {}),
      });
    }
    if (this.#hookErrors.length > 0) throw hookError;
  }

  #unsettledReason(): UnprocessedReason {
    switch (this.#state) {
      case "opened":
        return "process-not-called";
      case "prepare-failed":
        return "prepare-failed";
      default:
        return "process-running";
    }
  }

  #recordsWith(status: Outcome["status"]): readonly SQSRecord[] {
    return this.outcomes.filter((outcome) => outcome.status === status).map(({ record }) => record);
  }
}

function recordContext(
  record: SQSRecord,
  signal: AbortSignal,
  lambdaContext: Context | undefined,
): RecordContext {
  const receiveCount = Number(record.attributes?.ApproximateReceiveCount) || 1;
  return { signal, lambdaContext, receiveCount };
}

function refusePromise(value: unknown): void {
  if (!isObject(value) || typeof value.then !== "function") return;
  throw new TypeError(
    "Cannot wait for _clean() of the processor: it returned a promise under `using`; " +
      "write `await using`",
  );
}
