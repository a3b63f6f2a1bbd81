import type { SQSRecord } from "aws-lambda";
import type { Outcome, UnprocessedReason } from "../types.ts";
import { timeoutError } from "./clock.ts";
import { messageGroups } from "./groups.ts";
import type { Hooks, IndexedFailure } from "./hooks.ts";
import type { BatchSetup } from "./open.ts";
import { checkOutcome, failed, isHandled, type Outcomes, unprocessed } from "./outcome.ts";
import { handleRecord, RecordCall } from "./record.ts";

/** Who is told what happens while records are handled. */
export interface RecordsListener {
  /** A record failed, or was not handled. */
  failureExpected(): void;
  /** Settling failures threw. */
  settlingFailed(error: unknown): void;
  /** Whether the message of an outcome is to return. */
  isToReturn(outcome: Outcome): boolean;
}

/**
 * Handles the records of a batch: message groups concurrently, the records of a group one after
 * another.
 *
 * An outcome, once written, stays, except that settling may replace a failure. When the records are
 * given up, or the batch is closed, each of them gets its outcome, and what a handler that settles later
 * gives is ignored.
 */
export class Records<TResult> {
  readonly #setup: BatchSetup<TResult>;
  readonly #hooks: Hooks<TResult>;
  readonly #outcomes: Outcomes<TResult>;
  readonly #listener: RecordsListener;
  readonly #groups: readonly (readonly number[])[];
  readonly #calls: (RecordCall | undefined)[];
  readonly #unsettled: IndexedFailure[] = [];
  #nextGroup = 0;

  constructor(
    setup: BatchSetup<TResult>,
    hooks: Hooks<TResult>,
    outcomes: Outcomes<TResult>,
    listener: RecordsListener,
  ) {
    this.#setup = setup;
    this.#hooks = hooks;
    this.#outcomes = outcomes;
    this.#listener = listener;
    this.#groups = messageGroups(setup.received);
    this.#calls = new Array(setup.records.length).fill(undefined);
    setup.stop.onStop((error) => this.tell("stopped", error));
  }

