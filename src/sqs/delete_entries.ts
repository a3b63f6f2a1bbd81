import { groupBy } from "../group_by.ts";
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
 * all if any record with it was not handled.
 */
export function deleteEntries(outcomes: readonly Outcome[]): DeleteEntry[] {
  const byMessage = groupBy(
    outcomes,
    ({ record }) => `${record.eventSourceARN}\n${record.receiptHandle}`,
  );
  return [...byMessage.values()]
    .filter((group) => group.every(isHandled))
    .map((group) => group.map(({ record }) => record))
    .map((records) => ({
      queue: queueByArn(records[0]!.eventSourceARN),
      receiptHandle: records[0]!.receiptHandle,
      records,
    }));
}

/** Is this the outcome of a record that nobody needs to handle again? */
export function isHandled({ status }: Outcome): boolean {
  return status === "success" || status === "dead-lettered" || status === "discarded";
}
