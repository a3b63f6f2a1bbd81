import type { Attributes } from "@opentelemetry/api";
import type { CloseMessage, RequestMessage } from "../diagnostics.ts";
import { groupBy } from "../internal/group_by.ts";
import type { QueueArn } from "../internal/queue_arn.ts";
import type { SurroundedRecord } from "../lifecycle/around_batch.ts";
import type { HandlerCall } from "../lifecycle/around_handler.ts";
import type { UnconfirmedStep } from "../types.ts";

/** The version of OpenTelemetry's semantic conventions that names and attributes follow. */
export const SCHEMA_URL = "https://opentelemetry.io/schemas/1.44.0";

/** An event of a span. */
export interface SpanEvent {
  readonly name: string;
  readonly attributes: Attributes;
}

/** How many message ids an event lists. */
const MAX_IDS = 100;

/** The queue of all messages; `undefined` if they are of several, or if there are none. */
export function queueOfAll(received: readonly SurroundedRecord[]): QueueArn | undefined {
  const [first] = received;
  return received.every(({ queue }) => queue.arn === first?.queue.arn) ? first?.queue : undefined;
}

/** The name of a span about messages of a queue. */
export function spanName(queue: QueueArn | undefined): string {
  return queue ? `process ${queue.name}` : "process";
}

/** What the conventions ask of a `process` span: "Messaging spans", "AWS Lambda" (the part on SQS). */
export function processAttributes(queue: QueueArn | undefined): Attributes {
  return {
    "messaging.system": "aws_sqs",
    "messaging.operation.name": "process",
    "messaging.operation.type": "process",
    ...(queue && { "messaging.destination.name": queue.name }),
    "faas.trigger": "pubsub",
  };
}

/** What is added for a single message. */
export function messageAttributes({ messageId, receiveCount }: HandlerCall): Attributes {
  return { "messaging.message.id": messageId, "partial_batch.receive_count": receiveCount };
}

/** How the records of a closed batch ended, as numbers. */
export function countAttributes({ counts, unconfirmed }: CloseMessage): Attributes {
  return {
    "partial_batch.records.success": counts.success,
    "partial_batch.records.fail": counts.fail,
    "partial_batch.records.unprocessed": counts.unprocessed,
    "partial_batch.records.dead_lettered": counts["dead-lettered"],
    "partial_batch.records.discarded": counts.discarded,
    "partial_batch.records.undeleted": unconfirmed.undeleted.length,
    "partial_batch.records.unmoved": unconfirmed.unmoved.length,
    "partial_batch.records.undelayed": unconfirmed.undelayed.length,
  };
}

/** The event of a request to SQS. */
export function requestEvent(request: RequestMessage): SpanEvent {
  const { action, queueUrl, messageIds, entryCount, unconfirmedCount, reasons } = request;
  return {
    name: action,
    attributes: {
      ...(queueUrl !== undefined && { "aws.sqs.queue.url": queueUrl }),
      "messaging.batch.message_count": entryCount,
      "partial_batch.message_ids": messageIds.slice(0, MAX_IDS),
      "partial_batch.unconfirmed": unconfirmedCount,
      "partial_batch.attempt": request.attempt,
      "partial_batch.duration_ms": request.durationMs,
      ...(reasons.length > 0 && { "partial_batch.reasons": [...reasons] }),
    },
  };
}

/** Events for what no handler's span shows: messages that were not handled, steps that were not confirmed. */
export function closeEvents({ records, unconfirmed }: CloseMessage): SpanEvent[] {
  const ids = new Map(records.map(({ record, messageId }) => [record, messageId]));
  const steps: readonly UnconfirmedStep[] = ["undeleted", "unmoved", "undelayed"];
  const unprocessed = records.flatMap(({ messageId, outcome }) =>
    outcome.status === "unprocessed" ? [{ messageId, reason: outcome.reason }] : []
  );
  const unconfirmedOf = (step: UnconfirmedStep) =>
    unconfirmed[step].map(({ record, reason }) => ({ messageId: ids.get(record)!, reason }));
  return [
    ...eventsByReason("unprocessed", unprocessed),
    ...steps.flatMap((step) => eventsByReason(step, unconfirmedOf(step))),
  ];
}

/** One event for each reason. */
function eventsByReason(
  name: string,
  messages: readonly { readonly messageId: string; readonly reason: string }[],
): SpanEvent[] {
  return Array.from(groupBy(messages, ({ reason }) => reason), ([reason, group]) => ({
    name: `partial_batch.${name}`,
    attributes: {
      "partial_batch.reason": reason,
      "messaging.batch.message_count": group.length,
      "partial_batch.message_ids": group.slice(0, MAX_IDS).map(({ messageId }) => messageId),
    },
  }));
}
