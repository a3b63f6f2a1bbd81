import type { SQSBatchItemFailure, SQSBatchResponse } from "aws-lambda";
import { SQSBatchProcessingError } from "../errors.ts";
import { isThenable } from "../internal/promises.ts";
import type { Outcome, UnconfirmedRecord, UnconfirmedRecords, UnconfirmedStep } from "../types.ts";
import { timeoutError } from "./clock.ts";
import { CloseFailure, ClosePromise } from "./close.ts";
import { HookCalls, type Hooks, Unconfirmed } from "./hooks.ts";
import type { BatchSetup } from "./open.ts";
import { isToReturn, Outcomes } from "./outcome.ts";
import * as moves from "./phase.ts";
import type { Hold, Phase, PhaseNamed } from "./phase.ts";
import { Records } from "./records.ts";

/**
 * The life of one batch: open → prepare → records → settle → finish → close.
 *
 * It only sequences. Which moves there are is in `phase.ts`, how a record gets its outcome in
 * `records.ts`, what the processor is asked for in `hooks.ts`.
 */
export class Lifecycle<TResult = unknown> {
  readonly setup: BatchSetup<TResult>;
  readonly hooks: Hooks<TResult>;
  readonly #outcomes: Outcomes<TResult>;
  readonly #unconfirmed = new Unconfirmed();
  readonly #hookCalls: HookCalls;
  readonly #records: Records<TResult>;
  #phase: Phase = moves.OPENED;
  #isFailureExpected = false;

