import type { Context, SQSBatchResponse, SQSRecord } from "aws-lambda";
import { abandon } from "./abandon.ts";
import { asReceived, keepAsReceived } from "./as_received.ts";
import type { Deadline } from "./deadline.ts";
import { traceBatch } from "./diagnostics.ts";
import { SQSBatchProcessingError } from "./errors.ts";
import { HookCalls } from "./hook_calls.ts";
import { Processing } from "./processing.ts";
import { receiveCountOf } from "./retry_delay.ts";
import type {
  FailOutcome,
  Outcome,
  RecordContext,
  RecordHandler,
  UnconfirmedRecord,
  UnconfirmedRecords,
  UnconfirmedStep,
  UnprocessedReason,
} from "./types.ts";

/** What a batch asks of the processor that opened it. */
export interface BatchLifecycle {
  readonly concurrency: number;
  readonly suppressException: boolean;
  readonly reportItemFailures: boolean;
  readonly lambdaContext: Context | undefined;
  readonly deadline: Deadline;
  readonly cleanIsAsync: boolean;
  prepare(batch: Batch): void | Promise<void>;
  processRecord<TResult>(
    record: SQSRecord,
    batch: Batch<TResult>,
    recordContext: RecordContext,
  ): Outcome<TResult> | Promise<Outcome<TResult>>;
  expectFailure(batch: Batch): void | Promise<void>;
  settleFailures(
    failures: readonly FailOutcome[],
    batch: Batch,
  ): readonly Outcome<never>[] | Promise<readonly Outcome<never>[]>;
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
  readonly #records: Processing<TResult>;
  readonly #unconfirmed = { undeleted: [], unmoved: [], undelayed: [] } as Record<
    UnconfirmedStep,
    UnconfirmedRecord[]
  >;
  readonly #hooks: HookCalls;
  #held: "using" | "await using" | undefined;
  #state: "opened" | "processing" | "prepare-failed" | "processed" = "opened";
  #processing: Promise<readonly Outcome<TResult>[]> | undefined;
  #expecting: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #closeTold: Promise<void> | undefined;
  #closeWasSeen = false;
  #left = false;
  #closed = false;
  #responseRead = false;

