import type { MessageAttributeValue, SendMessageBatchRequestEntry } from "@aws-sdk/client-sqs";
import type { SQSMessageAttribute, SQSRecord } from "aws-lambda";
import { asReceived } from "../as_received.ts";
import type { BatchAction, BatchEntry } from "./batch_request.ts";

/** One message to send on to another queue, as it came. */
export interface SendEntry extends BatchEntry {
  readonly record: SQSRecord;
}

/** Sends messages on. */
export const SEND: BatchAction<SendEntry> = {
  name: "SendMessageBatch",
  permission: "sqs:SendMessage",
  command: (sdk, QueueUrl, entries) =>
    new sdk.SendMessageBatchCommand({ QueueUrl, Entries: entries.map(toRequestEntry) }),
};

/**
 * In a FIFO queue the message id is the deduplication id, as where SQS redrives: the message's own
 * one would let the queue drop a second message that has the same as a duplicate, and lose it.
 */
function toRequestEntry({ record, queue }: SendEntry, index: number): SendMessageBatchRequestEntry {
  const { messageId, body, attributes, messageAttributes } = asReceived(record);
  const traceHeader = attributes?.AWSTraceHeader;
  return {
    Id: String(index),
    MessageBody: body,
    MessageAttributes: toMessageAttributes(messageAttributes),
    ...(traceHeader && {
      MessageSystemAttributes: {
        AWSTraceHeader: { DataType: "String", StringValue: traceHeader },
      },
    }),
    ...(queue.fifo && {
      MessageGroupId: attributes?.MessageGroupId ?? messageId,
      MessageDeduplicationId: messageId,
    }),
  };
}

function toMessageAttributes(
  attributes: Readonly<Record<string, SQSMessageAttribute>> = {},
): Record<string, MessageAttributeValue> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { dataType, stringValue, binaryValue }]) => [name, {
      DataType: dataType,
      ...(stringValue !== undefined && { StringValue: stringValue }),
      ...(binaryValue !== undefined && { BinaryValue: fromBase64(binaryValue) }),
    }]),
  );
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** A message's size, as SQS counts it: the body, and name, type and value of its attributes. */
export function bytesOf({ record }: SendEntry): number {
  const { body, messageAttributes = {} } = asReceived(record);
  const texts = Object.entries(messageAttributes).flatMap((
    [name, { dataType, stringValue = "", binaryValue = "" }],
  ) => [name, dataType, stringValue, binaryValue]);
  const encoder = new TextEncoder();
  return [body, ...texts].reduce((sum, text) => sum + encoder.encode(text).length, 0);
}
