import type { SQSRecord } from "aws-lambda";
import type { Outcome, UnprocessedReason } from "../types.ts";
import { timeoutError } from "./clock.ts";
import type { Hooks, IndexedFailure } from "./hooks.ts";
import type { BatchSetup } from "./open.ts";
import { checkOutcome, failed, isHandled, type Outcomes, unprocessed } from "./outcome.ts";
import { handleRecord, RecordCall } from "./record.ts";
import { divide, type Division } from "./suspects.ts";

/** Who is told what happens while records are handled. */
export interface RecordsListener {
  /** A record failed, or was not handled. */
  failureExpected(): void;
  /** Settling failures threw. */
  settlingFailed(error: unknown): void;
  /** Whether the message of an outcome is to return. */
  isToReturn(outcome: Outcome): boolean;
}

/** Message groups that are still to be handled. */
interface GroupQueue {
  readonly groups: readonly (readonly number[])[];
  next: number;
}

/**
 * Handles the records of a batch: message groups concurrently, the records of a group one after
 * another, and suspects last, one at a time.
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
  readonly #division: Division;
  readonly #calls: (RecordCall | undefined)[];
  readonly #unsettled: IndexedFailure[] = [];

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
    this.#division = divide(setup.received, hooks.steps?.isolation?.suspectAfter);
    this.#calls = new Array(setup.records.length).fill(undefined);
    setup.stop.onStop((error) => this.tell("stopped", error));
  }

  /** Handles all records, and gives up those that still run near the deadline. */
  async handleAll(): Promise<void> {
    const queue: GroupQueue = { groups: this.#division.ordinary, next: 0 };
    const lanes: Promise<void>[] = [];
    const { concurrency } = this.#setup.options;
    for (let lane = Math.min(concurrency, queue.groups.length); lane > 0; lane--) {
      lanes.push(this.#handleGroups(queue));
    }
    if (await this.#isInTime(Promise.all(lanes))) await this.#handleSuspects();
  }

  /** Waits for records that are being handled. If the time is over first, gives up all that is left. */
  async #isInTime(work: Promise<unknown>): Promise<boolean> {
    if (await this.#setup.clock.isInTime(work)) return true;
    this.#setup.stragglers.add(work);
    this.#giveUp();
    return false;
  }

  /** Any of them may end the process, so before each one what is handled is deleted. */
  async #handleSuspects(): Promise<void> {
    const { clock, stop } = this.#setup;
    for (const { index, earlier } of this.#division.suspects) {
      if (!clock.isReserveReached && !stop.error && !this.#outcomes.at(index)) {
        await this.settleRest();
        await this.#hooks.steps?.isolation?.deleteHandled();
      }
      const isBroken = earlier.some((index) => this.#breaksGroup(this.#outcomes.at(index)!));
      if (!await this.#isInTime(this.#handleGroups({ groups: [[index]], next: 0 }, isBroken))) {
        return;
      }
    }
  }

  /** Settles, all at once, the failures that were not settled while their group went on. */
  settleRest(): Promise<void> | void {
    if (this.#unsettled.length > 0 && this.#hooks.steps?.settle) return this.#settleRest();
  }

  async #settleRest(): Promise<void> {
    const failures = this.#unsettled.splice(0);
    const settled = await this.#settle(failures);
    failures.forEach(({ index }, position) => this.#outcomes.replace(index, settled[position]!));
  }

  /** Notes what a record's handler threw, where its hook does not pass on what it was given. */
  noteFailure(record: SQSRecord, error: unknown): void {
    this.#calls.find((call) => call?.isOf(record))?.noteFailure(error);
  }

  /** Tells the handlers that still run. */
  tell(because: UnprocessedReason, reason: unknown): void {
    for (const call of this.#calls) call?.tell(because, reason);
  }

  /**
   * Handles one group after another; as many of these run concurrently as `concurrency` says. With
   * `areBroken`, an earlier record of the groups returns, so theirs must not be handled.
   */
  async #handleGroups(queue: GroupQueue, areBroken = false): Promise<void> {
    while (queue.next < queue.groups.length) {
      const group = queue.groups[queue.next++]!;
      let isStopped = areBroken;
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
        isStopped ||= this.#breaksGroup(outcome);
      }
    }
  }

  /** Whether what follows in a FIFO group must not be handled. */
  #breaksGroup(outcome: Outcome): boolean {
    return !isHandled(outcome) && this.#listener.isToReturn(outcome);
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
