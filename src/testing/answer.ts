import { createHash, randomUUID } from "node:crypto";
import type { FakeSqsFault } from "./fault.ts";
import { DEFAULT_PLACE, type QueuePlace, readQueue } from "./queue_name.ts";
import type { FakeSqsAction } from "./request.ts";
import { regionOfHost } from "../sqs/queue.ts";

/** What SQS says about an entry that failed. */
export interface FailedEntry {
  readonly Code: string;
  readonly SenderFault: boolean;
  readonly Message: string;
}

/** As SQS says it of a receipt handle that it does not know. */
export const INVALID_HANDLE: FailedEntry = {
  Code: "ReceiptHandleIsInvalid",
  SenderFault: true,
  Message: "The input receipt handle is invalid.",
};

/** As SQS says it of a FIFO queue's message that it does not delete: its visibility timeout is over. */
const EXPIRED_HANDLE: FailedEntry = {
  Code: "InvalidParameterValue",
  SenderFault: true,
  Message:
    "Value … for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.",
};

/** What SQS says of a message that a fault hits. */
export function failedEntry({ kind, code }: FakeSqsFault, action: FakeSqsAction): FailedEntry {
  if (kind === "fail") {
    return { Code: "InternalError", SenderFault: false, Message: "There was an internal error." };
  }
  const isExpired = action === "DeleteMessageBatch" && code === EXPIRED_HANDLE.Code;
  if (isExpired) return EXPIRED_HANDLE;
  return { ...INVALID_HANDLE, Code: code ?? INVALID_HANDLE.Code, Message: "The fake refused it." };
}

/**
 * What the AWS SDK rejects with if SQS refuses a whole request. The HTTP statuses are those of "Common
 * errors" in the Amazon SQS API reference, and of the actions' own errors.
 */
export function requestError({ kind, code = "AccessDenied" }: FakeSqsFault): Error {
  switch (kind) {
    case "throttle":
      return serviceError("RequestThrottled", 400);
    case "fail":
      return serviceError("InternalError", 500);
    default:
      return serviceError(code, code.startsWith("AccessDenied") ? 403 : 400);
  }
}

function serviceError(name: string, httpStatusCode: number): Error {
  return Object.assign(new Error(`${name}, as a fault of createFakeSqsClient()`), {
    name,
    $fault: httpStatusCode < 500 ? "client" : "server",
    $metadata: { httpStatusCode },
  });
}

/** Why there is no answer, for who cannot wait for it. */
export function noAnswer(): Error {
  return new DOMException("There is no answer: a fault of createFakeSqsClient()", "TimeoutError");
}

/** What SQS says of a message that it takes. */
export function sentEntry(body: unknown): { MessageId: string; MD5OfMessageBody: string } {
  const MD5OfMessageBody = createHash("md5").update(String(body)).digest("hex");
  return { MessageId: randomUUID(), MD5OfMessageBody };
}

/** The attributes of a queue, as far as they are asked for and there are any. */
export function queueAttributes(
  queueUrl: string,
  names: readonly string[],
  deadLetterQueue: string | undefined,
): { Attributes?: Record<string, string> } {
  const isAsked = names.includes("RedrivePolicy") || names.includes("All");
  if (!isAsked || deadLetterQueue === undefined) return {};
  const { arn, fifo } = readQueue(deadLetterQueue, "deadLetterQueue", placeOf(queueUrl));
  // SQS takes no other redrive policy (Amazon SQS developer guide, "Using dead-letter queues").
  if (fifo !== queueUrl.endsWith(".fifo")) return {};
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: arn, maxReceiveCount: 3 });
  return { Attributes: { RedrivePolicy } };
}

/** A queue and its dead-letter queue are in one account and region. */
function placeOf(queueUrl: string): QueuePlace {
  const { hostname, pathname } = new URL(queueUrl);
  return {
    partition: hostname.endsWith(".cn") ? "aws-cn" : DEFAULT_PLACE.partition,
    region: regionOfHost(hostname) ?? DEFAULT_PLACE.region,
    accountId: pathname.split("/").at(-2) || DEFAULT_PLACE.accountId,
  };
}
