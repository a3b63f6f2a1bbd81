import type { SQSBatchResponse, SQSRecord } from "aws-lambda";
import { publishClose } from "../diagnostics.ts";
import { isThenable } from "../internal/promises.ts";
import type { Outcome, UnconfirmedRecord, UnconfirmedStep } from "../types.ts";
import { timeoutError } from "./clock.ts";
import { CloseFailure, ClosePromise } from "./close.ts";
import { closeMessage } from "./close_message.ts";
import { HookCalls, type Hooks } from "./hooks.ts";
import { Ledger } from "./ledger.ts";
import type { BatchSetup } from "./open.ts";
import * as moves from "./phase.ts";
import { Records } from "./records.ts";
import { Reporting } from "./reporting.ts";

/**
 * The life of one batch: open → prepare → records → settle → finish → close. It only sequences: the moves
 * are in `phase.ts`, how a record gets its outcome in `records.ts`, what is asked for in `hooks.ts`.
 */
export class Lifecycle<TResult = unknown> {
  readonly setup: BatchSetup<TResult>;
  readonly hooks: Hooks<TResult>;
  readonly ledger: Ledger<TResult>;
  readonly reporting: Reporting;
  readonly #hookCalls: HookCalls;
  readonly #records: Records<TResult>;
  /** Whether nothing may be deleted before the close: the whole batch may have to return. */
  isKeptWhole = false;
  #phase: moves.Phase = moves.OPENED;

