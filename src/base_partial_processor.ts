import type { SQSRecord } from "aws-lambda";
import {
  type BasePartialProcessorOptions,
  checkBaseOptions,
  type CheckedBaseOptions,
  type OpenOptions,
} from "./base_options.ts";
import { Batch, lifecycleOf } from "./batch.ts";
import { isAsyncFunction } from "./internal/promises.ts";
import type { Hooks, Steps } from "./lifecycle/hooks.ts";
import type { Lifecycle } from "./lifecycle/lifecycle.ts";
import { setUpBatch } from "./lifecycle/open.ts";
import { failed, succeeded } from "./lifecycle/outcome.ts";
import { handleRecord } from "./lifecycle/record.ts";
import type { Outcome, RecordContext, RecordHandler } from "./types.ts";

/** Gives the library's own processor its steps at SQS, which are not hooks to override. */
export let setSteps: (processor: BasePartialProcessor, makeSteps: MakeSteps) => void;

type MakeSteps = (lifecycle: Lifecycle) => Steps;

/**
 * Handles each record of a batch individually, and throws at the end of the batch's scope if not all were
 * handled. Derive from it to do something of your own with the outcomes;
 * {@linkcode PartialSQSProcessor} derives from it to delete the handled messages.
 *
 * - A processor holds nothing of any batch: make one per module, and open a batch for every event.
 * - Its hooks are `_prepare`, `_processRecord`, `successHandler`, `failureHandler` and `_clean`. Each
 *   has a default and may be sync or async; only `_clean` must be sync under plain `using`.
 * - A hook's result is not trusted: if it throws, or gives anything but an outcome for its record, the
 *   record has failed.
 * - A hook must not close its own batch. Reading `batch.response()` in a hook does not count as
 *   giving it to Lambda.
 *
 * @category Processors
 *
 * @example A processor that counts
 * ```ts
 * import { BasePartialProcessor, type Batch, withBatchProcessor } from "@partial-batch/sqs";
 *
 * class CountingProcessor extends BasePartialProcessor {
 *   protected override _clean(batch: Batch) {
 *     console.log(`${batch.successMessages.length} of ${batch.records.length} handled`);
 *   }
 * }
 *
 * export const handler = withBatchProcessor(
 *   new CountingProcessor({ concurrency: 1 }),
 *   (record) => JSON.parse(record.body),
 * );
 * ```
 */
export abstract class BasePartialProcessor implements Disposable {
  /**
   * Whether failures are reported by `batch.response()`, instead of deleting and throwing: always, never,
   * or where Lambda is known to read it.
   */
  readonly reportItemFailures: boolean | "verified";
  readonly #options: CheckedBaseOptions;
  #makeSteps: MakeSteps | undefined;
  #isDisposed = false;

  static {
    setSteps = (processor, makeSteps) => processor.#makeSteps = makeSteps;
  }

  /**
   * Checks the options and does nothing else.
   *
   * @param options The options every processor has.
   * @throws {TypeError} If an option does not exist or is of the wrong type, if `suppressException` and
   * `reportItemFailures` are both set, or if `reportItemFailures` is `"verified"` and the processor does
   * not derive from `PartialSQSProcessor`.
   * @throws {RangeError} If a number is out of its limits.
   */
  constructor(options: BasePartialProcessorOptions = {}) {
    this.#options = checkBaseOptions(options);
    this.reportItemFailures = this.#options.reportItemFailures;
  }

