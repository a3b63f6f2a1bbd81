import type { SQSRecord } from "aws-lambda";
import { isObject, kindOf } from "./shape.ts";
import type { Outcome } from "./types.ts";

const STATUSES: ReadonlySet<unknown> = new Set<Outcome["status"]>([
  "success",
  "fail",
  "unprocessed",
  "dead-lettered",
  "discarded",
]);

/**
 * Takes what a hook gave as the outcome of a record. Hooks are overridden, so it is not trusted: a
 * wrong one would get a message deleted that nobody handled. It is copied, so that what the hook does
 * to its object afterwards changes nothing.
 *
 * @throws {TypeError} If it is anything but an outcome of this very record.
 */
export function toOutcome<TOutcome extends Outcome>(given: TOutcome, record: SQSRecord): TOutcome {
  const where = `Cannot use what a hook gave for the message ${record.messageId}`;
  if (!isObject(given)) {
    throw new TypeError(`${where}: expected an outcome, got ${kindOf(given)}`);
  }
  const outcome = Object.freeze({ ...given });
  if (!STATUSES.has(outcome.status)) {
    throw new TypeError(`${where}: expected an outcome, got an object without a known status`);
  }
  if (outcome.record !== record) {
    throw new TypeError(`${where}: expected an outcome of this record, got one of another record`);
  }
  return outcome;
}
