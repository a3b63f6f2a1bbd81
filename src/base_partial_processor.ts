import type { Context, SQSRecord } from "aws-lambda";
import {
  type BasePartialProcessorOptions,
  type CheckedBaseOptions,
  checkedBaseOptions,
} from "./base_options.ts";
import { Batch } from "./batch.ts";
import { checkFunction, checkOptionNames } from "./check_options.ts";
import { checkRecords } from "./check_records.ts";
import { Deadline } from "./deadline.ts";
import { toBatchHandler } from "./record_handler.ts";
import { isObject, shapeOf } from "./shape.ts";
import type { FailOutcome, Outcome, RecordContext, RecordHandler } from "./types.ts";

/** Options of one batch. */
export interface OpenOptions {
  /**
   * Lambda's context. With it, record handlers know it, no record starts when too little of the
   * invocation is left (see `deadlineReserveMs`), and closing the batch ends before the deadline.
   */
  readonly context?: Context;
}

/**
 * Handles each record of a batch by itself, and throws at the end of the batch's scope if not all
 * were handled. Derive from it to do something of your own with the outcomes;
 * {@linkcode PartialSQSProcessor} derives from it to delete the handled messages.
 *
 * - A processor holds nothing of any batch: make one for the life of the module, and open a batch
 *   on it for every event.
 * - Every hook has a default, and every hook but the constructor may be sync or async. Only `_clean`
 *   must be sync under plain `using`.
 * - What a hook gives is not trusted: if it throws, or gives anything but an outcome for its
 *   record, the record has failed.
 *
 * @example A processor that counts
 * ```ts
 * import { BasePartialProcessor, type Batch } from "@partial-batch/sqs";
 * import { assertEquals } from "@std/assert";
 * import type { SQSRecord } from "aws-lambda";
 *
 * const counted: number[] = [];
 *
 * class CountingProcessor extends BasePartialProcessor {
 *   protected override _clean(batch: Batch) {
 *     counted.push(batch.successMessages.length);
 *   }
 * }
 *
 * const record = {
 *   messageId: "m1",
 *   receiptHandle: "r1",
 *   body: "{}",
 *   eventSourceARN: "arn:aws:sqs:eu-west-1:123456789012:orders",
 * } as SQSRecord;
 *
 * await new CountingProcessor().run([record], (record) => JSON.parse(record.body));
 * assertEquals(counted, [1]);
 * ```
 */
export abstract class BasePartialProcessor implements Disposable {
  /** Are failures reported by `batch.response()`, instead of deleting and throwing? */
  readonly reportItemFailures: boolean;

  readonly #options: CheckedBaseOptions;
  #disposed = false;

  /**
   * Checks the options and does nothing else.
   *
   * @throws {TypeError} If an option is unknown or of the wrong type, or if `suppressException` and
   * `reportItemFailures` are both set.
   * @throws {RangeError} If a number is out of its limits.
   */
  constructor(options: BasePartialProcessorOptions = {}) {
    this.#options = checkedBaseOptions(options);
    this.reportItemFailures = this.#options.reportItemFailures;
  }

