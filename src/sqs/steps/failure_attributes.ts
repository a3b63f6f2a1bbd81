import type { Context } from "aws-lambda";
import { errorMessageOf, errorNameOf } from "../../internal/error_name.ts";
import type { ReceivedRecord } from "../../lifecycle/open.ts";
import { MAX_BYTES } from "../requests/batch_request.ts";
import { byteLength, type Message } from "./message.ts";

/** How many attributes a message may have (Amazon SQS developer guide, "Amazon SQS message quotas"). */
const MAX_ATTRIBUTES = 10;

/** The failure of a message that is moved. */
export interface MovedFailure {
  readonly error: unknown;
  readonly received: ReceivedRecord;
  readonly lambdaContext: Context | undefined;
}

interface FailureAttribute {
  readonly name: string;
  readonly type: "String" | "Number";
  /** Where the value is cut. */
  readonly maxBytes: number;
  /** Returns a text. For anything else, nothing is added. */
  readonly read: (failure: MovedFailure) => unknown;
}

function attribute(name: string, read: FailureAttribute["read"]): FailureAttribute {
  return { name: `PartialBatch.${name}`, type: "String", maxBytes: 256, read };
}

/** Cut as Lambda cuts it for the dead-letter queue of a function (AWS Lambda developer guide). */
const ERROR_MESSAGE: FailureAttribute = {
  ...attribute("ErrorMessage", ({ error }) => errorMessageOf(error)),
  maxBytes: 1_024,
};

/** The most important first: where there is no room for all, the last ones are left out. */
const FAILURE_ATTRIBUTES: readonly FailureAttribute[] = [
  attribute("ErrorName", ({ error }) => errorNameOf(error)),
  ERROR_MESSAGE,
  attribute("MessageId", ({ received }) => received.messageId),
  attribute("SourceQueue", ({ received }) => received.queue.arn),
  attribute("FunctionName", ({ lambdaContext }) => lambdaContext?.functionName),
  { ...attribute("ReceiveCount", ({ received }) => countText(received)), type: "Number" },
  attribute("MovedAt", () => new Date().toISOString()),
];

/** The names that the library adds, and so may replace on a message that it has moved before. */
export const FAILURE_ATTRIBUTE_NAMES: ReadonlySet<string> = new Set(
  FAILURE_ATTRIBUTES.map(({ name }) => name),
);

/**
 * Adds to a message why it is moved, as far as there is room. Returns the same object if nothing was added.
 * Never throws.
 */
export function addFailureAttributes(
  message: Message,
  failure: MovedFailure,
  withErrorMessage: boolean,
): Message {
  return FAILURE_ATTRIBUTES
    .filter((each) => withErrorMessage || each !== ERROR_MESSAGE)
    .reduce((described, each) => addAttribute(described, each, readText(each, failure)), message);
}

function addAttribute(message: Message, { name, type }: FailureAttribute, value: string): Message {
  const bytes = message.bytes + byteLength(name) + byteLength(type) + byteLength(value);
  const isFull = Object.keys(message.attributes).length >= MAX_ATTRIBUTES || bytes > MAX_BYTES;
  // SQS takes no empty value.
  if (value === "" || isFull) return message;
  const attributes = { ...message.attributes, [name]: { DataType: type, StringValue: value } };
  return { ...message, attributes, bytes };
}

function readText({ read, maxBytes }: FailureAttribute, failure: MovedFailure): string {
  try {
    const value = read(failure);
    return typeof value === "string" ? toAttributeText(value, maxBytes) : "";
  } catch {
    return "";
  }
}

function countText({ receiveCount }: ReceivedRecord): string | undefined {
  return Number.isSafeInteger(receiveCount) ? String(receiveCount) : undefined;
}

/** What SQS does not take in a text (Amazon SQS API reference, SendMessage), lone surrogates among them. */
const REFUSED = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu;

/** A text as SQS takes it, cut between two characters. */
function toAttributeText(text: string, maxBytes: number): string {
  // Cut in advance, because each unit has at least one byte; the exact cut follows.
  const clean = text.slice(0, maxBytes).replaceAll(REFUSED, "\uFFFD");
  const { read } = new TextEncoder().encodeInto(clean, new Uint8Array(maxBytes));
  return clean.slice(0, read);
}