  constructor(
    setup: BatchSetup<TResult>,
    bindHooks: (lifecycle: Lifecycle<TResult>) => Hooks<TResult>,
  ) {
    this.setup = setup;
    this.ledger = new Ledger(setup);
    this.hooks = bindHooks(this);
    this.reporting = new Reporting(setup.options.reportItemFailures, this.hooks.steps);
    this.#hookCalls = new HookCalls(setup.clock);
    this.#records = new Records(setup, this.hooks, this.ledger.outcomes, {
      failureExpected: () => this.#expectFailure(false),
      settlingFailed: (error) => this.#hookCalls.keep(error),
      isToReturn: (outcome) => this.ledger.judge()(outcome),
    });
  }

  /** How the batch is held; `undefined` if nobody will close it. */
  get held(): moves.Hold | undefined {
    return moves.holdOf(this.#phase);
  }

  get phaseName(): moves.Phase["name"] {
    return this.#phase.name;
  }

  get outcomes(): readonly Outcome<TResult>[] {
    return this.ledger.outcomes.list(moves.unprocessedReason(this.#phase));
  }

  /** Notes that SQS did not confirm a step for a record. Changes nothing once the batch is closed. */
  report(step: UnconfirmedStep, record: UnconfirmedRecord): void {
    if (this.#phase.name !== "closed") this.ledger.unconfirmed.add(step, record);
  }

  /** Takes reports back, because the step was tried again. */
  retract(step: UnconfirmedStep, records: () => ReadonlySet<SQSRecord>): void {
    if (this.#phase.name !== "closed") this.ledger.unconfirmed.remove(step, records);
  }

  get returnsAny(): boolean {
    return !this.ledger.areAllHandled && this.outcomes.some(this.ledger.judge());
  }

  noteFailure(record: SQSRecord, error: unknown): void {
    this.#records.noteFailure(record, error);
  }

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

  /** Gives each record its outcome. Rejects only if `_prepare` throws or is given up. */
  async process(): Promise<readonly Outcome<TResult>[]> {
    const { clock, stragglers } = this.setup;
    clock.start({
      inSight: () => this.#expectFailure(true),
      near: () => this.hooks.steps?.deleteEarly(),
      reserveReached: (reason) => {
        this.#records.tell("deadline", reason);
        this.hooks.steps?.deleteEarly();
      },
    });
    try {
      const prepared = this.hooks.prepare();
      if (isThenable(prepared) && !await clock.isInTime(prepared)) {
        stragglers.add(prepared);
        throw timeoutError("_prepare() did not settle before the deadline");
      }
    } catch (error) {
      clock.stop();
      this.reporting.ruleOut();
      this.#hookCalls.keep(error);
      this.#phase = moves.endProcessing(this.#phase, "prepare-failed");
      throw error;
    }
    await this.#records.handleAll().finally(() => clock.stop());
    if (this.#phase.name === "processing") await this.#records.settleRest();
    this.ledger.outcomes.complete("process-running");
    if (this.#phase.name === "processing" && this.returnsAny) await this.reporting.decide();
    if (this.#phase.name === "processing") {
      await this.#hookCalls.call("process", () => this.hooks.steps?.finish());
    }
    this.#phase = moves.endProcessing(this.#phase, "processed");
    return this.outcomes;
  }

  /** Lets the processor load what it will need. */
  #expectFailure(isTimeShort: boolean): void {
    if (this.#phase.name === "processing") this.reporting.expectFailure(isTimeShort);
  }

  response(): SQSBatchResponse {
    if (!this.setup.options.reportItemFailures) {
      throw new Error("Cannot give a response: the processor does not have reportItemFailures");
    }
    this.#phase = moves.readResponse(this.#phase, this.reporting.responds);
    return this.ledger.response(this.outcomes);
  }

  /**
   * A disposer was read: while the batch is opened, that decides how it is held. Gives whether it is
   * the scope's: one that is read later is called by hand.
   */
  readDisposer(hold: moves.Hold): boolean {
    const isOpened = this.#phase.name === "opened";
    if (hold === "using" && isOpened && this.hooks.isCleanAsync()) {
      throw new TypeError(
        "Cannot hold the batch with `using`: _clean() of its processor is async; use `await using`",
      );
    }
    this.#phase = moves.readDisposer(this.#phase, hold);
    return isOpened;
  }

  /** The end of a `using` scope. */
  dispose(isOfScope: boolean): void {
    moves.checkDisposer(this.#phase, "using", isOfScope);
    if (this.#phase.name !== "closed") this.setup.within(() => this.#closeBlocking());
    this.#throw(isOfScope);
  }

  /** The end of an `await using` scope. */
  disposeAsync(isOfScope: boolean): Promise<void> {
    moves.checkDisposer(this.#phase, "await using", isOfScope);
    return this.#leave(isOfScope);
  }

  async #leave(isOfScope: boolean): Promise<void> {
    if (this.#phase.name === "processing") await moves.endOf(this.#phase);
    if (this.#phase.name === "closing") await moves.endOf(this.#phase);
    else if (this.#phase.name !== "closed") await this.#close();
    this.#throw(isOfScope);
  }

  /** Throws what the close threw, unless it was thrown where it counts. */
  #throw(isOfScope: boolean): void {
    if (!this.#failure || this.#failure.isSeen) return;
    if (isOfScope || !this.setup.stragglers.any) this.#failure.noteSeen();
    throw this.#failure.error;
  }

  /** What a closed batch has to throw, if anything. */
  get #failure(): CloseFailure | undefined {
    return this.#phase.name === "closed" ? this.#phase.failure : undefined;
  }

  close(): Promise<void> {
    if (!moves.checkClose(this.#phase)) return Promise.resolve();
    const closing = this.#close().then(() => {
      if (this.#failure) throw this.#failure.error;
    });
    // A handler that outlived its record may be the one that listens, and nobody would see what it got.
    return ClosePromise.follow(closing, () => {
      if (!this.setup.stragglers.any) this.#failure?.noteSeen();
    });
  }

  /** Closes the batch the way it is held. Never rejects: the closed phase has what is to be thrown. */
  #close(): Promise<void> {
    const { within } = this.setup;
    if (this.held === "using") return Promise.resolve(within(() => this.#closeBlocking()));
    const ended = within(() => this.#closeAsync());
    this.#phase = moves.keepClosing(this.#phase, ended);
    return ended;
  }

  async #closeAsync(): Promise<void> {
    if (this.#startClosing() === "processed") {
      await this.#hookCalls.call("_clean", () => this.hooks.clean());
      await this.hooks.steps?.afterClean();
    }
    this.#endClosing();
  }

  #closeBlocking(): void {
    const from = this.#startClosing();
    if (from === "processing") {
      this.reporting.ruleOut();
      const error = new Error("process() was still running when the batch was closed: await it");
      this.#hookCalls.keep(error);
      this.#records.abandon("process-running", error);
      this.hooks.steps?.reportKept("process() was still running");
    }
    if (from === "processed") {
      this.#hookCalls.callBlocking(() => this.hooks.clean());
      this.hooks.steps?.afterClean();
    }
    this.#endClosing();
  }

  /** Begins to close, and gives the phase in which it begins. */
  #startClosing(): moves.PhaseNamed<"closing">["from"] {
    const reason = moves.unprocessedReason(this.#phase);
    const closing = moves.startClosing(this.#phase);
    this.#phase = closing;
    this.ledger.outcomes.complete(reason);
    return closing.from;
  }

  /** Decides from what was recorded: a disposer cannot know whether the body threw. */
  #endClosing(): void {
    const isResponded = this.#phase.name === "closing" && this.#phase.responseRead;
    const { thrown } = this.#hookCalls;
    const failure = isResponded || !this.returnsAny
      ? thrown
      : { error: this.ledger.error(this.outcomes, thrown, this.reporting.doubt) };
    this.#phase = moves.endClosing(this.#phase, failure && new CloseFailure(failure.error));
    publishClose(() => closeMessage(this, failure));
  }
}
