import { messageGroups } from "../../lifecycle/groups.ts";
import type { Lifecycle } from "../../lifecycle/lifecycle.ts";
import type { ReceivedRecord } from "../../lifecycle/open.ts";
import { isHandled } from "../../lifecycle/outcome.ts";
import { type RetryDelay, retryDelayOf } from "../../retry_delay.ts";
import type { FailOutcome, Outcome } from "../../types.ts";
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
    const failure = group.map((index) => outcomes[index]!).find(isFailure);
    if (!failure) continue;
    const first = group.findIndex((index) => outcomes[index] === failure);
    const { receiveCount } = received[group[first]!]!;
    const seconds = secondsFor(lifecycle, retryDelay, failure, receiveCount);
    if (seconds === undefined) continue;
    for (const index of group.slice(first)) {
      entries.set(messageKey(received[index]!), delayEntry(received[index]!, index, seconds));
    }
  }
  return [...entries.values()];
}

/** The messages to delay after a handler stopped the batch: all that were not handled. */
export function entriesAfterStop(lifecycle: Lifecycle, seconds: number): DelayEntry[] {
  const { outcomes, setup: { received } } = lifecycle;
  const entries = new Map<string, DelayEntry>();
  received.forEach((each, index) => {
    if (isHandled(outcomes[index]!)) return;
    entries.set(messageKey(each), delayEntry(each, index, Math.round(seconds)));
  });
  return [...entries.values()];
}

function isFailure(outcome: Outcome): outcome is FailOutcome {
  return outcome.status === "fail";
}

/** What the user's function gives for a failure; asked once. */
function secondsFor(
  lifecycle: Lifecycle,
  retryDelay: RetryDelay,
  { record, error }: FailOutcome,
  receiveCount: number,
): number | undefined {
  try {
    return retryDelayOf(retryDelay, record, error, receiveCount);
  } catch (thrown) {
    const reason = "retryDelay() threw, or returned an invalid delay";
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
