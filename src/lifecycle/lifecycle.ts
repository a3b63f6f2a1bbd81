import type { Context, SQSBatchResponse, SQSRecord } from "aws-lambda";
import { SQSBatchProcessingError } from "../errors.ts";
import { isThenable } from "../internal/promises.ts";
import type {
  Outcome,
  RecordHandler,
  UnconfirmedRecord,
  UnconfirmedRecords,
  UnconfirmedStep,
  UnprocessedReason,
} from "../types.ts";
import { type Clock, timeoutError } from "./clock.ts";
import { CloseFailure, ClosePromise } from "./close.ts";
import { HookCalls, type Hooks, Unconfirmed } from "./hooks.ts";
import type { ReceivedRecord } from "./open.ts";
import { isToReturn, Outcomes } from "./outcome.ts";
import {
  checkClose,
  checkDisposer,
  endClosing,
  endOf,
  endProcessing,
  type Hold,
  holdOf,
  OPENED,
  type Phase,
  type PhaseNamed,
  readDisposer,
  readResponse,
  startClosing,
  startProcessing,
} from "./phase.ts";
import { Records } from "./records.ts";

/** What a batch is opened with. */
export interface LifecycleSetup<TResult> {
  readonly records: readonly SQSRecord[];
  readonly received: readonly ReceivedRecord[];
  readonly handler: RecordHandler<TResult>;
  readonly lambdaContext: Context | undefined;
  readonly clock: Clock;
  readonly concurrency: number;
  readonly suppressException: boolean;
  readonly reportItemFailures: boolean;
}

/**
 * The life of one batch: open → prepare → records → settle → finish → close.
 *
 * It only sequences. Which moves there are is in `phase.ts`, how a record gets its outcome in
 * `records.ts`, what the processor is asked for in `hooks.ts`.
 */
export class Lifecycle<TResult = unknown> {
  readonly setup: LifecycleSetup<TResult>;
  readonly hooks: Hooks<TResult>;
  readonly #outcomes: Outcomes<TResult>;
  readonly #unconfirmed = new Unconfirmed();
  readonly #hookCalls: HookCalls;
  readonly #records: Records<TResult>;
  #phase: Phase = OPENED;
  #isFailureExpected = false;

  constructor(
    setup: LifecycleSetup<TResult>,
    bindHooks: (lifecycle: Lifecycle<TResult>) => Hooks<TResult>,
  ) {
    this.setup = setup;
    this.#outcomes = new Outcomes(setup.records);
    this.hooks = bindHooks(this);
    this.#hookCalls = new HookCalls(setup.clock);
    this.#records = new Records({
      ...setup,
      hooks: this.hooks,
      outcomes: this.#outcomes,
      failureStopsGroup: !setup.suppressException,
      failureExpected: () => this.#expectFailure(),
      settlingFailed: (error) => this.#hookCalls.keep(error),
    });
  }

  /** How the batch is held; `undefined` if nobody will close it. */
  get held(): Hold | undefined {
    return holdOf(this.#phase);
  }

  /** Where the batch is in its life. */
  get phaseName(): Phase["name"] {
    return this.#phase.name;
  }

  /** One frozen outcome per record. */
  get outcomes(): readonly Outcome<TResult>[] {
    return this.#outcomes.list(this.#unprocessedReason);
  }

  get #unprocessedReason(): UnprocessedReason {
    switch (this.#phase.name) {
      case "opened":
        return "process-not-called";
      case "prepare-failed":
        return "prepare-failed";
      default:
        return "process-running";
    }
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
    this.#phase = startProcessing(this.#phase);
  }

  /** Keeps the promise of `process()` for the close. Where nobody awaits it, the close reports it. */
  keepProcessing(processing: Promise<unknown>): void {
    const ended = processing.catch(() => {});
    if (this.#phase.name === "processing") this.#phase = { ...this.#phase, ended };
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
      this.#phase = endProcessing(this.#phase, "prepare-failed");
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
    this.#phase = endProcessing(this.#phase, "processed");
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
    if (!this.setup.reportItemFailures) {
      throw new Error("Cannot give a response: the processor does not have reportItemFailures");
    }
    this.#phase = readResponse(this.#phase);
    const isToReturn = this.#isToReturn();
    const batchItemFailures = this.outcomes.flatMap((outcome, index) =>
      isToReturn(outcome) ? [{ itemIdentifier: this.setup.received[index]!.messageId }] : []
    );
    return { batchItemFailures };
  }

  #isToReturn(): (outcome: Outcome) => boolean {
    const { suppressException } = this.setup;
    const unmoved = new Set(this.unconfirmed.unmoved.map(({ record }) => record));
    return (outcome) => isToReturn(outcome, { suppressException, unmoved });
  }

  // --------------------------------------------------------------------------------- closing

  /** A disposer was read: while the batch is opened, that decides how it is held. */
  readDisposer(hold: Hold): void {
    if (hold === "using" && this.#phase.name === "opened" && this.hooks.isCleanAsync()) {
      throw new TypeError(
        "Cannot hold the batch with `using`: _clean() of its processor is async; write `await using`",
      );
    }
    this.#phase = readDisposer(this.#phase, hold);
  }

  /** The end of a `using` scope. */
  dispose(): void {
    checkDisposer(this.#phase, "using");
    if (this.#phase.name !== "closed") this.#closeBlocking();
    this.#throwOnce();
  }

  /** The end of an `await using` scope. */
  disposeAsync(): Promise<void> {
    checkDisposer(this.#phase, "await using");
    return this.#leave();
  }

  async #leave(): Promise<void> {
    if (this.#phase.name === "processing") await endOf(this.#phase);
    if (this.#phase.name === "closing") await endOf(this.#phase);
    else if (this.#phase.name !== "closed") await this.#close();
    this.#throwOnce();
  }

  /** Throws what the close threw, unless somebody has seen it. */
  #throwOnce(): void {
    if (this.#phase.name === "closed") this.#phase.failure?.throwOnce();
  }

  /** Closes the batch before the end of its scope. */
  close(): Promise<void> {
    if (!checkClose(this.#phase)) return Promise.resolve();
    const failure = () => this.#phase.name === "closed" ? this.#phase.failure : undefined;
    const closing = this.#close().then(() => {
      const closed = failure();
      if (closed) throw closed.error;
    });
    return ClosePromise.follow(closing, () => {
      const closed = failure();
      if (closed) closed.seen = true;
    });
  }

  /** Closes the batch the way it is held. Never rejects: the closed phase has what is to be thrown. */
  #close(): Promise<void> {
    if (this.held === "using") return Promise.resolve(this.#closeBlocking());
    const ended = this.#closeAsync();
    if (this.#phase.name === "closing") this.#phase = { ...this.#phase, ended };
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
    const reason = this.#unprocessedReason;
    const closing = startClosing(this.#phase);
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
    this.#phase = endClosing(this.#phase, failure && new CloseFailure(failure.error));
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
