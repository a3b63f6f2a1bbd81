import { messageGroups } from "../../lifecycle/groups.ts";
import type { Lifecycle } from "../../lifecycle/lifecycle.ts";
import type { ReceivedRecord } from "../../lifecycle/open.ts";
import { type RetryDelay, retryDelayOf } from "../../retry_delay.ts";
import { queueByArn } from "../queue.ts";
import type { BatchAction, BatchEntry } from "../requests/batch_request.ts";
import { messageKey } from "./entries.ts";

/** One message to come back after some seconds. */
export interface DelayEntry extends BatchEntry {
  readonly receiptHandle: string;
  readonly seconds: number;
}

/**
 * The messages to delay: those that failed and, in a FIFO queue, the rest of their message group,
 * which cannot come back earlier.
 *
 * A receipt handle is changed once. Where `retryDelay` gives no seconds, the message and the rest of
 * its group return after the queue's visibility timeout; where it throws, or gives none that SQS
 * takes, the message is reported as `undelayed`.
 */
export function delayEntries(lifecycle: Lifecycle, retryDelay: RetryDelay): DelayEntry[] {
  const { outcomes, setup: { received } } = lifecycle;
  const entries = new Map<string, DelayEntry>();
  for (const group of messageGroups(received)) {
    const first = group.findIndex((index) => outcomes[index]!.status === "fail");
    if (first === -1) continue;
    const seconds = secondsFor(lifecycle, retryDelay, group[first]!);
    if (seconds === undefined) continue;
    for (const index of group.slice(first)) {
      entries.set(messageKey(received[index]!), delayEntry(received[index]!, index, seconds));
    }
  }
  return [...entries.values()];
}

/** What the user's function gives for a failure; asked once. */
function secondsFor(
  lifecycle: Lifecycle,
  retryDelay: RetryDelay,
  index: number,
): number | undefined {
  const outcome = lifecycle.outcomes[index]!;
  if (outcome.status !== "fail") return undefined;
  const { record, error } = outcome;
  try {
    return retryDelayOf(retryDelay, record, error);
  } catch (thrown) {
    const reason = "retryDelay() threw, or gave no seconds";
    lifecycle.report("undelayed", { record, reason, error: thrown });
    return undefined;
  }
}

function delayEntry(
  { queue, receiptHandle, messageId }: ReceivedRecord,
  index: number,
  seconds: number,
): DelayEntry {
  return {
    queue: queueByArn(queue),
    indexes: [index],
    messageIds: [messageId],
    receiptHandle,
    seconds,
  };
}

/** Changes when messages come back. */
export const DELAY: BatchAction<DelayEntry> = {
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
