import type { SQSRecord } from "aws-lambda";
import { describeError, shortenToBytes } from "./internal/describe_error.ts";
import { groupBy } from "./internal/group_by.ts";
import { typeNameOnly } from "./internal/shape.ts";
import type { FailOutcome, Outcome, UnconfirmedRecord, UnprocessedOutcome } from "./types.ts";

/** How many errors the message holds in full. */
const MAX_ERRORS = 10;

/** How many message ids any list in the message holds. */
const MAX_IDS = 100;

/**
 * How long the message may be, in bytes. Lambda's runtime posts it in a header, twice, and reports
 * nothing at all when that is too long.
 */
const MAX_BYTES = 60_000;

const UNVERIFIED =
  "There is no partial batch response, because ReportBatchItemFailures could not be verified";

/**
 * Details of an {@linkcode SQSBatchProcessingError}, in addition to the outcomes.
 *
 * @category Errors
 */
export interface SQSBatchProcessingErrorOptions {
  /** Handled messages whose deletion was not confirmed. */
  readonly undeleted?: readonly UnconfirmedRecord[];
  /** Messages that failed for good and that no other queue accepted. */
  readonly unmoved?: readonly UnconfirmedRecord[];
  /** Messages whose retry delay was not confirmed. */
  readonly undelayed?: readonly UnconfirmedRecord[];
  /** Why there is no partial batch response. */
  readonly unverified?: string;
  /** What a hook of the processor threw. */
  readonly cause?: unknown;
  /**
   * The id of each record's message, as it was when the batch was opened.
   *
   * @default {record.messageId}
   */
  readonly messageIds?: ReadonlyMap<SQSRecord, string>;
}

/**
 * Thrown when a batch is closed and not all of its records were handled, so that Lambda returns them
 * to the queue.
 *
 * - The message begins with `Not all records processed successfully.` It names each failed record by
 *   its message id, with the stack of its error (the first 10; the rest are counted), then the
 *   records that were not processed and why, then the messages for which SQS did not confirm a step
 *   (the first 100 message ids of each list). With `reportItemFailures: "verified"` it also says why
 *   there was no response. One error has at most 4,000 characters in it, the whole
 *   60,000 bytes; the library's own stack frames are left out. The errors themselves are untouched.
 * - The library puts no body, attribute or receipt handle into it. The errors' own texts are yours:
 *   `JSON.parse`, for instance, quotes its input.
 * - The fields are not enumerable, because Lambda's runtime writes the enumerable properties of a
 *   thrown error into the log.
 *
 * @category Errors
 *
 * @example Reading the failed records
 * ```ts
 * import { SQSBatchProcessingError } from "@partial-batch/sqs";
 * import assert from "node:assert/strict";
 * import type { SQSRecord } from "aws-lambda";
 *
 * const record = { messageId: "m1" } as SQSRecord;
 * const error = new SQSBatchProcessingError([
 *   { status: "fail", record, error: new RangeError("no such order") },
 * ]);
 *
 * assert.deepEqual(error.failures.map((failure) => failure.record.messageId), ["m1"]);
 * assert.deepEqual(Object.keys(error), []);
 * ```
 */
export class SQSBatchProcessingError extends AggregateError {
  /** One outcome per record, in the order of the batch. */
  declare readonly outcomes: readonly Outcome[];
  /** The outcomes of the records that failed; `errors` holds what they threw. */
  declare readonly failures: readonly FailOutcome[];
  /** The outcomes of the records that were not handled, or not to their end. */
  declare readonly unprocessed: readonly UnprocessedOutcome[];
  /** Messages that were handled and return all the same: their deletion was not confirmed. */
  declare readonly undeleted: readonly UnconfirmedRecord[];
  /** Messages that failed for good (`nonRetryable`) and return: no other queue accepted them. */
  declare readonly unmoved: readonly UnconfirmedRecord[];
  /** Messages that return after the queue's visibility timeout, not after their retry delay. */
  declare readonly undelayed: readonly UnconfirmedRecord[];
  /**
   * With `reportItemFailures: "verified"`: why there is no partial batch response, which is what was
   * missing or went wrong when the event source mapping was looked up.
   */
  declare readonly unverified: string | undefined;