  constructor(
    setup: BatchSetup<TResult>,
    bindHooks: (lifecycle: Lifecycle<TResult>) => Hooks<TResult>,
  ) {
    this.setup = setup;
    this.#outcomes = new Outcomes(setup.records);
    this.hooks = bindHooks(this);
    this.#hookCalls = new HookCalls(setup.clock);
    this.#records = new Records(setup, this.hooks, this.#outcomes, {
      failureExpected: () => this.#expectFailure(),
      settlingFailed: (error) => this.#hookCalls.keep(error),
    });
  }

  /** How the batch is held; `undefined` if nobody will close it. */
  get held(): Hold | undefined {
    return moves.holdOf(this.#phase);
  }

  /** Where the batch is in its life. */
  get phaseName(): Phase["name"] {
    return this.#phase.name;
  }

  /** One frozen outcome per record. */
  get outcomes(): readonly Outcome<TResult>[] {
    return this.#outcomes.list(moves.unprocessedReason(this.#phase));
  }

  /** What SQS did not confirm so far. */
  get unconfirmed(): UnconfirmedRecords {
    return this.#unconfirmed.all();
  }

  /** Notes that SQS did not confirm a step for a record. Changes nothing once the batch is closed. */
  report(step: UnconfirmedStep, record: UnconfirmedRecord): void {
    if (this.#phase.name !== "closed") this.#unconfirmed.add(step, record);
  }

  // ------------------------------------------------------------------------------ processing

  /** Moves to the processing phase. Throws synchronously if `process()` must not be called. */
  startProcessing(): void {
    this.#phase = moves.startProcessing(this.#phase);
  }

  /** Keeps the promise of `process()` for the close, which reports what it rejects with. */
  keepProcessing(processing: Promise<unknown>): void {
    const ended = processing.catch((error) => {
      if (this.#phase.name === "processing") this.#hookCalls.keep(error);
    });
    this.#phase = moves.keepProcessing(this.#phase, ended);
  }

  /** Gives each record its outcome. Rejects only with what `_prepare` throws. */
  async process(): Promise<readonly Outcome<TResult>[]> {
    const { clock } = this.setup;
    clock.start({
      near: () => this.#expectFailure(),
      reserveReached: (reason) => this.#records.abort(reason),
    });
    try {
      const prepared = this.hooks.prepare();
      if (isThenable(prepared) && !await clock.isInTime(prepared)) {
        throw timeoutError("_prepare() did not settle before the deadline");
      }
    } catch (error) {
      clock.stop();
      this.#hookCalls.keep(error);
      this.#phase = moves.endProcessing(this.#phase, "prepare-failed");
      throw error;
    }
    await this.#records.handleAll();
    clock.stop();
    const { steps } = this.hooks;
    await this.#records.settleRest();
    this.#outcomes.complete("process-running");
    if (steps && this.#phase.name === "processing") {
      await this.#hookCalls.call(() => steps.finish());
    }
    this.#phase = moves.endProcessing(this.#phase, "processed");
    return this.outcomes;
  }

  /** Lets the processor load what it will need. */
  #expectFailure(): void {
    if (this.#isFailureExpected || this.#phase.name !== "processing") return;
    this.#isFailureExpected = true;
    this.hooks.steps?.expectFailure();
  }

  // -------------------------------------------------------------------------------- response

  /** Lambda's partial batch response. */
  response(): SQSBatchResponse {
    if (!this.setup.options.reportItemFailures) {
      throw new Error("Cannot give a response: the processor does not have reportItemFailures");
    }
    this.#phase = moves.readResponse(this.#phase);
    const { received } = this.setup;
    const isToReturn = this.#isToReturn();
    const batchItemFailures: SQSBatchItemFailure[] = [];
    this.outcomes.forEach((outcome, index) => {
      if (!isToReturn(outcome)) return;
      batchItemFailures.push({ itemIdentifier: received[index]!.messageId });
    });
    return { batchItemFailures };
  }

  #isToReturn(): (outcome: Outcome) => boolean {
    const given = {
      suppressException: this.setup.options.suppressException,
      unmoved: this.#unconfirmed.unmovedRecords(),
    };
    return (outcome) => isToReturn(outcome, given);
  }

  // --------------------------------------------------------------------------------- closing

  /** A disposer was read: while the batch is opened, that decides how it is held. */
  readDisposer(hold: Hold): void {
    if (hold === "using" && this.#phase.name === "opened" && this.hooks.isCleanAsync()) {
      throw new TypeError(
        "Cannot hold the batch with `using`: _clean() of its processor is async; write `await using`",
      );
    }
    this.#phase = moves.readDisposer(this.#phase, hold);
  }

  /** The end of a `using` scope. */
  dispose(): void {
    moves.checkDisposer(this.#phase, "using");
    if (this.#phase.name !== "closed") this.#closeBlocking();
    this.#failure?.throwOnce();
  }

  /** The end of an `await using` scope. */
  disposeAsync(): Promise<void> {
    moves.checkDisposer(this.#phase, "await using");
    return this.#leave();
  }

  async #leave(): Promise<void> {
    if (this.#phase.name === "processing") await moves.endOf(this.#phase);
    if (this.#phase.name === "closing") await moves.endOf(this.#phase);
    else if (this.#phase.name !== "closed") await this.#close();
    this.#failure?.throwOnce();
  }

  /** What a closed batch has to throw, if anything. */
  get #failure(): CloseFailure | undefined {
    return this.#phase.name === "closed" ? this.#phase.failure : undefined;
  }

  /** Closes the batch before the end of its scope. */
  close(): Promise<void> {
    if (!moves.checkClose(this.#phase)) return Promise.resolve();
    const closing = this.#close().then(() => {
      if (this.#failure) throw this.#failure.error;
    });
    return ClosePromise.follow(closing, () => this.#failure?.noteSeen());
  }

  /** Closes the batch the way it is held. Never rejects: the closed phase has what is to be thrown. */
  #close(): Promise<void> {
    if (this.held === "using") return Promise.resolve(this.#closeBlocking());
    const ended = this.#closeAsync();
    this.#phase = moves.keepClosing(this.#phase, ended);
    return ended;
  }

  async #closeAsync(): Promise<void> {
    if (this.#startClosing() === "processed") {
      await this.#hookCalls.call(() => this.hooks.clean());
      this.hooks.steps?.afterClean();
    }
    this.#endClosing();
  }

  #closeBlocking(): void {
    const from = this.#startClosing();
    if (from === "processing") {
      const error = new Error("process() was still running when the batch was closed: await it");
      this.#hookCalls.keep(error);
      this.#records.abort(error);
    }
    if (from === "processed") {
      this.#hookCalls.callBlocking(() => this.hooks.clean());
      this.hooks.steps?.afterClean();
    }
    this.#endClosing();
  }

  /** Begins to close, and gives the phase in which it begins. */
  #startClosing(): PhaseNamed<"closing">["from"] {
    const reason = moves.unprocessedReason(this.#phase);
    const closing = moves.startClosing(this.#phase);
    this.#phase = closing;
    this.#outcomes.complete(reason);
    return closing.from;
  }

  /** Decides from what was recorded: a disposer cannot know whether the body threw. */
  #endClosing(): void {
    const isResponded = this.#phase.name === "closing" && this.#phase.responseRead;
    const isDone = isResponded || !this.outcomes.some(this.#isToReturn());
    const { thrown } = this.#hookCalls;
    const failure = isDone ? thrown : { error: this.#batchError(thrown) };
    this.#phase = moves.endClosing(this.#phase, failure && new CloseFailure(failure.error));
  }

  #batchError(thrown: { readonly error: unknown } | undefined): SQSBatchProcessingError {
    const { records, received } = this.setup;
    return new SQSBatchProcessingError(this.outcomes, {
      ...this.unconfirmed,
      messageIds: new Map(records.map((record, index) => [record, received[index]!.messageId])),
      ...(thrown ? { cause: thrown.error } : {}),
    });
  }
}
