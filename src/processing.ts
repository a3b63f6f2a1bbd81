import type { SQSRecord } from "aws-lambda";
import type { Deadline } from "./deadline.ts";
import { lanesOf } from "./lanes.ts";
import { mapConcurrently } from "./map_concurrently.ts";
import { toOutcome } from "./to_outcome.ts";
import type { FailOutcome, Outcome } from "./types.ts";

/** What processing asks of the batch. */
export interface ProcessingSteps<TResult> {
  readonly concurrency: number;
  readonly deadline: Deadline;
  /** Does a failed record stop the records after it in its message group? */
  readonly failureStopsGroup: boolean;
  processRecord(record: SQSRecord, abort: AbortController): Promise<Outcome<TResult>>;
  /** Gives what takes the place of failed outcomes, in the same order. */
  settleFailures(failures: readonly FailOutcome[]): Promise<readonly Outcome<never>[]>;
  /** Called with what `settleFailures` threw, or with what is wrong with what it gave. */
  settlingFailed(error: unknown): void;
  /** It shows that not all records will be handled. Called once. */
  expectFailure(): void;
}

/** Gives each record of a batch its outcome. What a record's hooks yield is not trusted. */
export class Processing<TResult> {
  readonly #records: readonly SQSRecord[];
  readonly #steps: ProcessingSteps<TResult>;
  readonly #outcomes: (Outcome<TResult> | undefined)[];
  readonly #running = new Set<AbortController>();
  #failureExpected = false;
  #stopped = false;

  constructor(records: readonly SQSRecord[], steps: ProcessingSteps<TResult>) {
    this.#records = records;
    this.#steps = steps;
    this.#outcomes = new Array(records.length).fill(undefined);
  }

  /** The outcomes so far, in the order of the records. */
  get outcomes(): readonly (Outcome<TResult> | undefined)[] {
    return this.#outcomes;
  }

  /** Calls `prepare`, then handles all records. Rejects only with what `prepare` rejects with. */
  async run(prepare: () => Promise<void>): Promise<void> {
    const { deadline, concurrency } = this.#steps;
    deadline.start({
      near: () => this.#expectFailure(),
      passed: (reason) => this.#abort(reason),
    });
    try {
      await deadline.untilOver(prepare());
      const lanes = lanesOf(this.#records);
      await mapConcurrently(lanes, concurrency, (lane) => this.#runLane(lane));
      await this.#settleLast(lanes);
    } finally {
      deadline.stop();
    }
  }

  /** Stops where it is: running handlers are told by their signal, and what they yield is ignored. */
  stop(reason: unknown): void {
    this.#stopped = true;
    this.#abort(reason);
  }

  /** Handles records one after another, until one that is to return stops the rest. */
  async #runLane(lane: readonly number[]): Promise<void> {
    let groupFailed = false;
    for (const index of lane) {
      if (this.#stopped) return;
      const record = this.#records[index]!;
      let outcome: Outcome<TResult> = this.#outcomeWithoutRunning(record, groupFailed) ??
        await this.#outcomeOf(record);
      if (this.#stopped) return;
      if (outcome.status === "fail" || outcome.status === "unprocessed") this.#expectFailure();
      // What becomes of a failure decides whether the next record of its group may start.
      if (outcome.status === "fail" && index !== lane.at(-1)) {
        [outcome] = await this.#settleFailures([outcome]) as [Outcome<TResult>];
      }
      if (this.#stopped) return;
      this.#outcomes[index] = outcome;
      groupFailed ||= outcome.status === "unprocessed" ||
        (outcome.status === "fail" && this.#steps.failureStopsGroup);
    }
  }

  /** Settles the failures at the end of the lanes, all at once: no record waits for them. */
  async #settleLast(lanes: readonly (readonly number[])[]): Promise<void> {
    const failed = lanes.flatMap((lane) => {
      const index = lane.at(-1)!;
      const outcome = this.#outcomes[index];
      return outcome?.status === "fail" ? [{ index, outcome }] : [];
    });
    if (failed.length === 0 || this.#stopped) return;
    const settled = await this.#settleFailures(failed.map(({ outcome }) => outcome));
    if (this.#stopped) return;
    failed.forEach(({ index }, position) => this.#outcomes[index] = settled[position]!);
  }

  async #settleFailures(failures: readonly FailOutcome[]): Promise<readonly Outcome<never>[]> {
    try {
      // A copy, as the hook may use it up; only what stands here says which records they are.
      const settled = await this.#steps.settleFailures([...failures]);
      return failures.map(({ record }, index) => toOutcome(settled[index]!, record));
    } catch (hookError) {
      this.#steps.settlingFailed(hookError);
      return failures.map(({ record, error }) => ({
        status: "fail",
        record,
        error: new AggregateError([error, hookError], "_settleFailures() threw for failed records"),
      }));
    }
  }

  #outcomeWithoutRunning(record: SQSRecord, groupFailed: boolean): Outcome<TResult> | undefined {
    if (this.#steps.deadline.passed) return { status: "unprocessed", record, reason: "deadline" };
    if (groupFailed) return { status: "unprocessed", record, reason: "message-group-failed" };
    return undefined;
  }

  async #outcomeOf(record: SQSRecord): Promise<Outcome<TResult>> {
    const { deadline, processRecord } = this.#steps;
    const abort = new AbortController();
    this.#running.add(abort);
    let outcome: Outcome<TResult>;
    try {
      outcome = toOutcome(await deadline.untilOver(processRecord(record, abort)), record);
    } catch (error) {
      if (deadline.over) return { status: "unprocessed", record, reason: "deadline" };
      outcome = { status: "fail", record, error };
    } finally {
      this.#running.delete(abort);
    }
    if (outcome.status !== "fail" || !abort.signal.aborted) return outcome;
    // The deadline told it to stop, so that it stopped is no fault of the message.
    return { status: "unprocessed", record, reason: "deadline", error: outcome.error };
  }

  #expectFailure(): void {
    if (this.#failureExpected || this.#stopped) return;
    this.#failureExpected = true;
    this.#steps.expectFailure();
  }

  #abort(reason: unknown): void {
    for (const abort of this.#running) abort.abort(reason);
  }
}