  /** Use `processor.open()`. */
  constructor(
    records: readonly SQSRecord[],
    handler: RecordHandler<TResult>,
    lifecycle: BatchLifecycle,
  ) {
    const { concurrency, deadline, suppressException, lambdaContext } = lifecycle;
    this.records = Object.freeze([...records]);
    this.records.forEach(keepAsReceived);
    this.handler = handler;
    this.#lifecycle = lifecycle;
    this.#hooks = new HookCalls(lambdaContext);
    this.#records = new Processing(this.records, {
      concurrency,
      deadline,
      failureStopsGroup: !suppressException,
      processRecord: async (record, abort) => {
        const receiveCount = receiveCountOf(record);
        // Making the signal is most of what a record costs, and few handlers read it.
        const context = {
          lambdaContext,
          receiveCount,
          get signal() {
            return abort.signal;
          },
        };
        return await lifecycle.processRecord(record, this, context);
      },
      settleFailures: (failures) =>
        this.#hooks.inTime(() => lifecycle.settleFailures(failures, this)),
      // Where failures are suppressed, theirs would hide that the hook did not do its work.
      settlingFailed: (error) => {
        if (suppressException) this.#hooks.keep(error);
      },
      expectFailure: () => {
        this.#expecting = this.#hooks.call(() => lifecycle.expectFailure(this));
      },
    });
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
    return this.#records.outcomes.map((outcome, index) =>
      outcome ?? { status: "unprocessed", record: this.records[index]!, reason }
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

  /** What SQS did not confirm so far, by step. All of it is known after the close. */
  get unconfirmed(): UnconfirmedRecords {
    return this.#unconfirmed;
  }

  /**
   * Notes that SQS did not confirm a step for a message: the thrown error lists it under the step's
   * name. For a custom processor that speaks to SQS itself.
   */
  reportUnconfirmed(step: UnconfirmedStep, record: UnconfirmedRecord): void {
    this.#unconfirmed[step].push(record);
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
    if (this.#state !== "opened") {
      throw new Error("Cannot process the batch: process() was called before");
    }
    if (!this.#held) {
      throw new Error(
        "Cannot process the batch: nobody would close it, and Lambda would delete its failed " +
          "messages; declare it with `await using` or `using`, or call processor.run() or " +
          "withSqsBatch()",
      );
    }
    this.#responseRead = false;
    this.#processing = traceBatch(this, () => this.#process());
    // Where nobody awaits process(), the close reports what it rejected with.
    this.#processing.catch(() => {});
    return this.#processing;
  }

  /**
   * Lambda's partial batch response, for a processor with `reportItemFailures`: lists the records
   * that failed or were not looked at. Return it from the Lambda handler.
   *
   * Before `process()` it lists all records. Once it was read, the close throws no error for what it
   * lists; one that was read before `process()` counts no more after it.
   *
   * @throws {Error} If `process()` is running, or if the processor does not have
   * `reportItemFailures`.
   */
  response(): SQSBatchResponse {
    if (!this.#lifecycle.reportItemFailures) {
      throw new Error("Cannot give a response: the processor does not have reportItemFailures");
    }
    if (this.#state === "processing") {
      throw new Error("Cannot give a response: process() is running, await it first");
    }
    this.#responseRead = true;
    const batchItemFailures = this.outcomes
      .filter((outcome) => this.#isToReturn(outcome))
      .map(({ record }) => ({ itemIdentifier: asReceived(record).messageId }));
    return { batchItemFailures };
  }

  /**
   * Closes the batch before the end of its scope, the way it is held (under `using` before it
   * returns); the end of the scope then does nothing. Called again, it waits for the first close and
   * does nothing.
   *
   * - Misuse is thrown synchronously.
   * - Where the scope ends before anybody could see its promise reject (a forgotten `await`), the end
   *   of the scope throws too.
   *
   * @returns Rejects with an {@linkcode SQSBatchProcessingError} if a record failed (unless
   * `suppressException`) or was not looked at.
   * @throws {Error} If the batch is not held, or if `process()` is running: a record handler must
   * not close its own batch.
   */
  close(): Promise<void> {
    if (!this.#held) {
      throw new Error(
        "Cannot close the batch: it is not held; declare it with `await using` or `using`, or call " +
          "processor.run() or withSqsBatch()",
      );
    }
    if (this.#state === "processing") {
      throw new Error("Cannot close the batch: process() is running, await it first");
    }
    return this.#closing ? this.#closing.catch(() => {}) : this.#startClosing();
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
    return () => this.#leaveBlocking();
  }

  /** For `await using`. Reading it tells the batch how it will be closed. */
  get [Symbol.asyncDispose](): () => Promise<void> {
    this.#held ??= "await using";
    return () => this.#leave();
  }

  async #process(): Promise<readonly Outcome<TResult>[]> {
    this.#state = "processing";
    try {
      await this.#records.run(async () => await this.#lifecycle.prepare(this));
    } catch (error) {
      this.#state = "prepare-failed";
      this.#hooks.keep(error);
      await this.#expecting;
      throw error;
    }
    if (!this.#closed) await this.#hooks.call(() => this.#lifecycle.finish(this));
    await this.#expecting;
    this.#state = "processed";
    return this.outcomes;
  }

  /** Gives a promise that is its caller's alone: where nobody takes its rejection, it must show. */
  #startClosing(): Promise<void> {
    this.#closing = this.#held === "using"
      ? new Promise((resolve) => resolve(this.#closeBlocking()))
      : this.#closeAsync();
    this.#closeTold = this.#closing.finally(() => this.#closeWasSeen = true);
    return this.#closeTold;
  }

  /** The end of the scope. Of a close that nobody could see the end of, it throws the error again. */
  #leave(): Promise<void> {
    if (this.#closeWasSeen) return Promise.resolve();
    if (this.#closing && this.#left) return this.#closing.catch(() => {});
    this.#left = true;
    return this.#closeTold ?? this.#startClosing();
  }

  #leaveBlocking(): void {
    if (this.#closeWasSeen) return;
    if (!this.#closing) return this.#closeBlocking();
    try {
      this.#throwIfNotDone();
    } catch (error) {
      abandon(this.#closeTold);
      throw error;
    }
  }

  async #closeAsync(): Promise<void> {
    await this.#processing?.catch(() => {});
    this.#closed = true;
    if (this.#state === "processed") {
      await this.#hooks.call(() => this.#lifecycle.clean(this));
    }
    this.#throwIfNotDone();
  }

  #closeBlocking(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#state === "processing") {
      const error = new Error("process() was still running when the batch was closed: await it");
      this.#hooks.keep(error);
      this.#records.stop(error);
    }
    if (this.#state === "processed") {
      this.#hooks.callBlocking("_clean", () => this.#lifecycle.clean(this));
    }
    this.#throwIfNotDone();
  }

  /** Decides from what was recorded: a disposer cannot know whether the body threw. */
  #throwIfNotDone(): void {
    const { outcomes } = this;
    const done = this.#responseRead || !outcomes.some((outcome) => this.#isToReturn(outcome));
    const { threw, error } = this.#hooks;
    if (!done) {
      throw new SQSBatchProcessingError(outcomes, {
        ...this.#unconfirmed,
        ...(threw ? { cause: error } : {}),
      });
    }
    if (threw) throw error;
  }

  #isToReturn({ status, record }: Outcome): boolean {
    if (status !== "fail" || !this.#lifecycle.suppressException) {
      return status === "fail" || status === "unprocessed";
    }
    // It was to go to another queue and is in none: suppressing its failure would lose it.
    return this.#unconfirmed.unmoved.some((unmoved) => unmoved.record === record);
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
