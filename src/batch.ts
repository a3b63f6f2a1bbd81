import type { Context, SQSBatchResponse, SQSRecord } from "aws-lambda";
import { isBatchTraced, traceBatch } from "./diagnostics.ts";
import type { Hooks } from "./lifecycle/hooks.ts";
import { Lifecycle } from "./lifecycle/lifecycle.ts";
import type { BatchSetup } from "./lifecycle/open.ts";
import type {
  Outcome,
  RecordHandler,
  UnconfirmedRecord,
  UnconfirmedRecords,
  UnconfirmedStep,
} from "./types.ts";

/** Internal access to a batch's `Lifecycle`, for the library's own processors. */
export let lifecycleOf: <TResult>(batch: Batch<TResult>) => Lifecycle<TResult>;

/** Global, so that a wrapper of another copy of the library finds it too. */
const KEEP_WHOLE = Symbol.for("@partial-batch/sqs:keepWhole");

/** Keeps all messages of a batch until its close, because the whole batch may have to return. */
export function keepWhole(batch: object): void {
  const keep: unknown = Reflect.get(batch, KEEP_WHOLE);
  if (typeof keep === "function") keep.call(batch);
}

/**
 * One batch of records, from `open()` to the end of its scope.
 *
 * - It must be held: by `using`, `await using`, a `DisposableStack` or an `AsyncDisposableStack`. The
 *   declaration decides which, because the language reads `[Symbol.dispose]` or
 *   `[Symbol.asyncDispose]` there. From `process()` on, reading them changes nothing, calling the one it is
 *   not held by throws, and so does calling any by hand while `process()` runs or the batch closes.
 * - At the end of the scope `_clean` runs, and then the batch throws an
 *   {@linkcode SQSBatchProcessingError} if any record failed or was not handled.
 * - Once it is closed, nothing about it changes any more.
 *
 * Made by {@linkcode BasePartialProcessor.prototype.open}.
 *
 * @category Processors
 * @typeParam TResult What the record handler returns.
 *
 * @example Reading what became of the records
 * ```ts
 * import { PartialSQSProcessor } from "@partial-batch/sqs";
 * import assert from "node:assert/strict";
 * import type { SQSRecord } from "aws-lambda";
 *
 * const records = ["1", "2"].map((body) => ({
 *   messageId: `m${body}`,
 *   receiptHandle: `r${body}`,
 *   body,
 *   eventSourceARN: "arn:aws:sqs:eu-west-1:123456789012:orders",
 * })) as SQSRecord[];
 *
 * const processor = new PartialSQSProcessor();
 * await using batch = processor.open(records, (record) => JSON.parse(record.body) * 10);
 * const outcomes = await batch.process();
 *
 * assert.deepEqual(batch.successMessages, records);
 * assert.deepEqual(outcomes.map((each) => each.status === "success" && each.result), [10, 20]);
 * ```
 */
export class Batch<TResult = unknown> implements Disposable, AsyncDisposable {
  readonly #lifecycle: Lifecycle<TResult>;

  static {
    lifecycleOf = (batch) => batch.#lifecycle;
    Object.defineProperty(this.prototype, KEEP_WHOLE, {
      value(this: Batch): void {
        this.#lifecycle.isKeptWhole = true;
      },
    });
  }

  /**
   * Use `processor.open()`.
   *
   * @ignore
   */
  constructor(
    setup: BatchSetup<TResult>,
    bindHooks: (batch: Batch<TResult>, lifecycle: Lifecycle<TResult>) => Hooks<TResult>,
  ) {
    this.#lifecycle = new Lifecycle(setup, (lifecycle) => bindHooks(this, lifecycle));
  }

  /** The records, in the order in which they came. */
  get records(): readonly SQSRecord[] {
    return this.#lifecycle.setup.records;
  }

  /** The record handler. A custom `_processRecord` calls it. */
  get handler(): RecordHandler<TResult> {
    return this.#lifecycle.setup.handler;
  }

  /** Lambda's context, if one was given to `open()`. */
  get lambdaContext(): Context | undefined {
    return this.#lifecycle.setup.lambdaContext;
  }

  /** How the batch will be closed, read off its declaration; `undefined` if nobody will close it. */
  get held(): "using" | "await using" | undefined {
    return this.#lifecycle.held;
  }

  /**
   * One outcome per record, in the order of the records. Until it has one, a record is
   * `"unprocessed"`. Array and outcomes are frozen.
   */
  get outcomes(): readonly Outcome<TResult>[] {
    return this.#lifecycle.outcomes;
  }

  /** The records that were handled. */
  get successMessages(): readonly SQSRecord[] {
    return this.#recordsWith("success");
  }

