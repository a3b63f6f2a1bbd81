import { asReceived } from "../as_received.ts";
import { groupBy } from "../group_by.ts";
import { isNonRetryable, type NonRetryable } from "../non_retryable.ts";
import type { FailOutcome, Outcome, UnconfirmedRecord } from "../types.ts";
import { batchRequests } from "./batch_request.ts";
import type { DeadLetterQueues } from "./dead_letter_queues.ts";
import { type Queue, queueByUrl } from "./queue.ts";
import { parseQueueArn } from "./queue_arn.ts";
import { reasonOf } from "./reason.ts";
import { bytesOf, SEND, type SendEntry } from "./send_action.ts";
import { sendBatchRequests } from "./send_batch_requests.ts";
import type { SqsClients } from "./sqs_clients.ts";

/** What moving messages takes. */
export interface MovingMeans {
  readonly clients: SqsClients;
  readonly deadLetterQueues: DeadLetterQueues;
  readonly signal: AbortSignal;
  /** Told of each message that may have had to go to another queue, and is in none. */
  report(unmoved: UnconfirmedRecord): void;
}

/**
 * Moves or gives up the messages of failures that can never succeed, and gives what takes the place
 * of all the failures, in their order. Only what was accepted is dead-lettered.
 */
export async function settleNonRetryable(
  nonRetryable: NonRetryable,
  failures: readonly FailOutcome[],
  means: MovingMeans,
): Promise<readonly Outcome<never>[]> {
  const judged = failures.map((failure) => judge(nonRetryable, failure, means));
  const forGood = judged.filter(({ isForGood }) => isForGood).map(({ failure }) => failure);
  const unmoved = nonRetryable.to === "delete"
    ? new Set<FailOutcome>()
    : await move(nonRetryable.to, forGood, means);
  const status = nonRetryable.to === "delete" ? "discarded" : "dead-lettered";
  return judged.map(({ failure, isForGood }) => {
    if (!isForGood || unmoved.has(failure)) return failure;
    return { status, record: failure.record, error: failure.error };
  });
}

/**
 * A `when` that throws decides nothing: the record has failed and its message returns, also where
 * failures are suppressed, and neither error is lost.
 */
function judge(nonRetryable: NonRetryable, failure: FailOutcome, { report }: MovingMeans) {
  try {
    return { failure, isForGood: isNonRetryable(nonRetryable, failure) };
  } catch (error) {
    report({ record: failure.record, reason: "nonRetryable.when() gave no answer", error });
    const errors = [failure.error, error];
    const both = new AggregateError(errors, "nonRetryable.when() threw for a failed record");
    return { failure: { ...failure, error: both }, isForGood: false };
  }
}

interface FailureEntry extends SendEntry {
  readonly failure: FailOutcome;
}

/** Gives the failures whose messages were not accepted. */
async function move(
  to: Exclude<NonRetryable["to"], "delete">,
  failures: readonly FailOutcome[],
  { clients, deadLetterQueues, signal, report }: MovingMeans,
): Promise<ReadonlySet<FailOutcome>> {
  const targetOf = (sourceArn: string): Queue | Promise<Queue> =>
    typeof to === "object"
      ? queueByUrl(to.queueUrl, parseQueueArn(sourceArn).region)
      : deadLetterQueues.get(sourceArn, signal);
  const unmoved = new Set<FailOutcome>();
  const refuse = (failure: FailOutcome, why: Omit<UnconfirmedRecord, "record">) => {
    unmoved.add(failure);
    report({ record: failure.record, ...why });
  };
  const entries: FailureEntry[] = [];
  for (
    const [sourceArn, group] of groupBy(failures, ({ record }) => asReceived(record).eventSourceARN)
  ) {
    try {
      const queue = await targetOf(sourceArn);
      for (const failure of group) {
        entries.push({ failure, record: failure.record, records: [failure.record], queue });
      }
    } catch (error) {
      for (const failure of group) refuse(failure, { reason: reasonOf(error), error });
    }
  }
  const requests = batchRequests(entries, bytesOf);
  const refused = await sendBatchRequests<FailureEntry>(clients, SEND, requests, signal);
  for (const { entry, ...why } of refused) refuse(entry.failure, why);
  return unmoved;
}
