import type { SQSMessageAttributes, SQSRecord, SQSRecordAttributes } from "aws-lambda";
import { createHash, randomInt, randomUUID } from "node:crypto";
import { checkOptionNames } from "../internal/check_options.ts";
import { describeShape, isObject, typeNameOnly } from "../internal/shape.ts";
import { readQueue, readQueueArn } from "./queue_name.ts";
import { makeReceiptHandle } from "./receipt_handle.ts";

/**
 * What a record of {@linkcode createSqsRecord} has that others have not. What is not given, or is
 * `undefined`, is made.
 *
 * @category Testing
 */
export interface SqsRecordOverrides {
  /** The message's id. @default A UUID. */
  readonly messageId?: string;
  /** The receipt handle. @default One that no other record has, with the message's id in it. */
  readonly receiptHandle?: string;
  /** The body: a string as it is, anything else as JSON. @default An empty object. */
  readonly body?: unknown;
  /**
   * The attributes that differ, each a string. A FIFO queue's record has `MessageGroupId`,
   * `MessageDeduplicationId` and `SequenceNumber` too.
   *
   * @default One receive, sent just now.
   */
  readonly attributes?: Partial<SQSRecordAttributes>;
  /** The message's own attributes, as Lambda writes them. @default None. */
  readonly messageAttributes?: SQSMessageAttributes;
  /** The MD5 of the body. @default That of the body. */
  readonly md5OfBody?: string;
  /** The MD5 of the message's own attributes. @default None. */
  readonly md5OfMessageAttributes?: string;
  /** Where the event comes from. @default "aws:sqs" */
  readonly eventSource?: string;
  /** The queue's ARN; a name that ends in `.fifo` makes it a FIFO queue. @default A queue `orders`. */
  readonly eventSourceARN?: string;
  /** The region. @default That of the ARN. */
  readonly awsRegion?: string;
}

const TEXTS = [
  "messageId",
  "receiptHandle",
  "md5OfBody",
  "md5OfMessageAttributes",
  "eventSource",
  "eventSourceARN",
  "awsRegion",
] as const;

const ATTRIBUTES = [
  "AWSTraceHeader",
  "ApproximateReceiveCount",
  "SentTimestamp",
  "SenderId",
  "ApproximateFirstReceiveTimestamp",
  "SequenceNumber",
  "MessageGroupId",
  "MessageDeduplicationId",
  "DeadLetterQueueSourceArn",
];

/** The sequence numbers of SQS have 20 digits, and grow within a message group. */
let lastSequenceNumber = 18_800_000_000_000_000_000n + BigInt(randomInt(1_000_000)) * 1_000n;

/**
 * Makes an SQS record as Lambda hands it to a function: complete, and like no other.
 *
 * The message's id is a UUID and `md5OfBody` fits the body. The receipt handle has the message's id in it,
 * by which {@linkcode createFakeSqsClient} knows it.
 *
 * @category Testing
 *
 * @param overrides What it is to have that others have not.
 * @returns The record.
 * @throws {TypeError} If an override does not exist or is of the wrong type, if the body cannot be written
 * as JSON, or if `eventSourceARN` is not the ARN of a queue.
 *
 * @example A message that is handed out for the third time
 * ```ts
 * import { createSqsRecord } from "@partial-batch/sqs/testing";
 * import assert from "node:assert/strict";
 *
 * const record = createSqsRecord({
 *   body: { orderId: 17 },
 *   attributes: { ApproximateReceiveCount: "3" },
 * });
 *
 * assert.equal(record.body, '{"orderId":17}');
 * assert.equal(record.eventSourceARN, "arn:aws:sqs:us-east-1:123456789012:orders");
 * ```
 */
export function createSqsRecord(overrides: SqsRecordOverrides = {}): SQSRecord {
  checkOverrides(overrides);
  const {
    eventSourceARN = readQueue("orders", "queue").arn,
    messageId = randomUUID(),
    receiptHandle = makeReceiptHandle(messageId),
    body = {},
    attributes = {},
    messageAttributes = {},
    eventSource = "aws:sqs",
  } = overrides;
  const { fifo, region } = readQueueArn(eventSourceARN, "eventSourceARN");
  const text = typeof body === "string" ? body : toJson(body);
  const { awsRegion = region, md5OfBody = digest("md5", text), md5OfMessageAttributes } = overrides;
  return {
    messageId,
    receiptHandle,
    body: text,
    attributes: { ...defaultAttributes(text, fifo), ...withoutUndefined(attributes) },
    messageAttributes,
    md5OfBody,
    ...(md5OfMessageAttributes !== undefined && { md5OfMessageAttributes }),
    eventSource,
    eventSourceARN,
    awsRegion,
  };
}

function defaultAttributes(body: string, fifo: boolean): SQSRecordAttributes {
  const now = Date.now();
  return {
    ApproximateReceiveCount: "1",
    SentTimestamp: String(now),
    SenderId: "AIDAEXAMPLEEXAMPLE123",
    ApproximateFirstReceiveTimestamp: String(now),
    ...(fifo && {
      SequenceNumber: String(lastSequenceNumber += 256n),
      MessageGroupId: "group-1",
      // As SQS makes it where the queue has ContentBasedDeduplication.
      MessageDeduplicationId: digest("sha256", body),
    }),
  };
}

function digest(algorithm: "md5" | "sha256", text: string): string {
  return createHash(algorithm).update(text).digest("hex");
}

function toJson(body: unknown): string {
  let text: unknown;
  let cause: unknown;
  try {
    text = JSON.stringify(body);
  } catch (error) {
    cause = error;
  }
  if (typeof text === "string") return text;
  throw new TypeError(
    `Cannot use body: expected a string or something to write as JSON, got ${typeNameOnly(body)}`,
    { cause },
  );
}

function withoutUndefined(attributes: Partial<SQSRecordAttributes>): Partial<SQSRecordAttributes> {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
}

function checkOverrides(overrides: unknown): void {
  const names = ["body", "attributes", "messageAttributes", ...TEXTS];
  checkOptionNames(overrides, names, "createSqsRecord()");
  const given = overrides as Record<string, unknown>;
  for (const name of TEXTS) if (given[name] !== undefined) checkText(given[name], name);
  for (const name of ["attributes", "messageAttributes"]) {
    const value = given[name];
    if (value === undefined || (isObject(value) && !Array.isArray(value))) continue;
    throw new TypeError(`Cannot use ${name}: expected an object, got ${describeShape(value)}`);
  }
  const attributes = given.attributes ?? {};
  checkOptionNames(attributes, ATTRIBUTES, "the record's attributes");
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) checkText(value, `attributes.${name}`);
  }
}

function checkText(value: unknown, name: string): void {
  if (typeof value === "string" && value !== "") return;
  throw new TypeError(`Cannot use ${name}: expected a string, got ${describeShape(value)}`);
}
