import type { SQSRecord } from "aws-lambda";
import { isObject, shapeOf } from "./shape.ts";
import type { Outcome } from "./types.ts";

const STATUSES: ReadonlySet<unknown> = new Set<Outcome["status"]>([
  "success",
  "fail",
  "unprocessed",
  "dead-lettered",
  "discarded",
]);

/**
 * Checks what a hook gave as the outcome of a record. Hooks are overridden, so it is not trusted: a
 * wrong one would get a message deleted that nobody handled.
 *
 * @throws {TypeError} If it is anything but an outcome of this very record.
 */
export function checkOutcome(
  outcome: unknown,
  record: SQSRecord,
): asserts outcome is Outcome {
  const where = `Cannot use what _processRecord() gave for the message ${record.messageId}`;
  if (!isObject(outcome) || !STATUSES.has(outcome.status)) {
    throw new TypeError(`${where}: expected an outcome, got ${shapeOf(outcome)}`);
  }
  if (outcome.record !== record) {
    throw new TypeError(`${where}: expected an outcome of this record, got one of another record`);
  }
}
