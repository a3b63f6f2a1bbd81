import type { Context, SQSEvent } from "aws-lambda";
import { checkBoolean, checkFunction, checkOptionNames } from "../internal/check_options.ts";
import { describeShape, isObject } from "../internal/shape.ts";
import type { SqsClientLike } from "../sqs_client_like.ts";

/**
 * A Lambda handler, as the mapping invokes it. One with a third parameter gets a callback, and may
 * answer with it.
 *
 * @category Local
 */
export type InvokedHandler = (
  event: SQSEvent,
  context: Context,
  callback: (error?: Error | string | null, result?: unknown) => void,
) => unknown;

/**
 * Options of {@linkcode pollOnce}.
 *
 * @category Local
 */
export interface PollOnceOptions {
  /** The queue to receive from. Its name ends in `.fifo` if it is a FIFO queue. */
  readonly queueUrl: string;
  /** Your function. */
  readonly handler: InvokedHandler;
  /**
   * The client to reach SQS with. It is never destroyed.
   *
   * @default {undefined} One is made from `endpoint` and `region`, and destroyed at the end.
   */
  readonly client?: SqsClientLike;
  /**
   * Where SQS answers: `http://localhost:4566`. Not with `client`.
   *
   * @default {undefined} `AWS_ENDPOINT_URL_SQS` or `AWS_ENDPOINT_URL`; else the host of `queueUrl`. A
   * host that is not one of AWS gets made-up credentials, never yours.
   */
  readonly endpoint?: string;
  /**
   * The queue's region. Not with `client`.
   *
   * @default {undefined} That of the URL's host, else that of the environment, else `us-east-1` on a
   * host that is not one of AWS.
   */
  readonly region?: string;
  /**
   * How many messages a batch has at most: an integer from 1 to 10,000, for a FIFO queue to 10 (AWS
   * Lambda developer guide, "Lambda parameters for Amazon SQS event source mappings").
   *
   * @default {10}
   */
  readonly batchSize?: number;
  /**
   * For how many seconds to gather messages once the first has arrived: 0 to 300. Without a window the
   * batch is what the queue gives at once. Lambda has no window for FIFO queues, and wants one of at
   * least 1 for a `batchSize` above 10 (AWS Lambda API reference, "CreateEventSourceMapping"); the
   * latter is not required here.
   *
   * @default {0}
   */
  readonly maximumBatchingWindowSeconds?: number;
  /**
   * Whether the mapping has `FunctionResponseTypes: [ReportBatchItemFailures]`.
   *
   * @default {false}
   */
  readonly reportBatchItemFailures?: boolean;
  /**
   * The function's timeout, in milliseconds: above 0, at most 900,000. An invocation that takes longer
   * is given up. The default is that of Lambda (AWS Lambda developer guide, "Configure Lambda function
   * timeout").
   *
   * @default {3000}
   */
  readonly functionTimeoutMs?: number;
  /**
   * What the handler's context names the function.
   *
   * @default {"local"}
   */
  readonly functionName?: string;
  /**
   * For how many seconds a received message is hidden: 0 to 43,200. Lambda has no such option.
   *
   * @default {undefined} The queue's own visibility timeout.
   */
  readonly visibilityTimeoutSeconds?: number;
  /**
   * For how many seconds a poll waits for a first message: an integer from 0 to 20.
   *
   * @default {1}
   */
  readonly waitTimeSeconds?: number;
}

/**
 * Options of {@linkcode startEventSourceMapping}.
 *
 * @category Local
 */
export interface EventSourceMappingOptions extends PollOnceOptions {
  /**
   * How many invocations run at the same time at most: an integer from 1 to 1,000. Lambda begins with
   * five, each in an environment of its own (AWS Lambda developer guide, "Configuring scaling behavior
   * for SQS event source mappings"). Here they share the module's state, hence the default.
   *
   * @default {1}
   */
  readonly maximumConcurrency?: number;
}

/** The options, checked, with their defaults. */
export interface CheckedOptions {
  readonly queueUrl: string;
  readonly fifo: boolean;
  readonly handler: InvokedHandler;
  readonly client: SqsClientLike | undefined;
  readonly endpoint: string | undefined;
  readonly region: string | undefined;
  readonly batchSize: number;
  readonly windowMs: number;
  readonly reportBatchItemFailures: boolean;
  readonly functionTimeoutMs: number;
  readonly functionName: string;
  readonly visibilityTimeoutSeconds: number | undefined;
  readonly waitTimeSeconds: number;
  readonly maximumConcurrency: number;
}

