import type { Context, SQSRecord } from "aws-lambda";
import type { Outcome, RecordHandler } from "../types.ts";
import type { Clock } from "./clock.ts";
import { messageGroups } from "./groups.ts";
import { handleRecord } from "./handle_record.ts";
import type { Hooks, IndexedFailure } from "./hooks.ts";
import type { ReceivedRecord } from "./open.ts";
import { checkOutcome, failed, isHandled, type Outcomes, unprocessed } from "./outcome.ts";
import { RecordCall } from "./record_call.ts";

/** What handling the records of a batch takes. */
export interface RecordsSetup<TResult> {
  readonly records: readonly SQSRecord[];
  readonly received: readonly ReceivedRecord[];
  readonly handler: RecordHandler<TResult>;
  readonly hooks: Hooks<TResult>;
  readonly outcomes: Outcomes<TResult>;
  readonly clock: Clock;
  readonly lambdaContext: Context | undefined;
  readonly concurrency: number;
  /** Whether a failed record stops the records after it in its message group. */
  readonly failureStopsGroup: boolean;
  /** Called for each record that failed or was not handled. */
  failureExpected(): void;
  /** Called with what settling failures threw. */
  settlingFailed(error: unknown): void;
}

/**
 * Handles the records of a batch: message groups beside each other, the records of a group one after
 * another.
 *
 * An outcome, once written, stays. When the records are given up, or the batch is closed, each of them
 * gets its outcome, and a handler that settles later finds the door shut.
 */
export class Records<TResult> {
  readonly #setup: RecordsSetup<TResult>;
  readonly #groups: readonly (readonly number[])[];
  readonly #calls: (RecordCall | undefined)[];
  readonly #unsettled: IndexedFailure[] = [];
  #nextGroup = 0;

  constructor(setup: RecordsSetup<TResult>) {
    this.#setup = setup;
    this.#groups = messageGroups(setup.received);
    this.#calls = new Array(setup.records.length).fill(undefined);
  }

  /** Handles all records, and gives up those that still run near the deadline. */
  async handleAll(): Promise<void> {
    const { clock, concurrency } = this.#setup;
    const lanes: Promise<void>[] = [];
    for (let lane = Math.min(concurrency, this.#groups.length); lane > 0; lane--) {
      lanes.push(this.#handleGroups());
    }
    if (!await clock.isInTime(Promise.all(lanes))) this.#giveUp();
  }

  /** Settles, all at once, the failures that were not settled while their group went on. */
  async settleRest(): Promise<void> {
    if (this.#unsettled.length === 0 || !this.#setup.hooks.steps?.settle) return;
    const settled = await this.#settle(this.#unsettled);
    this.#unsettled.forEach(({ index }, position) =>
      this.#setup.outcomes.replace(index, settled[position]!)
    );
  }

  /** Tells the handlers that still run. */
  abort(reason: unknown): void {
    for (const call of this.#calls) call?.abort(reason);
  }

  /** Handles one group after another; as many of these run beside each other as `concurrency` says. */
  async #handleGroups(): Promise<void> {
    const { outcomes } = this.#setup;
    while (this.#nextGroup < this.#groups.length) {
      const group = this.#groups[this.#nextGroup++]!;
      const last = group[group.length - 1];
      let isStopped = false;
      for (const index of group) {
        if (outcomes.at(index)) return;
        const outcome = this.#outcomeWithoutHandling(index, isStopped) ??
          await this.#handle(index, index === last);
        if (outcomes.at(index)) return;
        this.#write(index, outcome, index === last);
        isStopped ||= this.#stopsGroup(outcome);
      }
    }
  }

  #outcomeWithoutHandling(index: number, isStopped: boolean): Outcome<TResult> | undefined {
    const record = this.#setup.records[index]!;
    if (this.#setup.clock.isReserveReached) return unprocessed(record, "deadline");
    return isStopped ? unprocessed(record, "message-group-failed") : undefined;
  }

  /** Handles one record. Never rejects. */
  async #handle(index: number, isLastOfGroup: boolean): Promise<Outcome<TResult>> {
    const { records, received, handler, hooks, lambdaContext } = this.#setup;
    const record = records[index]!;
    const call = new RecordCall(record, received[index]!.messageId, lambdaContext);
    this.#calls[index] = call;
    let outcome: Outcome<TResult>;
    try {
      outcome = hooks.processRecord
        ? checkOutcome(await hooks.processRecord(record, call), record)
        : await handleRecord(record, call, handler, hooks);
    } catch (error) {
      outcome = failed(record, error);
    }
    if (outcome.status === "fail") {
      outcome = await this.#outcomeOfFailure(index, call, outcome.error, isLastOfGroup);
    }
    this.#calls[index] = undefined;
    return outcome;
  }

  async #outcomeOfFailure(
    index: number,
    call: RecordCall,
    error: unknown,
    isLastOfGroup: boolean,
  ): Promise<Outcome<never>> {
    this.#setup.failureExpected();
    const outcome = call.outcomeOfFailure(error);
    // At the end of a group nobody waits: those failures are settled later, all at once.
    if (outcome.status !== "fail" || isLastOfGroup || !this.#setup.hooks.steps?.settle) {
      return outcome;
    }
    call.noteSettling(error);
    const [settled] = await this.#settle([{ index, error }]);
    return settled!;
  }

  /** Gives what takes the place of failures. If that cannot be decided they stay as they are. */
  async #settle(failures: readonly IndexedFailure[]): Promise<readonly Outcome<never>[]> {
    const { hooks, records, settlingFailed } = this.#setup;
    try {
      return await hooks.steps!.settle!(failures);
    } catch (error) {
      settlingFailed(error);
      return failures.map((failure) => failed(records[failure.index]!, failure.error));
    }
  }

  #write(index: number, outcome: Outcome<TResult>, isUnsettled: boolean): void {
    this.#setup.outcomes.write(index, outcome);
    if (outcome.status === "fail" && isUnsettled) {
      this.#unsettled.push({ index, error: outcome.error });
    }
    if (!isHandled(outcome)) this.#setup.failureExpected();
  }

  #stopsGroup(outcome: Outcome): boolean {
    if (outcome.status === "fail") return this.#setup.failureStopsGroup;
    return !isHandled(outcome);
  }

  /** Gives every record that has no outcome the one it has now. */
  #giveUp(): void {
    const { records, outcomes } = this.#setup;
    records.forEach((record, index) => {
      if (outcomes.at(index)) return;
      const call = this.#calls[index];
      this.#write(index, call?.outcomeIfGivenUp ?? unprocessed(record, "deadline"), true);
    });
  }
}
