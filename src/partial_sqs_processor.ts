import type { SQSClientConfig } from "@aws-sdk/client-sqs";
import { BASE_OPTION_NAMES, type BasePartialProcessorOptions } from "./base_options.ts";
import { BasePartialProcessor } from "./base_partial_processor.ts";
import type { Batch } from "./batch.ts";
import { checkMilliseconds, checkOptionNames } from "./check_options.ts";
import { checkNonRetryable, type NonRetryable } from "./non_retryable.ts";
import { checkRetryDelay, type RetryDelay } from "./retry_delay.ts";
import { isObject, shapeOf } from "./shape.ts";
import { type BatchEntry, type BatchRequest, batchRequests } from "./sqs/batch_request.ts";
import { WorkerLease } from "./sqs/blocking_worker.ts";
import { CHANGE_VISIBILITY, changeVisibilityEntries } from "./sqs/change_visibility_action.ts";
import { DeadLetterQueues } from "./sqs/dead_letter_queues.ts";
import { DELETE } from "./sqs/delete_action.ts";
import { deleteEntries, type DeleteEntry, isHandled } from "./sqs/delete_entries.ts";
import { sendBatchRequests, type Unconfirmed } from "./sqs/send_batch_requests.ts";
import { loadSdk } from "./sqs/sdk.ts";
import { sendSignedBlocking } from "./sqs/send_signed_blocking.ts";
import { type SignedRequest, signRequests } from "./sqs/sign_requests.ts";
import { settleNonRetryable } from "./sqs/settle_non_retryable.ts";
import type { SqsClientLike } from "./sqs/sqs_client_like.ts";
import { SqsClients } from "./sqs/sqs_clients.ts";
import { timeLeft, withTimeLimit } from "./time_limit.ts";
import type { FailOutcome, Outcome, UnconfirmedStep } from "./types.ts";

/** Options of a {@linkcode PartialSQSProcessor}. */
export interface PartialSqsProcessorOptions extends BasePartialProcessorOptions {
  /**
   * How the SQS client is made, when the first message is to be deleted. Its `region` is not used:
   * the client takes that of the queue.
   *
   * @default {{}}
   */
  readonly config?: SQSClientConfig;
  /**
   * An SQS client of your own, with the region of the queue. It wins over `config` and is never
   * destroyed by the library.
   */
  readonly client?: SqsClientLike;
  /**
   * How long closing a batch may take, in milliseconds: above 0, at most 900,000. It never goes past
   * Lambda's deadline where the batch knows Lambda's context. What is not confirmed in time is
   * `undeleted`.
   *
   * @default {10000}
   */
  readonly closeTimeoutMs?: number;
  /**
   * Failures that can never succeed, and what becomes of their messages. They are moved (or given
   * up) inside `process()`; only what the other queue accepted counts as handled, is deleted like a
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
   * gives them (`undefined`: when the queue's visibility timeout ends). See
   * {@linkcode exponentialBackoff}. Set at the end of `process()`; not with `suppressException`,
   * where Lambda deletes them.
   *
   * Needs `sqs:ChangeMessageVisibility` on the queue. SQS counts its limit of 12 hours from the
   * receive, so that the longest delay is a little shorter.
   *
   * @default {undefined} When the queue's visibility timeout ends.
   */
  readonly retryDelay?: RetryDelay;
}

const DEFAULT_CLOSE_TIMEOUT_MS = 10_000;

/** A step inside `process()` takes at most half of what is left of the invocation. */
const STEPS_BEFORE_CLOSE = 2;

