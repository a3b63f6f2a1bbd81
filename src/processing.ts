import type { SQSRecord } from "aws-lambda";
import { checkOutcome } from "./check_outcome.ts";
import type { Deadline } from "./deadline.ts";
import { lanesOf } from "./lanes.ts";
import { mapConcurrently } from "./map_concurrently.ts";
import type { Outcome } from "./types.ts";

/** What processing asks of the batch. */
export interface ProcessingSteps<TResult> {
  readonly concurrency: number;
  readonly deadline: Deadline;
  /** Does a failed record stop the records after it in its message group? */
  readonly failureStopsGroup: boolean;
  processRecord(record: SQSRecord, signal: AbortSignal): Promise<Outcome<TResult>>;
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
      await mapConcurrently(lanesOf(this.#records), concurrency, (lane) => this.#runLane(lane));
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
      const outcome: Outcome<TResult> = this.#outcomeWithoutRunning(record, groupFailed) ??
        await this.#outcomeOf(record);
      if (this.#stopped) return;
      this.#outcomes[index] = outcome;
      if (outcome.status !== "fail" && outcome.status !== "unprocessed") continue;
      groupFailed ||= outcome.status === "unprocessed" || this.#steps.failureStopsGroup;
      this.#expectFailure();
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
    try {
      const outcome = await deadline.untilOver(processRecord(record, abort.signal));
      checkOutcome(outcome, record);
      return outcome;
    } catch (error) {
      if (deadline.over) return { status: "unprocessed", record, reason: "deadline" };
      return { status: "fail", record, error };
    } finally {
      this.#running.delete(abort);
    }
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
