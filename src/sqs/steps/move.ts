import { groupBy } from "../../internal/group_by.ts";
import type { QueueArn } from "../../internal/queue_arn.ts";
import type { TimeLimit } from "../../lifecycle/clock.ts";
import type { IndexedFailure } from "../../lifecycle/hooks.ts";
import type { Lifecycle } from "../../lifecycle/lifecycle.ts";
import type { ReceivedRecord } from "../../lifecycle/open.ts";
import { failed } from "../../lifecycle/outcome.ts";
import { isNonRetryable, type NonRetryable } from "../../non_retryable.ts";
import type { Outcome } from "../../types.ts";
import { isSameQueue, type Queue, queueByUrl } from "../queue.ts";
import type { UnconfirmedEntry } from "../requests/attempt.ts";
import { type BatchAction, type BatchEntry, batchRequests } from "../requests/batch_request.ts";
import type { SqsClients } from "../requests/clients.ts";
import { isRefusal, reasonOf, StepError } from "../requests/reason.ts";
import { sendBatchRequests } from "../requests/send.ts";
import type { DeadLetterQueues } from "./dead_letter_queues.ts";
import { messageKey, reportEntries } from "./entries.ts";
import {
  addFailureAttributes,
  FAILURE_ATTRIBUTE_NAMES,
  type MovedFailure,
} from "./failure_attributes.ts";
import { type Message, readMessage } from "./message.ts";

/** One message to send on to another queue. */
export interface MoveEntry extends BatchEntry {
  readonly message: Message;
  /** The message without what was added to it, if anything was; missing if nothing is added to any. */
  readonly plainMessage?: Message;
  readonly groupId: string | undefined;
}

/** What moving messages takes. */
export interface MovingMeans {
  readonly nonRetryable: NonRetryable;
  readonly clients: SqsClients;
  readonly deadLetterQueues: DeadLetterQueues;
  readonly limit: TimeLimit;
}

/**
 * Decides what becomes of failures: gives what takes the place of each, in their order. The messages
 * of those that can never succeed are moved or given up; only what another queue accepted is
 * dead-lettered.
 */
export async function settleFailures(
  lifecycle: Lifecycle,
  failures: readonly IndexedFailure[],
  means: MovingMeans,
): Promise<readonly Outcome<never>[]> {
  const { records } = lifecycle.setup;
  const { to = "dead-letter-queue" } = means.nonRetryable;
  const judged = failures.map((failure) => judge(lifecycle, failure, means.nonRetryable));
  const forGood = judged.filter(({ isForGood }) => isForGood);
  const settled = to === "delete"
    ? new Set(forGood.map(({ index }) => index))
    : await move(lifecycle, forGood, to, means);
  const status = to === "delete" ? "discarded" : "dead-lettered";
  return judged.map(({ index, error }) => {
    const record = records[index]!;
    return settled.has(index) ? Object.freeze({ status, record, error }) : failed(record, error);
  });
}

/**
 * A `when` that throws decides nothing: the record has failed and its message returns, also where
 * failures are suppressed, and neither error is lost.
 */
function judge(lifecycle: Lifecycle, { index, error }: IndexedFailure, nonRetryable: NonRetryable) {
  const record = lifecycle.setup.records[index]!;
  // The message is not at fault.
  if (lifecycle.setup.stop.errors.has(record)) return { index, error, isForGood: false };
  try {
    return { index, error, isForGood: isNonRetryable(nonRetryable, record, error) };
  } catch (thrown) {
    const reason = "nonRetryable.when() threw or did not return a boolean";
    lifecycle.report("unmoved", { record, reason, error: thrown });
    const both = new AggregateError(
      [error, thrown],
      "nonRetryable.when() threw for a failed record",
    );
    return { index, error: both, isForGood: false };
  }
}

/** Moves messages, and gives the indexes of those that another queue accepted. */
async function move(
  lifecycle: Lifecycle,
  failures: readonly IndexedFailure[],
  to: Exclude<NonRetryable["to"], "delete" | undefined>,
  means: MovingMeans,
): Promise<ReadonlySet<number>> {
  const { records, received } = lifecycle.setup;
  const entries: MoveEntry[] = [];
  const refuse = (index: number, thrown: unknown) => {
    const error = thrown instanceof StepError ? thrown.cause ?? thrown : thrown;
    lifecycle.report("unmoved", { record: records[index]!, reason: reasonOf(thrown), error });
  };
  for (const [source, group] of groupBy(failures, ({ index }) => received[index]!.queue)) {
    const target = await findTarget(source, to, means).catch((error: unknown) => ({ error }));
    for (const same of groupBy(group, ({ index }) => messageKey(received[index]!)).values()) {
      try {
        if ("error" in target) throw target.error;
        entries.push(moveEntry(lifecycle, same, target, means.nonRetryable));
      } catch (error) {
        for (const { index } of same) refuse(index, error);
      }
    }
  }
  const unconfirmed = await sendOn(entries, means);
  reportEntries(lifecycle, "unmoved", unconfirmed);
  const refused = new Set(unconfirmed.flatMap(({ entry }) => entry.indexes));
  return new Set(entries.flatMap((entry) => entry.indexes).filter((index) => !refused.has(index)));
}

