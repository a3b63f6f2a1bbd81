import type { MessageAttributeValue } from "@aws-sdk/client-sqs";
import type { SQSMessageAttribute, SQSMessageAttributes } from "aws-lambda";
import { isObject } from "../../internal/shape.ts";
import type { ReceivedRecord } from "../../lifecycle/open.ts";
import { StepError } from "../requests/reason.ts";

/** The content of a message, as SQS takes it. */
export interface Message {
  readonly body: string;
  readonly attributes: Record<string, MessageAttributeValue>;
  readonly traceHeader: string | undefined;
  /** The body, and name, type and value of each attribute: at least what SQS counts as its size. */
  readonly bytes: number;
}

/**
 * Reads the message that a record came with, but for the attributes `without`.
 *
 * @throws {StepError} If it cannot be read.
 */
export function readMessage(
  { body, messageAttributes, traceHeader }: ReceivedRecord,
  without: ReadonlySet<string> = NONE,
): Message {
  if (typeof body !== "string") throw new StepError("the body is not a string");
  if (messageAttributes === undefined) throw unreadable();
  const attributes = Object.entries(messageAttributes).filter(([name]) => !without.has(name));
  const bytes = attributes.reduce((sum, each) => sum + attributeBytes(...each), byteLength(body));
  return {
    body,
    attributes: Object.fromEntries(attributes.map(([name, each]) => [name, readAttribute(each)])),
    traceHeader,
    bytes,
  };
}

const NONE: ReadonlySet<string> = new Set();

function readAttribute(attribute: SQSMessageAttribute): MessageAttributeValue {
  const { dataType, stringValue, binaryValue } = attribute;
  if (typeof stringValue === "string") return { DataType: dataType, StringValue: stringValue };
  try {
    return { DataType: dataType, BinaryValue: fromBase64(binaryValue!) };
  } catch {
    throw unreadable();
  }
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

function attributeBytes(name: string, attribute: SQSMessageAttributes[string]): number {
  const { dataType, stringValue, binaryValue }: Record<PropertyKey, unknown> = isObject(attribute)
    ? attribute
    : {};
  const value = stringValue ?? binaryValue;
  if (typeof dataType !== "string" || typeof value !== "string") throw unreadable();
  return byteLength(name) + byteLength(dataType) + byteLength(value);
}

/** How many bytes a text has in UTF-8. */
export function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

function unreadable(): StepError {
  return new StepError("a message attribute cannot be read");
}