  static {
    Object.defineProperty(this.prototype, "name", {
      value: "SQSBatchProcessingError",
      configurable: true,
      writable: true,
    });
  }

  /**
   * Makes the error of a batch.
   *
   * @param outcomes One outcome per record, in the order of the batch.
   * @param options What SQS did not confirm, and what a hook threw.
   */
  constructor(outcomes: readonly Outcome[], options: SQSBatchProcessingErrorOptions = {}) {
    const failures = outcomes.filter((outcome) => outcome.status === "fail");
    const unprocessed = outcomes.filter((outcome) => outcome.status === "unprocessed");
    const { undeleted = [], unmoved = [], undelayed = [], unverified, cause } = options;
    const caused = "cause" in options ? { cause } : {};
    super(
      failures.map((failure) => failure.error),
      describeBatch({ failures, unprocessed, undeleted, unmoved, undelayed }, caused, options),
      caused,
    );
    const fields = { outcomes, failures, unprocessed, undeleted, unmoved, undelayed, unverified };
    for (const [name, value] of Object.entries(fields)) {
      Object.defineProperty(this, name, { value, configurable: true, writable: true });
    }
  }
}

interface Details {
  readonly failures: readonly FailOutcome[];
  readonly unprocessed: readonly UnprocessedOutcome[];
  readonly undeleted: readonly UnconfirmedRecord[];
  readonly unmoved: readonly UnconfirmedRecord[];
  readonly undelayed: readonly UnconfirmedRecord[];
}

type IdOf = (item: { readonly record: SQSRecord }) => string;

function describeBatch(
  { failures, unprocessed, undeleted, unmoved, undelayed }: Details,
  caused: { readonly cause?: unknown },
  { messageIds, unverified }: SQSBatchProcessingErrorOptions,
): string {
  const idOf: IdOf = ({ record }) => messageIds?.get(record) ?? ownId(record);
  const texts = [
    `Not all records processed successfully. ${counted(failures.length, "record")} failed.`,
    ...(unverified === undefined ? [] : [`${UNVERIFIED}: ${textOf(unverified)}`]),
    ...describeErrors(failures, idOf),
    ...describeGroups(unprocessed, idOf, "record", "not processed"),
    ...describeErrors(unprocessed.filter((outcome) => "error" in outcome), idOf),
    ...describeGroups(undeleted, idOf, "handled message", "not deleted and will return"),
    ...describeGroups(unmoved, idOf, "failed message", "not moved and will return"),
    ...describeGroups(undelayed, idOf, "message", "not given the retry delay"),
    ...Object.values(caused).map((cause) => `Cause: ${describeError(cause)}`),
  ];
  return shortenToBytes(texts.join("\n\n"), MAX_BYTES);
}

function describeErrors(
  items: readonly { readonly record: SQSRecord; readonly error?: unknown }[],
  idOf: IdOf,
): string[] {
  const rest = items.slice(MAX_ERRORS);
  return [
    ...items.slice(0, MAX_ERRORS).map((item) => `${idOf(item)}: ${describeError(item.error)}`),
    ...(rest.length > 0 ? [`${counted(rest.length, "more error")}: ${idList(rest, idOf)}`] : []),
  ];
}

function describeGroups(
  items: readonly { readonly record: SQSRecord; readonly reason: string }[],
  idOf: IdOf,
  noun: string,
  what: string,
): string[] {
  return [...groupBy(items, ({ reason }) => textOf(reason))].map(([reason, group]) =>
    `${counted(group.length, noun)} ${group.length === 1 ? "was" : "were"} ${what} (${reason}): ${
      idList(group, idOf)
    }`
  );
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function idList(items: readonly { readonly record: SQSRecord }[], idOf: IdOf): string {
  const ids = items.slice(0, MAX_IDS).map(idOf).join(", ");
  return items.length > MAX_IDS ? `${ids} and ${items.length - MAX_IDS} more` : ids;
}

/** A hook may give anything for a reason. */
function textOf(reason: unknown): string {
  return typeof reason === "string" ? reason : typeNameOnly(reason);
}

/** Making the error must not throw, whatever a handler did to its record. */
function ownId(record: SQSRecord): string {
  try {
    return typeof record.messageId === "string" ? record.messageId : "a message without an id";
  } catch {
    return "a message without an id";
  }
}