/**
 * Handles each SQS message of a batch by itself and, where some fail, deletes those that were
 * handled, so that only the rest returns to the queue.
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
  readonly #closeTimeoutMs: number;
  readonly #nonRetryable: NonRetryable | undefined;
  readonly #retryDelay: RetryDelay | undefined;
  readonly #deadLetterQueues: DeadLetterQueues;
  readonly #worker = new WorkerLease();
  readonly #signed = new WeakMap<Batch, readonly SignedRequest<DeleteEntry>[]>();

  /**
   * Checks the options and does nothing else: a client is made when there is something to tell SQS.
   *
   * @throws {TypeError} If an option is unknown or of the wrong type, or if `client` is no SQS
   * client.
   * @throws {RangeError} If a number is out of its limits.
   */
  constructor(options: PartialSqsProcessorOptions = {}) {
    checkOptionNames(
      options,
      [...BASE_OPTION_NAMES, "config", "client", "closeTimeoutMs", "nonRetryable", "retryDelay"],
      "PartialSQSProcessor",
    );
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
    this.#closeTimeoutMs = closeTimeoutMs;
    this.#nonRetryable = nonRetryable;
    this.#retryDelay = shared.suppressException ? undefined : retryDelay;
    this.#deadLetterQueues = new DeadLetterQueues(this.#clients);
  }

  /**
   * Destroys the client it made, if it made one, and lets go of the worker of plain `using`. The
   * messages of a batch that is still open are not deleted any more.
   */
  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    this.#clients.destroy();
    this.#worker.release();
  }

  /** Loads the AWS SDK in the background and, under plain `using`, starts the worker. */
  protected override _expectFailure(batch: Batch): void {
    if (this.reportItemFailures) return;
    // Whoever needs it loads it again, and reports why it does not load.
    loadSdk().catch(() => {});
    if (batch.held === "using") this.#worker.hold();
  }

  /** Moves or gives up the messages of failures that can never succeed. */
  protected override async _settleFailures(
    failures: readonly FailOutcome[],
    batch: Batch,
  ): Promise<readonly Outcome<never>[]> {
    const nonRetryable = this.#nonRetryable;
    if (!nonRetryable) return failures;
    return await this.#withinTimeLimit(
      batch,
      STEPS_BEFORE_CLOSE,
      (signal) =>
        settleNonRetryable(nonRetryable, failures, {
          clients: this.#clients,
          deadLetterQueues: this.#deadLetterQueues,
          report: (unmoved) => batch.reportUnconfirmed("unmoved", unmoved),
          signal,
        }),
    );
  }

  /**
   * Sets the retry delay of failed messages. Under plain `using`, has the deletions signed: at the
   * close it is too late to wait for that.
   */
  protected override async _finish(batch: Batch): Promise<void> {
    await this.#delayFailures(batch);
    if (batch.held !== "using") return;
    const requests = batchRequests(this.#entriesToDelete(batch));
    if (requests.length === 0) return;
    this.#signed.set(
      batch,
      await this.#withinTimeLimit(
        batch,
        STEPS_BEFORE_CLOSE,
        (signal) => signRequests(this.#clients, DELETE, requests, signal),
      ),
    );
  }

  /**
   * Deletes the handled messages of a batch in which not all were handled: before it returns under
   * plain `using`, else before its promise settles.
   */
  protected override _clean(batch: Batch): void | Promise<void> {
    const requests = batchRequests(this.#entriesToDelete(batch));
    if (requests.length === 0) return;
    if (batch.held !== "using") return this.#delete(batch, requests);
    const signed = this.#signed.get(batch) ??
      requests.map((request) => ({ ...request, reason: "not signed" }));
    const limitMs = timeLeft(this.#closeTimeoutMs, batch.lambdaContext);
    reportUnconfirmed(batch, "undeleted", sendSignedBlocking(DELETE, signed, limitMs));
  }

  async #delete(batch: Batch, requests: readonly BatchRequest<DeleteEntry>[]): Promise<void> {
    const unconfirmed = await this.#withinTimeLimit(
      batch,
      1,
      (signal) => sendBatchRequests(this.#clients, DELETE, requests, signal),
    );
    reportUnconfirmed(batch, "undeleted", unconfirmed);
  }

  async #delayFailures(batch: Batch): Promise<void> {
    const retryDelay = this.#retryDelay;
    const failures = batch.outcomes.filter((outcome) => outcome.status === "fail");
    if (retryDelay === undefined || failures.length === 0) return;
    const { entries, undelayed } = changeVisibilityEntries(retryDelay, failures);
    for (const each of undelayed) batch.reportUnconfirmed("undelayed", each);
    const unconfirmed = await this.#withinTimeLimit(
      batch,
      STEPS_BEFORE_CLOSE,
      (signal) =>
        sendBatchRequests(this.#clients, CHANGE_VISIBILITY, batchRequests(entries), signal),
    );
    reportUnconfirmed(batch, "undelayed", unconfirmed);
  }

  #entriesToDelete({ outcomes }: Batch): DeleteEntry[] {
    return this.reportItemFailures || outcomes.every(isHandled) ? [] : deleteEntries(outcomes);
  }

  /** A step gets its part of the time that is left, so that the steps after it have some too. */
  #withinTimeLimit<T>(
    batch: Batch,
    parts: number,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const left = timeLeft(Infinity, batch.lambdaContext) / parts;
    return withTimeLimit(Math.min(this.#closeTimeoutMs, left), work);
  }
}

function reportUnconfirmed(
  batch: Batch,
  step: UnconfirmedStep,
  unconfirmed: readonly Unconfirmed<BatchEntry>[],
): void {
  for (const { entry, ...why } of unconfirmed) {
    for (const record of entry.records) batch.reportUnconfirmed(step, { record, ...why });
  }
}

function checkConfig(config: unknown): void {
  if (isObject(config) && !Array.isArray(config)) return;
  throw new TypeError(`Cannot use config: expected an SQSClientConfig, got ${shapeOf(config)}`);
}

function checkClient(client: unknown): void {
  if (!isObject(client) || typeof client.send !== "function") {
    throw new TypeError(`Cannot use client: expected an SQS client, got ${shapeOf(client)}`);
  }
  const service = isObject(client.config) ? client.config.serviceId : undefined;
  if (service === undefined || service === "SQS") return;
  throw new TypeError(`Cannot use client: expected an SQS client, got one of ${String(service)}`);
}