const POLL_ONCE_NAMES = [
  "queueUrl",
  "handler",
  "client",
  "endpoint",
  "region",
  "batchSize",
  "maximumBatchingWindowSeconds",
  "reportBatchItemFailures",
  "functionTimeoutMs",
  "functionName",
  "visibilityTimeoutSeconds",
  "waitTimeSeconds",
];

/** @throws {TypeError | RangeError} If an option of `pollOnce()` is wrong or does not exist. */
export function checkPollOnceOptions(options: PollOnceOptions): CheckedOptions {
  checkOptionNames(options, POLL_ONCE_NAMES, "pollOnce()");
  return check(options);
}

/** @throws {TypeError | RangeError} If an option of a mapping is wrong or does not exist. */
export function checkMappingOptions(options: EventSourceMappingOptions): CheckedOptions {
  checkOptionNames(
    options,
    [...POLL_ONCE_NAMES, "maximumConcurrency"],
    "startEventSourceMapping()",
  );
  return check(options);
}

function check(
  {
    queueUrl,
    handler,
    client,
    endpoint,
    region,
    batchSize = 10,
    maximumBatchingWindowSeconds = 0,
    reportBatchItemFailures = false,
    functionTimeoutMs = 3_000,
    functionName = "local",
    visibilityTimeoutSeconds,
    waitTimeSeconds = 1,
    maximumConcurrency = 1,
  }: EventSourceMappingOptions,
): CheckedOptions {
  // fauxqs hands out URLs that cannot be parsed where it listens on an address; a client takes them.
  if (client === undefined && endpoint === undefined) checkUrl(queueUrl, "queueUrl");
  else checkQueueUrl(queueUrl);
  checkFunction(handler, "handler");
  if (client !== undefined) checkClient(client, { endpoint, region });
  if (endpoint !== undefined) checkUrl(endpoint, "endpoint");
  for (const [name, value] of Object.entries({ region: region ?? "", functionName })) {
    if (typeof value === "string") continue;
    throw new TypeError(`Cannot use ${name}: expected a string, got ${describeShape(value)}`);
  }
  checkBoolean(reportBatchItemFailures, "reportBatchItemFailures");
  const fifo = queueUrl.endsWith(".fifo");
  checkNumber(batchSize, fifo ? "batchSize of a FIFO queue" : "batchSize", 1, fifo ? 10 : 10_000);
  checkNumber(maximumBatchingWindowSeconds, "maximumBatchingWindowSeconds", 0, fifo ? 0 : 300);
  checkNumber(waitTimeSeconds, "waitTimeSeconds", 0, 20);
  checkNumber(maximumConcurrency, "maximumConcurrency", 1, 1_000);
  if (visibilityTimeoutSeconds !== undefined) {
    checkNumber(visibilityTimeoutSeconds, "visibilityTimeoutSeconds", 0, 43_200);
  }
  checkNumber(functionTimeoutMs, "functionTimeoutMs", 1, 900_000);
  return {
    queueUrl,
    fifo,
    handler,
    client,
    endpoint,
    region,
    batchSize,
    windowMs: maximumBatchingWindowSeconds * 1_000,
    reportBatchItemFailures,
    functionTimeoutMs,
    functionName,
    visibilityTimeoutSeconds,
    waitTimeSeconds,
    maximumConcurrency,
  };
}

function checkQueueUrl(value: unknown): void {
  if (typeof value === "string" && /^https?:\/\/\S+\/\S+$/.test(value)) return;
  throw new TypeError(`Cannot use queueUrl: expected a URL, got ${describeShape(value)}`);
}

function checkUrl(value: unknown, name: string): void {
  if (typeof value !== "string") {
    throw new TypeError(`Cannot use ${name}: expected a URL, got ${describeShape(value)}`);
  }
  if (URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)) return;
  throw new TypeError(`Cannot use ${name}: expected an http or https URL`);
}

function checkClient(client: unknown, beside: Readonly<Record<string, unknown>>): void {
  if (!isObject(client) || typeof client.send !== "function") {
    throw new TypeError(`Cannot use client: expected an SQS client, got ${describeShape(client)}`);
  }
  for (const [name, value] of Object.entries(beside)) {
    if (value === undefined) continue;
    throw new TypeError(`Cannot use ${name} beside client: the client has its own`);
  }
}

function checkNumber(value: unknown, name: string, least: number, most: number): void {
  if (typeof value !== "number") {
    throw new TypeError(`Cannot use ${name}: expected a number, got ${describeShape(value)}`);
  }
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new RangeError(
    `Cannot use ${name}: expected an integer from ${least} to ${most}, got ${value}`,
  );
}
