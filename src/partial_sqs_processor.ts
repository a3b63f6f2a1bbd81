import { BasePartialProcessor, setSteps } from "./base_partial_processor.ts";
import { type Batch, lifecycleOf } from "./batch.ts";
import { BlockingDeletions } from "./sqs/blocking/blocking_deletions.ts";
import { type SqsMeans, sqsMeans } from "./sqs/means.ts";
import { SqsSteps } from "./sqs/sqs_steps.ts";
import { checkSqsOptions, type PartialSQSProcessorOptions } from "./sqs_options.ts";
import type { Outcome } from "./types.ts";

/**
 * Handles each SQS message of a batch individually and, if some fail, deletes those that were handled, so
 * that only the others return to the queue.
 *
 * - All handled: no call to SQS, no error; Lambda deletes the batch. The AWS SDK is not even loaded.
 * - Some failed: at the end of the batch's scope the handled messages are deleted with
 *   `DeleteMessageBatch`, then the batch throws an {@linkcode SQSBatchProcessingError}.
 * - All failed: no call, the batch throws.
 * - A deletion that fails never hides the records' own errors: it is listed in the error's
 *   `undeleted`, and those messages return too.
 * - With `suspectAfter`, what is handled is deleted before each suspect starts, whatever follows.
 *
 * {@linkcode BasePartialProcessor.prototype.open} opens a batch, and
 * {@linkcode BasePartialProcessor.prototype.run} opens, processes and closes one in a single call. Both
 * are inherited, as are the hooks. Make a processor once, outside the Lambda handler.
 *
 * The function's role needs `sqs:DeleteMessage` on the queue.
 *
 * @category Processors
 *
 * @example A Lambda handler
 * ```ts
 * import { PartialSQSProcessor } from "@partial-batch/sqs";
 * import type { Context, SQSEvent } from "aws-lambda";
 *
 * const processor = new PartialSQSProcessor({ concurrency: 5 });
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
export class PartialSQSProcessor extends BasePartialProcessor {
  /** From how many receives on a message is a suspect; missing if none is. */
  readonly suspectAfter?: number;
  readonly #means: SqsMeans;
  readonly #blocking: BlockingDeletions;

  /**
   * Checks the options and does nothing else: a client is made when there is something to tell SQS.
   *
   * @param options The options of the processor.
   * @throws {TypeError} If an option does not exist or is of the wrong type, if `client` is not an SQS
   * client, or if `suspectAfter` is set and `_clean` is overridden. (Where a property of the instance
   * overrides it, `open()` throws that.)
   * @throws {RangeError} If a number is out of its limits.
   */
  constructor(options: PartialSQSProcessorOptions = {}) {
    const { sqs, base } = checkSqsOptions(options);
    super(base);
    if (sqs.suspectAfter !== undefined) this.suspectAfter = sqs.suspectAfter;
    this.#means = sqsMeans(sqs, () => this._clean === PartialSQSProcessor.prototype._clean);
    this.#blocking = new BlockingDeletions(this.#means.clients);
    this.#checkClean();
    setSteps(this, (lifecycle) => {
      this.#checkClean();
      return new SqsSteps(lifecycle, this.#means, this.#blocking);
    });
  }

  #checkClean(): void {
    if (this.suspectAfter === undefined || this.#means.isCleanOwn()) return;
    throw new TypeError(
      "Cannot use suspectAfter with an overridden _clean(): messages are deleted before it runs",
    );
  }

  /**
   * Destroys the clients it made, if it made any, and releases the worker of plain `using`. A batch that
   * is still open cannot use such a client any more, so its messages return.
   */
  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    this.#means.clients.destroy();
    this.#blocking.release();
  }

  /**
   * Deletes the handled messages of a batch in which not all were handled: before it returns under
   * plain `using`, else before its promise settles. Call `super._clean(batch)` where you override it:
   * what nobody has tried to delete is reported as `undeleted`.
   *
   * @param batch The batch.
   */
  protected override _clean(batch: Batch): void | Promise<void> {
    return lifecycleOf(batch).hooks.steps?.deleteHandled();
  }

  /**
   * Deletes the messages of some handled outcomes, for a processor that deletes by its own rules: from
   * `_clean`, or while the batch is processed. Under plain `using` it works until `process()` ends.
   *
   * What SQS does not confirm is reported as `undeleted`, and `super._clean(batch)` tries it again. What
   * was deleted here is not deleted again.
   *
   * @param batch The batch.
   * @param outcomes Outcomes of this batch, from `batch.outcomes`.
   * @returns Resolves when SQS has answered, or when the time for it is over. Rejects, before any
   * request, with a `TypeError` for something that is not an outcome of this batch (or if the batch is
   * not of a `PartialSQSProcessor`), and with an `Error` for a message that was not handled, for one
   * before which another of its FIFO message group would stay, and if nothing can wait for SQS any
   * more.
   *
   * @example Deleting only what was stored
   * ```ts
   * import { type Batch, PartialSQSProcessor } from "@partial-batch/sqs";
   *
   * class StoringProcessor extends PartialSQSProcessor {
   *   protected override async _clean(batch: Batch) {
   *     const handled = batch.outcomes.filter(({ status }) =>
   *       status === "success" || status === "dead-lettered" || status === "discarded"
   *     );
   *     await store(handled);
   *     await this._deleteMessages(batch, handled);
   *   }
   * }
   *
   * async function store(_outcomes: unknown) {}
   * ```
   */
  protected async _deleteMessages(batch: Batch, outcomes: readonly Outcome[]): Promise<void> {
    const { steps } = lifecycleOf(batch).hooks;
    if (!steps) {
      throw new TypeError("Cannot delete messages: expected a batch of a PartialSQSProcessor");
    }
    await steps.deleteMessages(outcomes);
  }
}
