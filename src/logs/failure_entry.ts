import type { SQSRecord } from "aws-lambda";
import type { ClosedRecord, CloseMessage } from "../diagnostics.ts";
import type { Outcome, SuccessOutcome, UnconfirmedStep, UnprocessedReason } from "../types.ts";

/**
 * What is logged of one record that was not handled. Of the message itself it holds the id, the queue and
 * the receive count: no body, no other attribute, no receipt handle.
 *
 * @category Logs
 */
// A type, not an interface: loggers take `Record<string, unknown>`, to which no interface is assignable.
export type FailureEntry = {
  /** The message's id, as it was when the batch was opened. */
  readonly messageId: string;
  /** The ARN of its queue, as it was when the batch was opened. */
  readonly queueArn: string;
  /** How often SQS has handed out this message, this time included. */
  readonly receiveCount: number;
  /** The status of its outcome. It is not called `status`, which some log services read as a level. */
  readonly outcome: "fail" | "unprocessed" | "dead-lettered" | "discarded";
  /** Why it was not handled. Present if it was `"unprocessed"`. */
  readonly reason?: UnprocessedReason;
  /** Why no other queue accepted a message that failed for good. Present if none did. */
  readonly unmoved?: string;
  /** Why its retry delay was not confirmed. Present if it was not. */
  readonly undelayed?: string;
  /** Why the deletion of a dead-lettered or discarded message was not confirmed. Present if it was not. */
  readonly undeleted?: string;
  /**
   * What was thrown, untouched. Absent if nothing was. Its text and its members are logged: take care
   * what you throw.
   */
  readonly error?: unknown;
};

/** An outcome that is logged. */
type Failure = Exclude<Outcome, SuccessOutcome>;

/** What the entries of a status say. Without braces or per cent signs, in which loggers see placeholders. */
export const TEXTS: Readonly<Record<Failure["status"], string>> = {
  fail: "SQS record failed",
  unprocessed: "SQS record was not processed",
  "dead-lettered": "SQS record was dead-lettered",
  discarded: "SQS record was discarded",
};

/** The entries of a closed batch, in the order of its records. */
export function* failureEntries({ records, unconfirmed }: CloseMessage): Iterable<FailureEntry> {
  const steps = new Map<SQSRecord, Unconfirmed>();
  for (const step of ["unmoved", "undelayed", "undeleted"] as const) {
    for (const { record, reason } of unconfirmed[step]) {
      steps.set(record, { ...steps.get(record), [step]: reason });
    }
  }
  for (const { record, outcome, ...closed } of records) {
    if (outcome.status !== "success") yield failureEntry(closed, outcome, steps.get(record));
  }
}

type Unconfirmed = { readonly [step in UnconfirmedStep]?: string };

function failureEntry(
  { messageId, queueArn, receiveCount }: Omit<ClosedRecord, "record" | "outcome">,
  outcome: Failure,
  unconfirmed: Unconfirmed | undefined,
): FailureEntry {
  return {
    messageId,
    queueArn,
    receiveCount,
    outcome: outcome.status,
    ...(outcome.status === "unprocessed" && { reason: outcome.reason }),
    ...unconfirmed,
    ...("error" in outcome && { error: outcome.error }),
  };
}
