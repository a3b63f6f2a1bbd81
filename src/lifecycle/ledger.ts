import type { SQSBatchItemFailure, SQSBatchResponse, SQSRecord } from "aws-lambda";
import { SQSBatchProcessingError } from "../errors.ts";
import { describeShape } from "../internal/shape.ts";
import { withStackFrames } from "../internal/stack_frames.ts";
import type { Outcome, UnconfirmedRecord, UnconfirmedStep } from "../types.ts";
import type { BatchSetup } from "./open.ts";
import { isHandled, isToReturn, Outcomes } from "./outcome.ts";

/** What became of a batch: its outcomes, what SQS did not confirm, and what follows for Lambda. */
export class Ledger<TResult> {
  readonly outcomes: Outcomes<TResult>;
  readonly unconfirmed: Unconfirmed = new Unconfirmed();
  readonly #setup: BatchSetup<TResult>;

  constructor(setup: BatchSetup<TResult>) {
    this.#setup = setup;
    this.outcomes = new Outcomes(setup.records);
  }

  /** Whether every record has its outcome, and nobody needs to handle any of them again. */
  get areAllHandled(): boolean {
    return this.outcomes.areAllHandled;
  }

  /** Gives a predicate: whether the message of an outcome is to return to the queue. */
  judge(): (outcome: Outcome) => boolean {
    const given = {
      suppressException: this.#setup.options.suppressException,
      unmoved: this.unconfirmed.unmovedRecords(),
      stoppers: this.#setup.stop.errors,
    };
    return (outcome) => isToReturn(outcome, given);
  }

  /** Lambda's partial batch response for outcomes. */
  response(outcomes: readonly Outcome[]): SQSBatchResponse {
    const batchItemFailures: SQSBatchItemFailure[] = [];
    if (this.areAllHandled) return { batchItemFailures };
    const { received } = this.#setup;
    const returns = this.judge();
    outcomes.forEach((outcome, index) => {
      if (!returns(outcome)) return;
      batchItemFailures.push({ itemIdentifier: received[index]!.messageId });
    });
    return { batchItemFailures };
  }

  /** The error of a batch of which messages return. Its own stack frames would all be the library's. */
  error(
    outcomes: readonly Outcome[],
    thrown: { readonly error: unknown } | undefined,
    unverified: string | undefined,
  ): SQSBatchProcessingError {
    const options = {
      ...this.unconfirmed.all(),
      messageIds: this.#messageIds(outcomes),
      ...(thrown ? { cause: thrown.error } : {}),
      ...(unverified === undefined ? {} : { unverified }),
    };
    return withStackFrames(0, () => new SQSBatchProcessingError(outcomes, options));
  }

  /** The ids of the messages that a text may name: of handled ones only if a step is unconfirmed. */
  #messageIds(outcomes: readonly Outcome[]): ReadonlyMap<SQSRecord, string> {
    const messageIds = new Map<SQSRecord, string>();
    outcomes.forEach((outcome, index) => {
      if (isHandled(outcome) && this.unconfirmed.isEmpty) return;
      messageIds.set(outcome.record, this.#setup.received[index]!.messageId);
    });
    return messageIds;
  }
}

const NO_RECORDS: ReadonlySet<SQSRecord> = new Set();

/** What SQS did not confirm for one batch. */
export class Unconfirmed {
  readonly #byStep: Record<UnconfirmedStep, UnconfirmedRecord[]> = {
    undeleted: [],
    unmoved: [],
    undelayed: [],
  };

  /** @throws {TypeError} If there is no such step. */
  add(step: UnconfirmedStep, record: UnconfirmedRecord): void {
    if (!Object.hasOwn(this.#byStep, step)) {
      const steps = Object.keys(this.#byStep).join('", "');
      throw new TypeError(
        `Cannot report an unconfirmed record: expected one of "${steps}", got ${
          describeShape(step)
        }`,
      );
    }
    this.#byStep[step].push(Object.freeze({ ...record }));
  }

  /** Takes the reports about records back, if there are any. */
  remove(step: UnconfirmedStep, records: () => ReadonlySet<SQSRecord>): void {
    if (this.#byStep[step].length === 0) return;
    const removed = records();
    this.#byStep[step] = this.#byStep[step].filter(({ record }) => !removed.has(record));
  }

  get isEmpty(): boolean {
    const { undeleted, unmoved, undelayed } = this.#byStep;
    return undeleted.length + unmoved.length + undelayed.length === 0;
  }

  /** Records that were to go to another queue, and are in none. */
  unmovedRecords(): ReadonlySet<SQSRecord> {
    const { unmoved } = this.#byStep;
    return unmoved.length === 0 ? NO_RECORDS : new Set(unmoved.map(({ record }) => record));
  }

  /** All so far, frozen. */
  all(): Readonly<Record<UnconfirmedStep, readonly UnconfirmedRecord[]>> {
    const { undeleted, unmoved, undelayed } = this.#byStep;
    return Object.freeze({
      undeleted: Object.freeze([...undeleted]),
      unmoved: Object.freeze([...unmoved]),
      undelayed: Object.freeze([...undelayed]),
    });
  }
}
