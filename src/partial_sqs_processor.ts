import type { SQSClientConfig } from "@aws-sdk/client-sqs";
import { BASE_OPTION_NAMES, type BasePartialProcessorOptions } from "./base_options.ts";
import { BasePartialProcessor } from "./base_partial_processor.ts";
import type { Batch } from "./batch.ts";
import { checkMilliseconds, checkOptionNames } from "./check_options.ts";
import { isObject, shapeOf } from "./shape.ts";
import { type BatchRequest, batchRequests } from "./sqs/batch_request.ts";
import { WorkerLease } from "./sqs/blocking_worker.ts";
import { DELETE } from "./sqs/delete_action.ts";
import { deleteEntries, type DeleteEntry, isHandled } from "./sqs/delete_entries.ts";
import { sendBatchRequests, type Unconfirmed } from "./sqs/send_batch_requests.ts";
import { loadSdk } from "./sqs/sdk.ts";
import { sendSignedBlocking } from "./sqs/send_signed_blocking.ts";
import { type SignedRequest, signRequests } from "./sqs/sign_requests.ts";
import type { SqsClientLike } from "./sqs/sqs_client_like.ts";
import { SqsClients } from "./sqs/sqs_clients.ts";
import { timeLeft, withTimeLimit } from "./time_limit.ts";

/** Options of a {@linkcode PartialSQSProcessor}. */
export interface PartialSqsProcessorOptions extends BasePartialProcessorOptions {
  /**
   * How the SQS client is made, when the first message is to be deleted. Its `region` is not used:
   * the client takes that of the queue.
   *
   * @default {{}}
   */
  readonly config?: SQSClientConfig;
  /** An SQS client of your own. It wins over `config` and is never destroyed by the library. */
  readonly client?: SqsClientLike;
  /**
   * How long closing a batch may take, in milliseconds: above 0, at most 900,000. It never goes past
   * Lambda's deadline where the batch knows Lambda's context. What is not confirmed in time is
   * `undeleted`.
   *
   * @default {10000}
   */
  readonly closeTimeoutMs?: number;
}

const DEFAULT_CLOSE_TIMEOUT_MS = 10_000;

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
  readonly #worker = new WorkerLease();
  readonly #signed = new WeakMap<Batch, readonly SignedRequest<DeleteEntry>[]>();

  /**
   * @throws {TypeError} If an option is unknown or of the wrong type, or if `client` is no SQS
   * client.
   * @throws {RangeError} If a number is out of its limits.
   */
  constructor(options: PartialSqsProcessorOptions = {}) {
    checkOptionNames(
      options,
      [...BASE_OPTION_NAMES, "config", "client", "closeTimeoutMs"],
      "PartialSQSProcessor",
    );
    const { config = {}, client, closeTimeoutMs = DEFAULT_CLOSE_TIMEOUT_MS, ...shared } = options;
    super(shared);
    checkConfig(config);
    if (client !== undefined) checkClient(client);
    checkMilliseconds(closeTimeoutMs, "closeTimeoutMs");
    this.#clients = new SqsClients(client, config);
    this.#closeTimeoutMs = closeTimeoutMs;
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

  /** Under plain `using`, has the deletions signed: at the close it is too late to wait for that. */
  protected override async _finish(batch: Batch): Promise<void> {
    if (batch.held !== "using") return;
    const requests = batchRequests(this.#entriesToDelete(batch));
    if (requests.length === 0) return;
    this.#signed.set(
      batch,
      await this.#withinTimeLimit(
        batch,
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
    reportUndeleted(batch, sendSignedBlocking(DELETE, signed, limitMs));
  }

  #entriesToDelete({ outcomes }: Batch): DeleteEntry[] {
    return this.reportItemFailures || outcomes.every(isHandled) ? [] : deleteEntries(outcomes);
  }

  async #delete(batch: Batch, requests: readonly BatchRequest<DeleteEntry>[]): Promise<void> {
    const unconfirmed = await this.#withinTimeLimit(
      batch,
      (signal) => sendBatchRequests(this.#clients, DELETE, requests, signal),
    );
    reportUndeleted(batch, unconfirmed);
  }

  #withinTimeLimit<T>(batch: Batch, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return withTimeLimit(timeLeft(this.#closeTimeoutMs, batch.lambdaContext), work);
  }
}

function reportUndeleted(batch: Batch, unconfirmed: readonly Unconfirmed<DeleteEntry>[]): void {
  for (const { entry, ...why } of unconfirmed) {
    for (const record of entry.records) batch.reportUndeleted({ record, ...why });
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