  /** Handles all records, and gives up those that still run near the deadline. */
  async handleAll(): Promise<void> {
    const { clock, options: { concurrency } } = this.#setup;
    const lanes: Promise<void>[] = [];
    for (let lane = Math.min(concurrency, this.#groups.length); lane > 0; lane--) {
      lanes.push(this.#handleGroups());
    }
    const all = Promise.all(lanes);
    if (await clock.isInTime(all)) return;
    this.#setup.stragglers.add(all);
    this.#giveUp();
  }

  /** Settles, all at once, the failures that were not settled while their group went on. */
  settleRest(): Promise<void> | void {
    if (this.#unsettled.length > 0 && this.#hooks.steps?.settle) return this.#settleRest();
  }

  async #settleRest(): Promise<void> {
    const settled = await this.#settle(this.#unsettled);
    this.#unsettled.forEach(({ index }, position) =>
      this.#outcomes.replace(index, settled[position]!)
    );
  }

  /** Notes what a record's handler threw, where its hook does not pass on what it was given. */
  noteFailure(record: SQSRecord, error: unknown): void {
    this.#calls.find((call) => call?.isOf(record))?.noteFailure(error);
  }

  /** Tells the handlers that still run. */
  tell(because: UnprocessedReason, reason: unknown): void {
    for (const call of this.#calls) call?.tell(because, reason);
  }

  /** Handles one group after another; as many of these run concurrently as `concurrency` says. */
  async #handleGroups(): Promise<void> {
    while (this.#nextGroup < this.#groups.length) {
      const group = this.#groups[this.#nextGroup++]!;
      let isStopped = false;
      // Not `for … of`: around an `await` its iterator costs as much as the rest of a record.
      for (let position = 0; position < group.length; position++) {
        const index = group[position]!;
        // The records were given up, or the batch was closed.
        if (this.#outcomes.at(index)) return;
        const isLast = position === group.length - 1;
        let outcome: Outcome<TResult> = this.#outcomeWithoutHandling(index, isStopped) ??
          this.#failedIfStopped(await this.#handle(index));
        if (outcome.status === "fail") {
          outcome = await this.#outcomeOfFailure(index, outcome.error, isLast);
        }
        this.#calls[index] = undefined;
        if (this.#outcomes.at(index)) return;
        this.#write(index, outcome, isLast);
        isStopped ||= !isHandled(outcome) && this.#listener.isToReturn(outcome);
      }
    }
  }

  #outcomeWithoutHandling(index: number, isStopped: boolean): Outcome<TResult> | undefined {
    const record = this.#setup.records[index]!;
    if (this.#setup.clock.isReserveReached) return unprocessed(record, "deadline");
    if (this.#setup.stop.error) return unprocessed(record, "stopped");
    return isStopped ? unprocessed(record, "message-group-failed") : undefined;
  }

  /** Handles one record. Never rejects. */
  #handle(index: number): Promise<Outcome<TResult>> {
    const { records, received, handler, lambdaContext, stop } = this.#setup;
    const record = records[index]!;
    const call = new RecordCall(record, received[index]!, lambdaContext, stop);
    this.#calls[index] = call;
    return this.#hooks.processRecord
      ? processRecord(record, call, this.#hooks.processRecord)
      : handleRecord(record, call, handler, this.#hooks);
  }

  /** If a handler stopped the batch its record has failed, whatever a hook makes of it. */
  #failedIfStopped(outcome: Outcome<TResult>): Outcome<TResult> {
    const { record } = outcome;
    const error = this.#setup.stop.errors.get(record);
    return error && isHandled(outcome) ? failed(record, error) : outcome;
  }

  async #outcomeOfFailure(
    index: number,
    error: unknown,
    isLastOfGroup: boolean,
  ): Promise<Outcome<never>> {
    const call = this.#calls[index]!;
    this.#listener.failureExpected();
    const outcome = call.outcomeOfFailure(error);
    this.#setup.stop.noteFailure(this.#setup.records[index]!, error);
    // At the end of a group nobody waits: those failures are settled later, all at once.
    if (outcome.status !== "fail" || isLastOfGroup || !this.#hooks.steps?.settle) return outcome;
    if (this.#outcomes.at(index)) return outcome;
    call.noteSettling(error);
    const [settled] = await this.#settle([{ index, error }]);
    return settled!;
  }

  /** Gives what takes the place of failures. If that cannot be decided they stay as they are. */
  async #settle(failures: readonly IndexedFailure[]): Promise<readonly Outcome<never>[]> {
    const { records } = this.#setup;
    try {
      return await this.#hooks.steps!.settle!(failures);
    } catch (error) {
      this.#listener.settlingFailed(error);
      return failures.map((failure) => failed(records[failure.index]!, failure.error));
    }
  }

  #write(index: number, outcome: Outcome<TResult>, isUnsettled: boolean): void {
    this.#outcomes.write(index, outcome);
    if (outcome.status === "fail" && isUnsettled) {
      this.#unsettled.push({ index, error: outcome.error });
    }
    if (!isHandled(outcome)) this.#listener.failureExpected();
  }

  /** Lets go of the handlers that still run: the batch is closed. */
  abandon(because: UnprocessedReason, reason: unknown): void {
    this.tell(because, reason);
    for (const call of this.#calls) call?.giveUp(reason);
  }

  /** Gives every record that has no outcome the one it has now. */
  #giveUp(): void {
    const reason = timeoutError("The record was given up before the deadline");
    this.#setup.records.forEach((record, index) => {
      if (this.#outcomes.at(index)) return;
      const call = this.#calls[index];
      call?.giveUp(reason);
      this.#write(index, call?.outcomeIfGivenUp ?? unprocessed(record, "deadline"), true);
    });
  }
}

/** Calls an overridden `_processRecord`. Never rejects: if it throws, the record has failed. */
async function processRecord<TResult>(
  record: SQSRecord,
  call: RecordCall,
  hook: NonNullable<Hooks<TResult>["processRecord"]>,
): Promise<Outcome<TResult>> {
  try {
    return checkOutcome(await hook(record, call), record);
  } catch (error) {
    return failed(record, error);
  }
}
