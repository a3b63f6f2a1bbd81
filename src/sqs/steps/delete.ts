import type { SQSRecord } from "aws-lambda";
import { groupBy } from "../../internal/group_by.ts";
import { isObject } from "../../internal/shape.ts";
import { messageGroups } from "../../lifecycle/groups.ts";
import type { Lifecycle } from "../../lifecycle/lifecycle.ts";
import type { ReceivedRecord } from "../../lifecycle/open.ts";
import { isHandled } from "../../lifecycle/outcome.ts";
import type { Outcome } from "../../types.ts";
import { queueByArn } from "../queue.ts";
import type { BatchAction, BatchEntry } from "../requests/batch_request.ts";

/** One message to delete. */
export interface DeleteEntry extends BatchEntry {
  readonly receiptHandle: string;
}

/**
 * The messages to delete: those whose records were all handled.
 *
 * Chosen by status, never by the absence of a failure. A receipt handle is deleted once, and not at
 * all if any record with it was not handled. In a FIFO message group nothing is deleted after a record
 * that was not handled: that one returns, and would come after it.
 */
export function handledEntries(
  outcomes: readonly Outcome[],
  received: readonly ReceivedRecord[],
  messages: readonly DeleteEntry[] = messagesOf(received),
): DeleteEntry[] {
  const isInOrder = outcomes.map(isHandled);
  for (const group of messageGroups(received)) {
    const end = group.findIndex((index) => !isInOrder[index]);
    if (end !== -1) { for (const index of group.slice(end)) isInOrder[index] = false; }
  }
  return messages.filter(({ indexes }) => indexes.every((index) => isInOrder[index]));
}

/**
 * The messages of chosen outcomes. `isDeleted` tells which messages SQS has confirmed already.
 *
 * @throws {TypeError} If something is not an outcome of this batch.
 * @throws {Error} If a message was not handled, or if one before it in its FIFO message group would
 * stay: that one would come back after it.
 */
export function chosenEntries(
  { outcomes, setup: { records, received } }: Lifecycle,
  chosen: readonly Outcome[],
  isDeleted: (message: DeleteEntry) => boolean,
): DeleteEntry[] {
  const known = new Set(records);
  const chosenRecords = new Set(chosen.map((outcome) => recordOf(outcome, known)));
  const messages = messagesOf(received);
  const entries = messages.filter(({ indexes }) =>
    indexes.some((index) => chosenRecords.has(records[index]!))
  );
  const going = indexesOf(entries);
  for (const index of going) {
    if (isHandled(outcomes[index]!)) continue;
    throw refusal(`the message ${received[index]!.messageId} was not handled`);
  }
  const gone = indexesOf(messages.filter((message) => isDeleted(message)));
  for (const group of messageGroups(received)) {
    const gap = group.findIndex((index) => !going.has(index) && !gone.has(index));
    const after = gap === -1 ? undefined : group.slice(gap).find((index) => going.has(index));
    if (after === undefined) continue;
    throw refusal(
      `the message ${received[after]!.messageId} must not go before ${
        received[group[gap]!]!.messageId
      } of its message group`,
    );
  }
  return entries;
}

function recordOf(outcome: unknown, known: ReadonlySet<SQSRecord>): SQSRecord {
  const record = isObject(outcome) ? outcome.record as SQSRecord : undefined;
  if (record && known.has(record)) return record;
  throw new TypeError("Cannot delete messages: expected outcomes of this batch");
}

function refusal(why: string): Error {
  return new Error(`Cannot delete messages: ${why}`);
}

function indexesOf(entries: readonly DeleteEntry[]): ReadonlySet<number> {
  return new Set(entries.flatMap(({ indexes }) => indexes));
}

/** An entry for each message of a batch: SQS may hand out one message twice. */
export function messagesOf(received: readonly ReceivedRecord[]): DeleteEntry[] {
  const entries: DeleteEntry[] = [];
  for (const [arn, inQueue] of groupBy(received.keys(), (index) => received[index]!.queue)) {
    const queue = queueByArn(arn);
    const messages = groupBy(inQueue, (index) => received[index]!.receiptHandle);
    for (const [receiptHandle, indexes] of messages) {
      const messageIds = indexes.map((index) => received[index]!.messageId);
      entries.push({ queue, indexes, messageIds, receiptHandle });
    }
  }
  return entries;
}

/** Deletes messages. */
export const DELETE: BatchAction<DeleteEntry> = {
  name: "DeleteMessageBatch",
  permission: "sqs:DeleteMessage",
  command: (sdk, QueueUrl, entries) =>
    new sdk.DeleteMessageBatchCommand({
      QueueUrl,
      Entries: entries.map(({ receiptHandle }, index) => ({
        Id: String(index),
        ReceiptHandle: receiptHandle,
      })),
    }),
};
