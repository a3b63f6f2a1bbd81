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

/** A failure, and whose. */
export interface Failure {
  readonly messageId: string;
  readonly error: unknown;
}

/** How many failures are told in full, as in the error that the end of the scope throws. */
const MAX_FAILURES = 10;

/** The first failures that no handler threw: a hook threw, or what the handler returned was refused. */
export function failuresOfOthers(
  { records }: CloseMessage,
  thrownByHandlers: ReadonlySet<unknown>,
): readonly Failure[] {
  return records.flatMap(({ messageId, outcome }) =>
    outcome.status === "fail" && !thrownByHandlers.has(outcome.error)
      ? [{ messageId, error: outcome.error }]
      : []
  ).slice(0, MAX_FAILURES);
}
