import type { SQSClientConfig } from "@aws-sdk/client-sqs";
import {
  BASE_OPTION_NAMES,
  type BasePartialProcessorOptions,
  ofSqsProcessor,
} from "./base_options.ts";
import { checkMilliseconds, checkOptionNames } from "./internal/check_options.ts";
import { describeShape, isObject } from "./internal/shape.ts";
import { checkNonRetryable, type NonRetryable } from "./non_retryable.ts";
import { checkRetryDelay, type RetryDelay } from "./retry_delay.ts";
import type { SqsClientLike } from "./sqs_client_like.ts";

/**
 * Options of a {@linkcode PartialSQSProcessor}. Those that every processor has (`concurrency`,
 * `suppressException`, `reportItemFailures`, `deadlineReserveMs`, `recordTimeoutMs`) are in
 * {@linkcode BasePartialProcessorOptions}.
 *
 * @category Processors
 */
export interface PartialSQSProcessorOptions extends BasePartialProcessorOptions {
  /**
   * How the SQS client is made, once there may be something to tell SQS. Its `region` is not used: the
   * client gets that of the queue.
   *
   * @default {undefined} As the AWS SDK does by itself.
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
  /**
   * From how many receives on a message is a suspect, which may have ended the process: an integer from
   * 1 to 1,000. The suspects of a batch are handled last and one at a time, after everything else was
   * handled and deleted, and each is deleted before the next one starts. So if one of them ends the
   * process (out of memory, `process.exit()`, a native crash), the others do not return with it until
   * all are in the dead-letter queue.
   *
   * - They go by message id, ascending if the batch's highest receive count is even and descending if
   *   it is odd. So those that always return together with the one that ends the process are handled
   *   within two rounds, if none of them was received more often than that one. Set `maxReceiveCount`
   *   of the redrive policy to at least `suspectAfter + 2`, better a few more.
   * - In a FIFO queue a suspect and the rest of its message group come last, and share its fate.
   * - Deletes with `reportItemFailures` too, and needs `sqs:DeleteMessage` and a route to SQS. A deletion
   *   that SQS does not confirm does not keep the next suspect from being handled; it is in
   *   `batch.unconfirmed`.
   * - Not with a `lambdaHandler`, nor with a processor that overrides `_clean`: both may have work to do
   *   before anything is deleted.
   *
   * @default {undefined} No message is a suspect.
   */
  readonly suspectAfter?: number;
}

/** The names of {@linkcode PartialSQSProcessorOptions}. */
export const SQS_OPTION_NAMES: readonly string[] = [
  ...BASE_OPTION_NAMES,
  "config",
  "client",
  "closeTimeoutMs",
  "nonRetryable",
  "retryDelay",
  "suspectAfter",
];

const DEFAULT_CLOSE_TIMEOUT_MS = 10_000;

/**
 * The highest `maxReceiveCount` (Amazon SQS developer guide, "Configure a dead-letter queue using the
 * Amazon SQS console").
 */
const MAX_RECEIVES = 1_000;

/** The options that are about SQS, checked, with their defaults. */
export interface CheckedSqsOptions {
  readonly config: SQSClientConfig;
  readonly client: SqsClientLike | undefined;
  readonly closeTimeoutMs: number;
  readonly nonRetryable: NonRetryable | undefined;
  /** Missing under `suppressException`: Lambda deletes what would be delayed. */
  readonly retryDelay: RetryDelay | undefined;
  readonly suspectAfter: number | undefined;
}

/**
 * Checks the options that are about SQS, and gives them and the others.
 *
 * @throws {TypeError} If an option does not exist or is of the wrong type, or if `client` is not an SQS
 * client.
 * @throws {RangeError} If a number is out of its limits.
 */
export function checkSqsOptions(
  options: PartialSQSProcessorOptions,
): { readonly sqs: CheckedSqsOptions; readonly base: BasePartialProcessorOptions } {
  checkOptionNames(options, SQS_OPTION_NAMES, "PartialSQSProcessor");
  const {
    config = {},
    client,
    closeTimeoutMs = DEFAULT_CLOSE_TIMEOUT_MS,
    nonRetryable,
    retryDelay,
    suspectAfter,
    ...base
  } = options;
  checkConfig(config);
  if (client !== undefined) checkClient(client);
  checkMilliseconds(closeTimeoutMs, "closeTimeoutMs");
  checkNonRetryable(nonRetryable);
  checkRetryDelay(retryDelay);
  checkSuspectAfter(suspectAfter);
  const delay = base.suppressException ? undefined : retryDelay;
  return {
    sqs: { config, client, closeTimeoutMs, nonRetryable, retryDelay: delay, suspectAfter },
    base: ofSqsProcessor(base),
  };
}

function checkSuspectAfter(value: unknown): void {
  if (value === undefined) return;
  if (typeof value !== "number") {
    throw new TypeError(`Cannot use suspectAfter: expected a number, got ${describeShape(value)}`);
  }
  if (Number.isInteger(value) && value >= 1 && value <= MAX_RECEIVES) return;
  throw new RangeError(
    `Cannot use suspectAfter: expected an integer from 1 to ${MAX_RECEIVES}, got ${value}`,
  );
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
  if (client.sendSync !== undefined && typeof client.sendSync !== "function") {
    throw new TypeError(
      `Cannot use client: expected sendSync to be a function, got ${
        describeShape(client.sendSync)
      }`,
    );
  }
  const service = isObject(client.config) ? client.config.serviceId : undefined;
  if (service === undefined || service === "SQS") return;
  throw new TypeError(
    `Cannot use client: expected an SQS client, got a client of ${String(service)}`,
  );
}
