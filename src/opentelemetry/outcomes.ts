import type { CloseMessage } from "../diagnostics.ts";
import type { HandlerCall } from "../lifecycle/around_handler.ts";

/** Finds what became of a message. SQS may hand out one twice in a batch, and an override may hand on a copy. */
export function outcomeFinder(
  { records }: CloseMessage,
): (call: HandlerCall) => string | undefined {
  const byId = new Map(records.map(({ messageId, outcome }) => [messageId, outcome.status]));
  const byRecord = new Map(records.map(({ record, outcome }) => [record, outcome.status]));
  return ({ record, messageId }) => byRecord.get(record) ?? byId.get(messageId);
}
