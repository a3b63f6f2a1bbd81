import { asReceived } from "../as_received.ts";
import { type RetryDelay, retryDelayOf } from "../retry_delay.ts";
import type { FailOutcome, UnconfirmedRecord } from "../types.ts";
import { queueByArn } from "./queue.ts";
import type { BatchAction, BatchEntry } from "./batch_request.ts";

/** One message to come back after some seconds. */
export interface ChangeVisibilityEntry extends BatchEntry {
  readonly receiptHandle: string;
  readonly seconds: number;
}

/** Changes when messages come back. */
export const CHANGE_VISIBILITY: BatchAction<ChangeVisibilityEntry> = {
  name: "ChangeMessageVisibilityBatch",
  permission: "sqs:ChangeMessageVisibility",
  command: (sdk, QueueUrl, entries) =>
    new sdk.ChangeMessageVisibilityBatchCommand({
      QueueUrl,
      Entries: entries.map(({ receiptHandle, seconds }, index) => ({
        Id: String(index),
        ReceiptHandle: receiptHandle,
        VisibilityTimeout: seconds,
      })),
    }),
};

/**
 * What is to be changed for failed records. A receipt handle is changed once. Where `retryDelay`
 * gives no seconds, the message is left to the queue; where it throws, or gives none that SQS takes,
 * the message is `undelayed`.
 */
export function changeVisibilityEntries(
  retryDelay: RetryDelay,
  failures: readonly FailOutcome[],
): { entries: ChangeVisibilityEntry[]; undelayed: UnconfirmedRecord[] } {
  const entries = new Map<string, ChangeVisibilityEntry>();
  const undelayed: UnconfirmedRecord[] = [];
  for (const { record, error } of failures) {
    try {
      const seconds = retryDelayOf(retryDelay, record, error);
      if (seconds === undefined) continue;
      const { eventSourceARN, receiptHandle } = asReceived(record);
      entries.set(`${eventSourceARN}\n${receiptHandle}`, {
        queue: queueByArn(eventSourceARN),
        records: [record],
        receiptHandle,
        seconds,
      });
    } catch (thrown) {
      undelayed.push({ record, reason: "retryDelay() threw, or gave no seconds", error: thrown });
    }
  }
  return { entries: [...entries.values()], undelayed };
}
