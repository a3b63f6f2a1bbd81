import type { SQSClientConfig } from "@aws-sdk/client-sqs";
import { BASE_OPTION_NAMES, type BasePartialProcessorOptions } from "./base_options.ts";
import { BasePartialProcessor, setSteps } from "./base_partial_processor.ts";
import { type Batch, lifecycleOf } from "./batch.ts";
import { checkMilliseconds, checkOptionNames } from "./internal/check_options.ts";
import { describeShape, isObject } from "./internal/shape.ts";
import { checkNonRetryable, type NonRetryable } from "./non_retryable.ts";
import { checkRetryDelay, type RetryDelay } from "./retry_delay.ts";
import { WorkerLease } from "./sqs/blocking/worker.ts";
import { SqsClients } from "./sqs/requests/clients.ts";
import { SqsSteps } from "./sqs/sqs_steps.ts";
import { DeadLetterQueues } from "./sqs/steps/dead_letter_queues.ts";
import type { SqsClientLike } from "./sqs_client_like.ts";
import type { Outcome } from "./types.ts";

/** Options of a {@linkcode PartialSQSProcessor}. */
export interface PartialSQSProcessorOptions extends BasePartialProcessorOptions {
  /**
   * How the SQS client is made, once there may be something to tell SQS. Its `region` is not used: the
   * client gets that of the queue.
   *
   * @default {{}}
   */
  readonly config?: SQSClientConfig;
  /**
   * Your own SQS client, for the queue's region: a client of another region is rejected on first use,
   * unless it has its own endpoint. It wins over `config` and is never destroyed by the library.
   *
   * @default {undefined} One is made for each region.
   */
  readonly client?: SqsClientLike;
  /**
   * How long closing a batch, or another step at SQS, may take, in milliseconds: above 0, at most
   * 5,400,000. It never goes past Lambda's deadline if the batch knows Lambda's context. What is not
   * confirmed in time is `undeleted`.
   *
   * @default {10000}
   */
  readonly closeTimeoutMs?: number;
  /**
   * Failures that can never succeed, and what becomes of their messages. They are moved (or given up)
   * inside `process()`; only what the other queue accepted counts as handled, is deleted like a
   * success, and is no part of what is thrown. What was not accepted stays a failure and returns.
   *
   * Moving needs `sqs:SendMessage` on the other queue and, for `"dead-letter-queue"`,
   * `sqs:GetQueueAttributes` on the source queue.
   *
   * @default {undefined} Every failed message returns.
   */
  readonly nonRetryable?: NonRetryable;
  /**
   * When failed messages come back: seconds from 0 to 43,200, or a function of record and error that
   * returns them (`undefined`: after the queue's visibility timeout). See
   * {@linkcode exponentialBackoff}. In a FIFO queue the rest of the failed message group gets the same
   * delay. Set at the end of `process()`; without effect under `suppressException`, where Lambda
   * deletes the failed messages.
   *
   * Needs `sqs:ChangeMessageVisibility` on the queue. SQS counts its limit of 12 hours from the
   * receive, so the longest possible delay is a little shorter.
   *
   * @default {undefined} After the queue's visibility timeout.
   */
  readonly retryDelay?: RetryDelay;
}

/** The names of {@linkcode PartialSQSProcessorOptions}. */
export const SQS_OPTION_NAMES: readonly string[] = [
  ...BASE_OPTION_NAMES,
  "config",
  "client",
  "closeTimeoutMs",
  "nonRetryable",
  "retryDelay",
];

const DEFAULT_CLOSE_TIMEOUT_MS = 10_000;

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
 *
 * The function's role needs `sqs:DeleteMessage` on the queue.
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
  readonly #clients: SqsClients;
  readonly #worker = new WorkerLease();

  /**
   * Checks the options and does nothing else: a client is made when there is something to tell SQS.
   *
   * @param options The options of the processor.
   * @throws {TypeError} If an option does not exist or is of the wrong type, or if `client` is not an
   * SQS client.
   * @throws {RangeError} If a number is out of its limits.
   */
  constructor(options: PartialSQSProcessorOptions = {}) {
    checkOptionNames(options, SQS_OPTION_NAMES, "PartialSQSProcessor");
    const {
      config = {},
      client,
      closeTimeoutMs = DEFAULT_CLOSE_TIMEOUT_MS,
      nonRetryable,
      retryDelay,
      ...shared
    } = options;
    super(shared);
    checkConfig(config);
    if (client !== undefined) checkClient(client);
    checkMilliseconds(closeTimeoutMs, "closeTimeoutMs");
    checkNonRetryable(nonRetryable);
    checkRetryDelay(retryDelay);
    this.#clients = new SqsClients(client, config);
    const means = {
      clients: this.#clients,
      deadLetterQueues: new DeadLetterQueues(this.#clients),
      worker: this.#worker,
      closeTimeoutMs,
      nonRetryable,
      retryDelay: shared.suppressException ? undefined : retryDelay,
      isCleanOwn: () => this._clean === PartialSQSProcessor.prototype._clean,
    };
    setSteps(this, (lifecycle) => new SqsSteps(lifecycle, means));
  }

  /**
   * Destroys the clients it made, if it made any, and releases the worker of plain `using`. A batch that
   * is still open cannot use such a client any more, so its messages return.
   */
  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    this.#clients.destroy();
    this.#worker.release();
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

function checkConfig(config: unknown): void {
  if (isObject(config) && !Array.isArray(config)) return;
  throw new TypeError(
    `Cannot use config: expected an SQSClientConfig, got ${describeShape(config)}`,
  );
}

function checkClient(client: unknown): void {
  if (!isObject(client) || typeof client.send !== "function") {
    throw new TypeError(`Cannot use client: expected an SQS client, got ${describeShape(client)}`);
  }
  const service = isObject(client.config) ? client.config.serviceId : undefined;
  if (service === undefined || service === "SQS") return;
  throw new TypeError(
    `Cannot use client: expected an SQS client, got a client of ${String(service)}`,
  );
}
