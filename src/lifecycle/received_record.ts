import type { SQSMessageAttributes, SQSRecord } from "aws-lambda";
import { parseQueueArn, type QueueArn } from "../internal/queue_arn.ts";
import { receiveCountOf } from "../internal/receive_count.ts";
import { describeShape, isObject } from "../internal/shape.ts";

/**
 * A record as it was when its batch was opened.
 *
 * It belongs to the batch and not to the record object, which handlers may write to (many parse the
 * body in place, or black out the receipt handle for a log) and which may be in two batches. What SQS
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
    throw refusal(index, `expected an event of "aws:sqs", got one of ${name}`);
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