  /** The records that failed. */
  get failMessages(): readonly SQSRecord[] {
    return this.#recordsWith("fail");
  }

  /** The records that were not handled, or not yet. */
  get unprocessedMessages(): readonly SQSRecord[] {
    return this.#recordsWith("unprocessed");
  }

  /** What the failed records threw, in the order of {@linkcode Batch.prototype.failMessages}. */
  get exceptions(): readonly unknown[] {
    return this.outcomes.filter((outcome) => outcome.status === "fail").map(({ error }) => error);
  }

  /** What SQS did not confirm so far, by step. Complete once the batch is closed. */
  get unconfirmed(): UnconfirmedRecords {
    return this.#lifecycle.ledger.unconfirmed.all();
  }

  /**
   * Notes that SQS did not confirm a step for a message: the thrown error lists it under the step's
   * name. For a custom processor that speaks to SQS itself. Has no effect once the batch is closed.
   *
   * @param step The step that was not confirmed.
   * @param record The record and the reason.
   * @throws {TypeError} If there is no such step.
   */
  reportUnconfirmed(step: UnconfirmedStep, record: UnconfirmedRecord): void {
    this.#lifecycle.report(step, record);
  }

  /**
   * Handles every record: `_prepare` once, then `_processRecord` for each, at most `concurrency` at a
   * time.
   *
   * Misuse is thrown synchronously, so that a forgotten `await` cannot hide it.
   *
   * @returns One outcome per record, in the order of the records. A failing record never makes it
   * reject; only `_prepare` does.
   * @throws {Error} If the batch is not held by `using` or `await using`, if `process()` was called
   * before, or if the batch is closed.
   */
  process(): Promise<readonly Outcome<TResult>[]> {
    const lifecycle = this.#lifecycle;
    lifecycle.startProcessing();
    const processing = lifecycle.setup.within(() =>
      isBatchTraced() ? traceBatch(this, () => lifecycle.process()) : lifecycle.process()
    );
    lifecycle.keepProcessing(processing);
    return processing;
  }

  /**
   * Gives Lambda's partial batch response, for a processor with `reportItemFailures`. Return it from
   * the Lambda handler.
   *
   * - It lists the records that failed or were not handled; before `process()` that is all of them.
   * - With `reportItemFailures: "verified"` it gives the same list where Lambda may not read it, but
   *   then reading it does not count: the close deletes and throws.
   * - Once it was read, the close throws no error for what it lists. That counts only before
   *   `process()` is called (and no longer once it is) and after it has resolved. Reading it in a hook
   *   does not count.
   *
   * @returns The response.
   * @throws {Error} If `process()` is running, or if the processor does not have
   * `reportItemFailures`.
   */
  response(): SQSBatchResponse {
    return this.#lifecycle.response();
  }

  /**
   * Closes the batch before the end of its scope, the way it is held (under `using` before it
   * returns).
   *
   * - If its promise is awaited, the end of the scope does nothing more. If nobody has listened to
   *   the promise when the scope ends (a forgotten `await`, `return batch.close()`), the end of the
   *   scope throws the error. A promise that somebody listens to and then drops
   *   (`void Promise.allSettled([batch.close()])`) cannot be told from one that is awaited.
   * - While a handler or hook that was given up still runs, the end of the scope throws the error
   *   even if the promise was awaited: it may be that handler which awaited it. Where both throw, the
   *   runtime makes a `SuppressedError` of the two.
   * - On a closed batch it does nothing.
   * - Misuse is thrown synchronously.
   *
   * @returns Rejects with an {@linkcode SQSBatchProcessingError} if a record failed (unless
   * `suppressException`) or was not handled.
   * @throws {Error} If the batch is not held, if `process()` is running, or if the batch is being
   * closed: a record handler or hook must not close its own batch.
   */
  close(): Promise<void> {
    return this.#lifecycle.close();
  }

  /**
   * For `using`. Reading it before `process()` tells the batch that it will be closed synchronously.
   *
   * @throws {TypeError} If the processor's `_clean` is an `async` function: nobody would wait for it.
   */
  get [Symbol.dispose](): () => void {
    const isOfScope = this.#lifecycle.readDisposer("using");
    return () => this.#lifecycle.dispose(isOfScope);
  }

  /** For `await using`. Reading it before `process()` tells the batch how it will be closed. */
  get [Symbol.asyncDispose](): () => Promise<void> {
    const isOfScope = this.#lifecycle.readDisposer("await using");
    return () => this.#lifecycle.disposeAsync(isOfScope);
  }

  #recordsWith(status: Outcome["status"]): readonly SQSRecord[] {
    return this.outcomes.filter((outcome) => outcome.status === status).map(({ record }) => record);
  }
}
