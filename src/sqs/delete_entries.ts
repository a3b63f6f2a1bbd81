import { asReceived } from "../as_received.ts";
import { groupBy } from "../group_by.ts";
import { lanesOf } from "../lanes.ts";
import type { Outcome } from "../types.ts";
import type { BatchEntry } from "./batch_request.ts";
import { queueByArn } from "./queue.ts";

/** One message to delete. */
export interface DeleteEntry extends BatchEntry {
  readonly receiptHandle: string;
}

/**
 * What is to be deleted: the messages whose records were all handled.
 *
 * Chosen by status, never by the absence of a failure. A receipt handle is deleted once, and not at
 * all if any record with it was not handled. In a FIFO message group nothing is deleted after a
 * record that was not handled: that one returns, and would come after it.
 */
export function deleteEntries(outcomes: readonly Outcome[]): DeleteEntry[] {
  const done = doneInOrder(outcomes);
  const byMessage = groupBy(outcomes, ({ record }) => {
    const { eventSourceARN, receiptHandle } = asReceived(record);
    return `${eventSourceARN}\n${receiptHandle}`;
  });
  return [...byMessage.values()]
    .filter((group) => group.every((outcome) => done.has(outcome)))
    .map((group) => group.map(({ record }) => record))
    .map((records) => {
      const { eventSourceARN, receiptHandle } = asReceived(records[0]!);
      return { queue: queueByArn(eventSourceARN), receiptHandle, records };
    });
}

/** The outcomes of handled records that no unhandled one comes before in its lane. */
function doneInOrder(outcomes: readonly Outcome[]): ReadonlySet<Outcome> {
  const lanes = lanesOf(outcomes.map(({ record }) => record));
  return new Set(lanes.flatMap((lane) => {
    const ofLane = lane.map((index) => outcomes[index]!);
    const end = ofLane.findIndex((outcome) => !isHandled(outcome));
    return end === -1 ? ofLane : ofLane.slice(0, end);
  }));
}

/** Is this the outcome of a record that nobody needs to handle again? */
export function isHandled({ status }: Outcome): boolean {
  return status === "success" || status === "dead-lettered" || status === "discarded";
}
