import type { SQSRecord } from "aws-lambda";
import { describeError } from "./describe_error.ts";
import { groupBy } from "./group_by.ts";
import type { FailOutcome, Outcome, UnconfirmedRecord, UnprocessedOutcome } from "./types.ts";

/** How many errors the message holds in full. */
const MAX_ERRORS = 10;

/** How many message ids any list in the message holds. */
const MAX_IDS = 100;

/** Details of an {@linkcode SQSBatchProcessingError}, beside the outcomes. */
export interface SqsBatchProcessingErrorOptions {
  /** Handled messages whose deletion was not confirmed. */
  readonly undeleted?: readonly UnconfirmedRecord[];
  /** Messages that failed for good and that no other queue accepted. */
  readonly unmoved?: readonly UnconfirmedRecord[];
  /** Failed messages whose retry delay was not confirmed. */
  readonly undelayed?: readonly UnconfirmedRecord[];
  /** What `_prepare` or `_clean` threw. */
  readonly cause?: unknown;
}

/**
 * Thrown when a batch is closed and not all of its records were handled, so that Lambda returns
 * them to the queue.
 *
 * - The message names each failed record by its message id, with the stack of its error (the first
 *   10; the rest are counted), then how many records were not processed and why, and how many
 *   handled messages could not be deleted (message ids: the first 100 of each list).
 * - The library puts no body, attribute or receipt handle into it. The errors' own stacks are
 *   yours: `JSON.parse` quotes its input in its message.
 * - The fields are not enumerable: Lambda's runtime writes the enumerable properties of a thrown
 *   error into the log.
 *
 * @example Telling the failed records
 * ```ts
 * import { SQSBatchProcessingError } from "@partial-batch/sqs";
 * import { assertEquals } from "@std/assert";
 * import type { SQSRecord } from "aws-lambda";
 *
 * const record = { messageId: "m1" } as SQSRecord;
 * const error = new SQSBatchProcessingError([
 *   { status: "fail", record, error: new RangeError("no such order") },
 * ]);
 *
 * assertEquals(error.failures.map((failure) => failure.record.messageId), ["m1"]);
 * assertEquals(Object.keys(error), []);
 * ```
 */
export class SQSBatchProcessingError extends AggregateError {
  /** One outcome per record, in the order of the batch. */
  declare readonly outcomes: readonly Outcome[];
  /** The outcomes of the records that failed; `errors` holds what they threw. */
  declare readonly failures: readonly FailOutcome[];
  /** The outcomes of the records that were not looked at. */
  declare readonly unprocessed: readonly UnprocessedOutcome[];
  /** Messages that were handled and will return all the same: their deletion was not confirmed. */
  declare readonly undeleted: readonly UnconfirmedRecord[];
  /** Messages that failed for good (`nonRetryable`) and return: no other queue accepted them. */
  declare readonly unmoved: readonly UnconfirmedRecord[];
  /** Failed messages that return when the queue likes: their `retryDelay` was not confirmed. */
  declare readonly undelayed: readonly UnconfirmedRecord[];

  static {
    Object.defineProperty(this.prototype, "name", {
      value: "SQSBatchProcessingError",
      configurable: true,
      writable: true,
    });
  }

  /** Makes the error of a batch with these outcomes. */
  constructor(outcomes: readonly Outcome[], options: SqsBatchProcessingErrorOptions = {}) {
    const failures = outcomes.filter((outcome) => outcome.status === "fail");
    const unprocessed = outcomes.filter((outcome) => outcome.status === "unprocessed");
    const { undeleted = [], unmoved = [], undelayed = [] } = options;
    super(
      failures.map((failure) => failure.error),
      [
        `Not all records processed successfully. ${failures.length} individual errors logged ` +
        "separately below.",
        ...describeErrors(failures),
        ...describeGroups(unprocessed, "records were not processed"),
        ...describeErrors(unprocessed.filter((outcome) => "error" in outcome)),
        ...describeGroups(undeleted, "handled messages were not deleted and will return"),
        ...describeGroups(unmoved, "failed messages were not moved and will return"),
        ...describeGroups(undelayed, "failed messages did not get their retry delay"),
        ...("cause" in options ? [`Cause: ${describeError(options.cause)}`] : []),
      ].join("\n\n"),
      "cause" in options ? { cause: options.cause } : {},
    );
    const fields = { outcomes, failures, unprocessed, undeleted, unmoved, undelayed };
    for (const [name, value] of Object.entries(fields)) {
      Object.defineProperty(this, name, { value, configurable: true, writable: true });
    }
  }
}

function describeErrors(
  items: readonly { readonly record: SQSRecord; readonly error?: unknown }[],
): string[] {
  const rest = items.slice(MAX_ERRORS);
  return [
    ...items.slice(0, MAX_ERRORS).map(({ record, error }) =>
      `${record.messageId}: ${describeError(error)}`
    ),
    ...(rest.length > 0 ? [`${rest.length} more errors: ${messageIds(rest)}`] : []),
  ];
}

interface WithReason {
  readonly record: SQSRecord;
  readonly reason: string;
}

function describeGroups(items: readonly WithReason[], what: string): string[] {
  return [...groupBy(items, ({ reason }) => reason)].map(([reason, group]) =>
    `${group.length} ${what} (${reason}): ${messageIds(group)}`
  );
}

function messageIds(items: readonly { readonly record: SQSRecord }[]): string {
  const ids = items.slice(0, MAX_IDS).map((item) => item.record.messageId).join(", ");
  return items.length > MAX_IDS ? `${ids} and ${items.length - MAX_IDS} more` : ids;
}