/**
 * Sends messages on, and gives those that were not accepted. What the library adds to a message must not
 * keep it from being moved, and the other queue may have a limit of its own (`MaximumMessageSize`): what
 * it refuses is sent once more without that.
 */
async function sendOn(
  entries: readonly MoveEntry[],
  means: MovingMeans,
): Promise<readonly UnconfirmedEntry<MoveEntry>[]> {
  const requests = batchRequests(entries, ({ message }) => message.bytes);
  const unconfirmed = await sendBatchRequests(means.clients, MOVE, requests, means.limit);
  const byResend = groupBy(unconfirmed, mayBeAcceptedPlain);
  const plain = (byResend.get(true) ?? []).map(({ entry: { plainMessage, ...entry } }) => ({
    ...entry,
    message: plainMessage!,
  }));
  if (plain.length === 0) return unconfirmed;
  return [...byResend.get(false) ?? [], ...await sendOn(plain, means)];
}

/**
 * An entry that is refused in an answer has no error of its own. A request may be refused for what was
 * added to another message in it.
 */
function mayBeAcceptedPlain({ entry, error }: UnconfirmedEntry<MoveEntry>): boolean {
  const { message, plainMessage } = entry;
  if (plainMessage === undefined) return false;
  return error === undefined ? plainMessage !== message : isRefusal(error);
}

/** Rejects with a `StepError` if there is no other queue to move to. */
async function findTarget(
  source: QueueArn,
  to: "dead-letter-queue" | { readonly queueUrl: string },
  { deadLetterQueues, limit }: MovingMeans,
): Promise<Queue> {
  const target = to === "dead-letter-queue"
    ? await deadLetterQueues.get(source.arn, limit)
    : queueByUrl(to.queueUrl, source.region);
  if (!isSameQueue(target.url(), source)) return target;
  throw new StepError(`${target.id} is the queue that the message came from`);
}

/** Throws a `StepError` for a message that cannot be read: it alone is refused, not its request. */
function moveEntry(
  { setup: { received, lambdaContext } }: Lifecycle,
  same: readonly IndexedFailure[],
  target: Queue,
  { failureAttributes = false }: NonRetryable,
): MoveEntry {
  const { index, error } = same[0]!;
  const first = received[index]!;
  return {
    queue: target,
    indexes: same.map(({ index }) => index),
    messageIds: same.map(({ index }) => received[index]!.messageId),
    groupId: groupIn(target, first),
    ...messagesToSend(failureAttributes, { error, received: first, lambdaContext }),
  };
}

/** What was added when the library moved the message before is replaced. */
function messagesToSend(
  failureAttributes: boolean | "with-error-message",
  failure: MovedFailure,
): Pick<MoveEntry, "message" | "plainMessage"> {
  if (!failureAttributes) return { message: readMessage(failure.received) };
  const plainMessage = readMessage(failure.received, FAILURE_ATTRIBUTE_NAMES);
  const withErrorMessage = failureAttributes === "with-error-message";
  return { message: addFailureAttributes(plainMessage, failure, withErrorMessage), plainMessage };
}

/** A FIFO queue needs a group. A standard queue may have one: that makes it a fair queue. */
function groupIn(target: Queue, { groupId, messageId, queue }: ReceivedRecord): string | undefined {
  if (target.fifo) return groupId ?? messageId;
  return queue.fifo ? undefined : groupId;
}

/**
 * Sends messages on.
 *
 * In a FIFO queue the message id is the deduplication id, as when SQS redrives. The message's own id
 * would not do: the queue would drop a second message that has the same, and lose it.
 */
const MOVE: BatchAction<MoveEntry> = {
  name: "SendMessageBatch",
  permission: "sqs:SendMessage",
  command: (sdk, QueueUrl, entries) =>
    new sdk.SendMessageBatchCommand({
      QueueUrl,
      Entries: entries.map(({ queue, message, groupId, messageIds: [messageId] }, index) => ({
        Id: String(index),
        MessageBody: message.body,
        MessageAttributes: message.attributes,
        ...(message.traceHeader && {
          MessageSystemAttributes: {
            AWSTraceHeader: { DataType: "String", StringValue: message.traceHeader },
          },
        }),
        ...(groupId && { MessageGroupId: groupId }),
        ...(queue.fifo && { MessageDeduplicationId: messageId }),
      })),
    }),
};
