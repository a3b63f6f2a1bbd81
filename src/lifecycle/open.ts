import type { Context, SQSMessageAttributes, SQSRecord } from "aws-lambda";
import type { CheckedBaseOptions, OpenOptions } from "../base_options.ts";
import { isCloseObserved } from "../diagnostics.ts";
import { checkHandler, checkOptionNames } from "../internal/check_options.ts";
import { parseQueueArn, type QueueArn } from "../internal/queue_arn.ts";
import { receiveCountOf } from "../internal/receive_count.ts";
import { describeShape, isObject } from "../internal/shape.ts";
import type { RecordHandler } from "../types.ts";
import { surroundBatch, type Within } from "./around_batch.ts";
import { Clock } from "./clock.ts";
import { batchHandler, Stragglers } from "./handler.ts";
import { Stop } from "./record.ts";

/** What a batch is opened with, checked. */
export interface BatchSetup<TResult> {
  readonly records: readonly SQSRecord[];
  readonly received: readonly ReceivedRecord[];
  /** When the batch was opened, by `performance.now()`; `undefined` if nobody listens to the close channel. */
  readonly openedAt: number | undefined;
  /** Calls `process()` and the close with what is to be active around them. */
  readonly within: Within;
  readonly handler: RecordHandler<TResult>;
  readonly lambdaContext: Context | undefined;
  readonly clock: Clock;
  readonly stragglers: Stragglers;
  readonly stop: Stop;
  readonly options: CheckedBaseOptions;
}

/**
 * Checks what a batch is opened with, and keeps what its records say.
 *
 * @throws {TypeError} If anything is of the wrong type, or an option does not exist.
 */
export function setUpBatch<TResult>(
  records: readonly SQSRecord[],
  handler: RecordHandler<TResult>,
  openOptions: OpenOptions,
  options: CheckedBaseOptions,
  isProcessRecordOverridden: boolean,
): BatchSetup<TResult> {
  const received = receiveRecords(records);
  checkHandler(handler, "the record handler");
  checkOptionNames(openOptions, ["context"], "open()");
  const { context } = openOptions;
  if (context !== undefined && !isObject(context)) {
    throw new TypeError(
      `Cannot use context: expected Lambda's context, got ${describeShape(context)}`,
    );
  }
  const stragglers = new Stragglers();
  const stop = new Stop();
  const { recordTimeoutMs } = options;
  return {
    records: Object.freeze([...records]),
    received,
    openedAt: isCloseObserved() ? performance.now() : undefined,
    within: surroundBatch(received),
    handler: batchHandler(handler, {
      recordTimeoutMs,
      isProcessRecordOverridden,
      stragglers,
      stop,
    }),
    stragglers,
    stop,
    lambdaContext: context,
    clock: new Clock(context, options.deadlineReserveMs, requestsToCome(records, options)),
    options,
  };
}

/** How many delete requests there may be, beyond the first ten, which go out at once. */
function requestsToCome(
  { length }: readonly SQSRecord[],
  { reportItemFailures }: CheckedBaseOptions,
): number {
  return reportItemFailures === true ? 0 : Math.max(0, Math.ceil(length / 10) - 10);
}

/**
 * A record as it was when its batch was opened.
 *
 * It belongs to the batch and not to the record object, which handlers may write to (many parse the
 * body in place, or redact the receipt handle for a log) and which may be in two batches. What SQS
 * is told, and every text, goes by this.
 */
export interface ReceivedRecord {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly queue: QueueArn;
  readonly receiveCount: number;
  readonly body: unknown;
  readonly groupId: string | undefined;
  readonly traceHeader: string | undefined;
  /** `undefined` if they cannot be read. */
  readonly messageAttributes: SQSMessageAttributes | undefined;
}

const NO_ATTRIBUTES: SQSMessageAttributes = Object.freeze({});

/**
 * Checks that a batch is an array of SQS records with all that deleting them takes, and keeps what
 * they say.
 *
 * @throws {TypeError} If it is anything else; the text says what, and where.
 */
export function receiveRecords(records: unknown): readonly ReceivedRecord[] {
  if (!Array.isArray(records)) {
    const hint = isObject(records) && "Records" in records ? ", pass event.Records" : "";
    throw new TypeError(
      `Cannot open a batch: expected an array of SQS records, got ${describeShape(records)}${hint}`,
    );
  }
  const queues = new Map<string, QueueArn>();
  const received = new Array<ReceivedRecord>(records.length);
  // Not map(): it skips the holes of a sparse array.
  for (let index = 0; index < records.length; index++) {
    received[index] = receiveRecord(records[index], index, queues);
  }
  return received;
}

function receiveRecord(
  record: unknown,
  index: number,
  queues: Map<string, QueueArn>,
): ReceivedRecord {
  if (!isObject(record)) {
    throw refusal(index, `expected an SQS record, got ${describeShape(record)}`);
  }
  // SNS writes EventSource, everyone else eventSource.
  const source = record.eventSource ?? record.EventSource;
  if (source !== undefined && source !== "aws:sqs") {
    const name = typeof source === "string" ? `"${source}"` : describeShape(source);
    throw refusal(index, `expected a record from "aws:sqs", got one from ${name}`);
  }
  const { messageId, receiptHandle, eventSourceARN } = record;
  checkText(messageId, "messageId", index);
  checkText(receiptHandle, "receiptHandle", index);
  checkText(eventSourceARN, "eventSourceARN", index);
  const attributes = isObject(record.attributes) ? record.attributes : {};
  return {
    messageId,
    receiptHandle,
    queue: queues.get(eventSourceARN) ?? readQueue(eventSourceARN, index, queues),
    receiveCount: receiveCountOf(record),
    body: record.body,
    groupId: textOrNone(attributes.MessageGroupId),
    traceHeader: textOrNone(attributes.AWSTraceHeader),
    messageAttributes: copyAttributes(record),
  };
}

function checkText(value: unknown, name: string, index: number): asserts value is string {
  if (typeof value === "string" && value !== "") return;
  throw refusal(index, `expected ${name} to be a string, got ${describeShape(value)}`);
}

function textOrNone(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function readQueue(arn: string, index: number, queues: Map<string, QueueArn>): QueueArn {
  try {
    const queue = parseQueueArn(arn);
    queues.set(arn, queue);
    return queue;
  } catch (cause) {
    throw refusal(index, (cause as Error).message);
  }
}

function refusal(index: number, why: string): TypeError {
  return new TypeError(`Cannot open a batch: record ${index}: ${why}`);
}

/** Most messages have no attributes, and then nothing is copied. */
function copyAttributes(record: Partial<SQSRecord>): SQSMessageAttributes | undefined {
  try {
    const { messageAttributes } = record;
    for (const _ in messageAttributes) {
      return Object.fromEntries(
        Object.entries(messageAttributes).map(([name, attribute]) => [name, { ...attribute }]),
      );
    }
    return NO_ATTRIBUTES;
  } catch {
    return undefined;
  }
}
