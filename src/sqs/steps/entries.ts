import type { Lifecycle } from "../../lifecycle/lifecycle.ts";
import type { ReceivedRecord } from "../../lifecycle/open.ts";
import type { UnconfirmedStep } from "../../types.ts";
import type { BatchEntry } from "../requests/batch_request.ts";
import type { UnconfirmedEntry } from "../requests/attempt.ts";

/** What tells messages apart: SQS may hand out one message twice in a batch. */
export function messageKey({ queue, receiptHandle }: ReceivedRecord): string {
  return `${queue.arn}\n${receiptHandle}`;
}

/** Reports the records of entries that SQS did not confirm. */
export function reportEntries(
  lifecycle: Lifecycle,
  step: UnconfirmedStep,
  unconfirmed: readonly UnconfirmedEntry<BatchEntry>[],
): void {
  for (const { entry, ...why } of unconfirmed) {
    for (const index of entry.indexes) {
      lifecycle.report(step, { record: lifecycle.setup.records[index]!, ...why });
    }
  }
}
