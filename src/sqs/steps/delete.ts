import type { SQSRecord } from "aws-lambda";
import { groupBy } from "../../internal/group_by.ts";
import { isObject } from "../../internal/shape.ts";
import { messageGroups } from "../../lifecycle/groups.ts";
import type { Lifecycle } from "../../lifecycle/lifecycle.ts";
import type { ReceivedRecord } from "../../lifecycle/received_record.ts";
import { isHandled } from "../../lifecycle/outcome.ts";
import type { Outcome } from "../../types.ts";
import { queueByArn } from "../queue.ts";
import type { BatchAction, BatchEntry } from "../requests/batch_request.ts";
import { messageKey } from "./entries.ts";

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
): DeleteEntry[] {
  const inOrder = new Set(
    messageGroups(received).flatMap((group) => {
      const end = group.findIndex((index) => !isHandled(outcomes[index]!));
      return end === -1 ? group : group.slice(0, end);
    }),
  );
  return indexesByMessage(received)
    .filter((indexes) => indexes.every((index) => inOrder.has(index)))
    .map((indexes) => deleteEntry(indexes, received));
}

/**
 * The messages of chosen outcomes. `isDeleted` tells, by their first record, which messages SQS has
 * confirmed already.
 *
 * @throws {TypeError} If something is not an outcome of this batch.
 * @throws {Error} If a message was not handled, or if one before it in its FIFO message group would
 * stay: that one would come back after it.
 */
export function chosenEntries(
  { outcomes, setup: { records, received } }: Lifecycle,
  chosen: readonly Outcome[],
  isDeleted: (firstIndex: number) => boolean,
): DeleteEntry[] {
  const known = new Set(records);
  const chosenRecords = new Set(chosen.map((outcome) => recordOf(outcome, known)));
  const messages = indexesByMessage(received);
  const entries = messages.filter((indexes) =>
    indexes.some((index) => chosenRecords.has(records[index]!))
  );
  const going = new Set(entries.flat());
  for (const index of going) {
    if (isHandled(outcomes[index]!)) continue;
    throw refusal(`the message ${received[index]!.messageId} was not handled`);
  }
  const gone = new Set(messages.filter(([first]) => isDeleted(first!)).flat());
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
  return entries.map((indexes) => deleteEntry(indexes, received));
}

function recordOf(outcome: unknown, known: ReadonlySet<SQSRecord>): SQSRecord {
  const record = isObject(outcome) ? outcome.record as SQSRecord : undefined;
  if (record && known.has(record)) return record;
  throw new TypeError("Cannot delete messages: expected outcomes of this batch");
}

function refusal(why: string): Error {
  return new Error(`Cannot delete messages: ${why}`);
}

function indexesByMessage(received: readonly ReceivedRecord[]): number[][] {
  return [...groupBy(received.keys(), (index) => messageKey(received[index]!)).values()];
}

function deleteEntry(
  indexes: readonly number[],
  received: readonly ReceivedRecord[],
): DeleteEntry {
  const { queue, receiptHandle } = received[indexes[0]!]!;
  const messageIds = indexes.map((index) => received[index]!.messageId);
  return { queue: queueByArn(queue), indexes, messageIds, receiptHandle };
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