  /**
   * Opens a batch. Hold it with `await using` or `using`, then await its `process()`.
   *
   * Does no I/O and handles nothing yet. An empty array is fine.
   *
   * @throws {TypeError} If `records` is no array of SQS records (the whole event, an event of
   * another source, a record without `messageId`, `receiptHandle` or `eventSourceARN`), if
   * `handler` is no function, or if an option is unknown.
   * @throws {Error} If the processor was disposed.
   *
   * @example
   * ```ts
   * import { PartialSQSProcessor } from "@partial-batch/sqs";
   * import type { Context, SQSEvent } from "aws-lambda";
   *
   * const processor = new PartialSQSProcessor();
   *
   * export const handler = async (event: SQSEvent, context: Context) => {
   *   await using batch = processor.open(
   *     event.Records,
   *     (record) => JSON.parse(record.body),
   *     { context },
   *   );
   *   await batch.process();
   * };
   * ```
   */
  open<TResult>(
    records: readonly SQSRecord[],
    handler: RecordHandler<TResult>,
    options: OpenOptions = {},
  ): Batch<TResult> {
    if (this.#disposed) throw new Error("Cannot open a batch: the processor was disposed");
    checkRecords(records);
    checkFunction(handler, "the record handler");
    checkOptionNames(options, ["context"], "open()");
    const { context } = options;
    if (context !== undefined && !isObject(context)) {
      throw new TypeError(`Cannot use context: expected Lambda's context, got ${shapeOf(context)}`);
    }
    const { deadlineReserveMs, recordTimeoutMs, ...shared } = this.#options;
    return new Batch(records, toBatchHandler(handler, recordTimeoutMs), {
      ...shared,
      lambdaContext: context,
      deadline: new Deadline(context, deadlineReserveMs),
      cleanIsAsync: isAsyncFunction(this._clean),
      prepare: (batch) => this._prepare(batch),
      processRecord: (record, batch, recordContext) =>
        this._processRecord(record, batch, recordContext),
      expectFailure: (batch) => this._expectFailure(batch),
      settleFailures: (failures, batch) => this._settleFailures(failures, batch),
      finish: (batch) => this._finish(batch),
      clean: (batch) => this._clean(batch),
    });
  }

  /**
   * Opens a batch, processes it and closes it in one call: for JavaScript without the `using`
   * syntax.
   *
   * @returns One outcome per record, in the order of the records. Don't return them from the Lambda
   * handler: they hold every record, and a response over 6 MB fails the invocation.
   * @throws {SQSBatchProcessingError} If a record failed (unless `suppressException`) or was not
   * looked at. What `_prepare` or `_clean` threw is its `cause`; where all records were handled, that
   * is thrown as it is. With `reportItemFailures` too: nobody could return a response, so that
   * then the whole batch returns.
   * @throws {TypeError} For what {@linkcode BasePartialProcessor.open} refuses.
   */
  async run<TResult>(
    records: readonly SQSRecord[],
    handler: RecordHandler<TResult>,
    options: OpenOptions = {},
  ): Promise<readonly Outcome<TResult>[]> {
    const batch = this.open(records, handler, options);
    const close = batch[Symbol.asyncDispose];
    // It rejects only with what the close throws too, or has as its cause.
    await batch.process().catch(() => {});
    await close();
    return batch.outcomes;
  }

  /** Lets go of what the processor holds. `open()` throws afterwards. On Lambda nobody needs it. */
  [Symbol.dispose](): void {
    this.#disposed = true;
  }

  /** Runs once, before the first record. If it throws, no record is handled and all return. */
  protected _prepare(_batch: Batch): void | Promise<void> {}

  /**
   * Runs once, at the close of a batch whose `_prepare` succeeded and whose records all have an
   * outcome. Under plain `using` it must be sync.
   */
  protected _clean(_batch: Batch): void | Promise<void> {}

  /**
   * Called at most once, as soon as it shows that not all records will be handled: load in the
   * background what `_clean` needs. The end of `process()` waits for it, and what it throws, the close
   * throws.
   */
  protected _expectFailure(_batch: Batch): void | Promise<void> {}

  /**
   * Gives what takes the place of failed outcomes, in the same order: themselves, or for instance
   * `"dead-lettered"` ones. Called for the failures of a batch together, when all its records are
   * done; only a failure in a FIFO message group comes by itself, before the group goes on.
   *
   * If it throws, or gives anything but an outcome for each record, the records have failed.
   */
  protected _settleFailures(
    failures: readonly FailOutcome[],
    _batch: Batch,
  ): readonly Outcome<never>[] | Promise<readonly Outcome<never>[]> {
    return failures;
  }

  /** Runs once at the end of `process()`, when every record has its outcome. */
  protected _finish(_batch: Batch): void | Promise<void> {}

  /**
   * Handles one record and gives its outcome. A custom one calls
   * `batch.handler(record, recordContext)`. The outcome is copied: only its own members count.
   */
  protected async _processRecord<TResult>(
    record: SQSRecord,
    batch: Batch<TResult>,
    recordContext: RecordContext,
  ): Promise<Outcome<TResult>> {
    let result: TResult;
    try {
      result = await batch.handler(record, recordContext);
    } catch (error) {
      return await this.#failed(record, error, batch);
    }
    return await this.successHandler(record, result, batch);
  }

  /** Makes the outcome of a record that was handled. */
  protected successHandler<TResult>(
    record: SQSRecord,
    result: TResult,
    _batch: Batch<TResult>,
  ): Outcome<TResult> | Promise<Outcome<TResult>> {
    return { status: "success", record, result };
  }

  /** Makes the outcome of a record that failed. If it throws, both errors are kept. */
  protected failureHandler(
    record: SQSRecord,
    error: unknown,
    _batch: Batch,
  ): Outcome<never> | Promise<Outcome<never>> {
    return { status: "fail", record, error };
  }

  async #failed(record: SQSRecord, error: unknown, batch: Batch): Promise<Outcome<never>> {
    try {
      return await this.failureHandler(record, error, batch);
    } catch (hookError) {
      const errors = [error, hookError];
      throw new AggregateError(errors, "failureHandler() threw for a record that had failed");
    }
  }
}

function isAsyncFunction(value: unknown): boolean {
  return Object.prototype.toString.call(value) === "[object AsyncFunction]";
}