  /**
   * Opens a batch. Hold it with `await using` or `using`, then await its `process()`.
   *
   * What the records say now is what SQS is told later, whatever anybody writes to them.
   *
   * @typeParam TResult What the record handler returns.
   * @param records The records of the event, `event.Records`.
   * @param handler Handles one record.
   * @param options Lambda's context.
   * @returns The batch.
   * @throws {TypeError} If `records` is not an array of SQS records (the whole event, an event of
   * another source, a record without `messageId`, `receiptHandle` or `eventSourceARN`), if `handler`
   * is not a function or is a generator function, or if an option does not exist.
   * @throws {Error} If the processor was disposed.
   *
   * @example
   * ```ts
   * import { PartialSQSProcessor } from "@partial-batch/sqs";
   * import type { Context, SQSEvent, SQSRecord } from "aws-lambda";
   *
   * const processor = new PartialSQSProcessor();
   * const handleRecord = (record: SQSRecord) => JSON.parse(record.body);
   *
   * export const handler = async (event: SQSEvent, context: Context) => {
   *   await using batch = processor.open(event.Records, handleRecord, { context });
   *   await batch.process();
   * };
   * ```
   */
  open<TResult>(
    records: readonly SQSRecord[],
    handler: RecordHandler<TResult>,
    options: OpenOptions = {},
  ): Batch<TResult> {
    if (this.#isDisposed) throw new Error("Cannot open a batch: the processor was disposed");
    return new Batch(
      setUpBatch(records, handler, options, this.#options, this.#isProcessRecordOverridden),
      (batch, lifecycle) => this.#bindHooks(batch, lifecycle),
    );
  }

  /**
   * Opens a batch, processes it and closes it in one call: for JavaScript without the `using` syntax.
   *
   * @typeParam TResult What the record handler returns.
   * @param records The records of the event, `event.Records`.
   * @param handler Handles one record.
   * @param options Lambda's context.
   * @returns One outcome per record. Do not return them from the Lambda handler: a response over 6 MB
   * fails the invocation.
   * @throws {SQSBatchProcessingError} If a record failed (unless `suppressException`) or was not
   * handled, with `reportItemFailures` too: nobody could return a response. What a hook threw is its
   * `cause`; where all records were handled, that is thrown as it is.
   * @throws {TypeError} As {@linkcode BasePartialProcessor.prototype.open} does.
   */
  async run<TResult>(
    records: readonly SQSRecord[],
    handler: RecordHandler<TResult>,
    options: OpenOptions = {},
  ): Promise<readonly Outcome<TResult>[]> {
    const batch = this.open(records, handler, options);
    if (batch instanceof Batch) lifecycleOf(batch).reporting.ruleOut();
    const close = batch[Symbol.asyncDispose];
    // It rejects only with what the close throws too, or has as its cause.
    await batch.process().catch(() => {});
    await close();
    return batch.outcomes;
  }

  /** Releases what the processor holds; `open()` throws afterwards. Lambda does not need it. */
  [Symbol.dispose](): void {
    this.#isDisposed = true;
  }

  /**
   * Runs once, before the first record. If it throws, no record is handled and all messages return.
   *
   * @param _batch The batch.
   */
  protected _prepare(_batch: Batch): void | Promise<void> {}

  /**
   * Handles one record and gives its outcome. A custom one calls
   * `batch.handler(record, recordContext)`, or `super`. The outcome is copied: only its own members
   * count.
   *
   * @typeParam TResult What the record handler returns.
   * @param record The record.
   * @param batch Its batch.
   * @param recordContext What the record handler is given beside the record.
   * @returns The outcome of this record.
   */
  protected _processRecord<TResult>(
    record: SQSRecord,
    batch: Batch<TResult>,
    recordContext: RecordContext,
  ): Outcome<TResult> | Promise<Outcome<TResult>> {
    const lifecycle = lifecycleOf(batch);
    const noteFailure = (error: unknown) => lifecycle.noteFailure(record, error);
    return handleRecord(record, recordContext, batch.handler, lifecycle.hooks, noteFailure);
  }

  /**
   * Makes the outcome of a record that was handled.
   *
   * @typeParam TResult What the record handler returns.
   * @param record The record.
   * @param result What its handler returned.
   * @param _batch Its batch.
   * @returns The outcome of this record.
   */
  protected successHandler<TResult>(
    record: SQSRecord,
    result: TResult,
    _batch: Batch<TResult>,
  ): Outcome<TResult> | Promise<Outcome<TResult>> {
    return succeeded(record, result);
  }

  /**
   * Makes the outcome of a record that failed. If it throws, both errors are kept; if it never settles,
   * the record fails with its own error at the deadline.
   *
   * @param record The record.
   * @param error What its handler threw.
   * @param _batch Its batch.
   * @returns The outcome of this record.
   */
  protected failureHandler(
    record: SQSRecord,
    error: unknown,
    _batch: Batch,
  ): Outcome<never> | Promise<Outcome<never>> {
    return failed(record, error);
  }

  /**
   * Runs once, when the batch is closed, if `process()` ran to its end. Under plain `using` it must be
   * sync. What it throws is never suppressed.
   *
   * @param _batch The batch.
   */
  protected _clean(_batch: Batch): void | Promise<void> {}

  get #isProcessRecordOverridden(): boolean {
    return this._processRecord !== BasePartialProcessor.prototype._processRecord;
  }

  /** Binds the hooks to a batch. Those that are not overridden are left out: they need no call. */
  #bindHooks<TResult>(batch: Batch<TResult>, lifecycle: Lifecycle<TResult>): Hooks<TResult> {
    const { successHandler, failureHandler } = BasePartialProcessor.prototype;
    return {
      prepare: () => this._prepare(batch),
      processRecord: this.#isProcessRecordOverridden
        ? (record, recordContext) => this._processRecord(record, batch, recordContext)
        : undefined,
      successHandler: this.successHandler === successHandler
        ? undefined
        : (record, result) => this.successHandler(record, result, batch),
      failureHandler: this.failureHandler === failureHandler
        ? undefined
        : (record, error) => this.failureHandler(record, error, batch),
      clean: () => this._clean(batch),
      isCleanAsync: () => isAsyncFunction(this._clean),
      steps: this.#makeSteps?.(lifecycle),
    };
  }
}
