import type { SQSRecord } from "aws-lambda";
import { ignoreRejection, isThenable } from "../internal/promises.ts";
import { isObject, typeNameOnly } from "../internal/shape.ts";
import type {
  FailOutcome,
  Outcome,
  SuccessOutcome,
  UnprocessedOutcome,
  UnprocessedReason,
} from "../types.ts";

const STATUSES: ReadonlySet<unknown> = new Set<Outcome["status"]>([
  "success",
  "fail",
  "unprocessed",
  "dead-lettered",
  "discarded",
]);

/** Makes the outcome of a record that was handled. */
export function succeeded<TResult>(record: SQSRecord, result: TResult): SuccessOutcome<TResult> {
  return Object.freeze({ status: "success", record, result });
}

/** Makes the outcome of a record that failed. */
export function failed(record: SQSRecord, error: unknown): FailOutcome {
  return Object.freeze({ status: "fail", record, error });
}

/** Makes the outcome of a record that was not handled, or not to its end. */
export function unprocessed(
  record: SQSRecord,
  reason: UnprocessedReason,
  thrown?: { readonly error: unknown },
): UnprocessedOutcome {
  return Object.freeze({ status: "unprocessed", record, reason, ...thrown });
}

/**
 * Checks what a hook gave as the outcome of a record. Hooks are overridden, and a wrong outcome would
 * delete a message that nobody handled. The outcome is copied, so that nothing the hook does to its
 * object later has an effect.
 *
 * @throws {TypeError} If it is not an outcome of this very record.
 */
export function checkOutcome<TOutcome extends Outcome>(
  given: TOutcome,
  record: SQSRecord,
): TOutcome {
  const where = "A hook returned an invalid outcome";
  if (!isObject(given)) {
    throw new TypeError(`${where}: expected an outcome, got ${typeNameOnly(given)}`);
  }
  // Not a spread: on Node 20 that takes as long as all the rest of a hook's call.
  const outcome: TOutcome = Object.freeze(Object.assign({}, given));
  // Unlike a spread, assigning an own `__proto__` sets the prototype.
  const isPlain = Object.getPrototypeOf(outcome) === Object.prototype;
  if (!isPlain || !STATUSES.has(outcome.status)) {
    throw new TypeError(`${where}: expected an outcome, got an object without a known status`);
  }
  if (outcome.record !== record) {
    throw new TypeError(`${where}: expected an outcome of this record, got one of another record`);
  }
  if (outcome.status === "success") checkResult(outcome.result);
  return outcome;
}

/**
 * Checks the result of a record. A promise, promises in an array, and a generator object are work that
 * nobody has waited for.
 *
 * @throws {TypeError} If the result shows such work. The promises' rejections are taken.
 */
export function checkResult<TResult>(result: TResult): TResult {
  if (!isObject(result)) return result;
  if (isThenable(result)) {
    ignoreRejection(result);
    throw new TypeError("The result of a record is an unawaited promise; await it first");
  }
  if (Array.isArray(result)) {
    const promises = result.filter(isThenable);
    if (promises.length === 0) return result;
    promises.forEach(ignoreRejection);
    throw new TypeError(
      `The record handler returned an array containing unawaited promises (${promises.length}); ` +
        "return Promise.all(…) instead",
    );
  }
  if (/^\[object (?:Async)?Generator\]$/.test(Object.prototype.toString.call(result))) {
    throw new TypeError(
      "The record handler returned a generator object, which was never run; iterate it in the handler",
    );
  }
  return result;
}

/** Whether nobody needs to handle this record again. */
export function isHandled({ status }: Outcome): boolean {
  return status === "success" || status === "dead-lettered" || status === "discarded";
}

/**
 * Whether the message of an outcome is to return to the queue: always, unless it is known to be
 * handled or its failure is suppressed.
 */
export function isToReturn(
  outcome: Outcome,
  { suppressException, unmoved, stoppers }: {
    readonly suppressException: boolean;
    /** Records that were to go to another queue and are in none: suppressing these loses them. */
    readonly unmoved: ReadonlySet<SQSRecord>;
    /** Records whose handlers stopped the batch: their messages are not at fault. */
    readonly stoppers: ReadonlyMap<SQSRecord, unknown>;
  },
): boolean {
  if (outcome.status !== "fail") return !isHandled(outcome);
  const { record } = outcome;
  return !suppressException || unmoved.has(record) || stoppers.has(record);
}

/**
 * The outcomes of a batch, in the order of its records. An outcome is written once; only settling
 * replaces a failure, and nothing changes once all are complete.
 */
export class Outcomes<TResult> {
  readonly #records: readonly SQSRecord[];
  readonly #written: (Outcome<TResult> | undefined)[];
  #complete = false;
  #areAllHandled = false;

  constructor(records: readonly SQSRecord[]) {
    this.#records = records;
    this.#written = new Array(records.length).fill(undefined);
  }

  /** The outcome of a record, if it has one. */
  at(index: number): Outcome<TResult> | undefined {
    return this.#written[index];
  }

  /** Gives a record its outcome, unless it has one. */
  write(index: number, outcome: Outcome<TResult>): void {
    if (!this.#complete) this.#written[index] ??= outcome;
  }

  /** Puts a settled outcome in the place of a failure. */
  replace(index: number, outcome: Outcome<TResult>): void {
    if (!this.#complete) this.#written[index] = outcome;
  }

  /** All outcomes; records without one are unprocessed, for this reason. */
  list(reason: UnprocessedReason): readonly Outcome<TResult>[] {
    if (this.#complete) return this.#written as Outcome<TResult>[];
    return Object.freeze(
      this.#records.map((record, index) => this.at(index) ?? unprocessed(record, reason)),
    );
  }

  /** Gives every record without an outcome this one, for good. */
  complete(reason: UnprocessedReason): void {
    if (this.#complete) return;
    for (let index = 0; index < this.#records.length; index++) {
      this.#written[index] ??= unprocessed(this.#records[index]!, reason);
    }
    this.#complete = true;
    this.#areAllHandled = (Object.freeze(this.#written) as Outcome<TResult>[]).every(isHandled);
  }

  /** Whether all records were handled. Known once the outcomes are complete, and `false` before. */
  get areAllHandled(): boolean {
    return this.#areAllHandled;
  }
}
