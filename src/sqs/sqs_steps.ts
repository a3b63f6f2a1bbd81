import { ignoreRejection } from "../internal/promises.ts";
import { TimeLimit, withTimeLimit } from "../lifecycle/clock.ts";
import type { IndexedFailure, Isolation, Steps, Verdict } from "../lifecycle/hooks.ts";
import type { Lifecycle } from "../lifecycle/lifecycle.ts";
import { verifyMappings } from "../mappings/verify_mappings.ts";
import type { Outcome } from "../types.ts";
import type { BlockingDeletions, SendBlocking } from "./blocking/blocking_deletions.ts";
import type { SqsMeans } from "./means.ts";
import { batchRequests } from "./requests/batch_request.ts";
import { sendBatchRequests } from "./requests/send.ts";
import { DELAY, delayEntries, entriesAfterStop } from "./steps/delay.ts";
import { Deletions } from "./steps/deletions.ts";
import { reportEntries } from "./steps/entries.ts";
import { settleFailures } from "./steps/move.ts";

/** A step inside `process()` takes at most half of what is left of the invocation: more follow. */
const SHARE_BEFORE_CLOSE = 1 / 2;

/** The least time that a deletion before a suspect gets, in milliseconds, however many went unanswered. */
const MIN_BEFORE_SUSPECT_MS = 100;

/** What a `PartialSQSProcessor` does at SQS for one batch: when, how, and for how long. */
export class SqsSteps implements Steps {
  /** Missing without `nonRetryable`: every failure stays one then. */
  readonly settle?: (failures: readonly IndexedFailure[]) => Promise<readonly Outcome<never>[]>;
  /** Missing without `suspectAfter`. */
  readonly isolation?: Isolation;

  readonly #lifecycle: Lifecycle;
  readonly #means: SqsMeans;
  readonly #blocking: BlockingDeletions | undefined;
  #madeDeletions: Deletions | undefined;
  #early: { readonly ended: Promise<void>; readonly limit: TimeLimit } | undefined;
  /** The deletions that were started and whose end can be waited for. */
  readonly #deleting: Promise<void>[] = [];
  /** How long the next deletion before a suspect may take. */
  #beforeSuspectMs: number;
  /** Sends what was signed for the end of plain `using`. */
  #sendSigned: SendBlocking | undefined;

  /** Without `blocking` a batch must not be held by plain `using`. */
  constructor(lifecycle: Lifecycle, means: SqsMeans, blocking?: BlockingDeletions) {
    this.#lifecycle = lifecycle;
    this.#means = means;
    this.#blocking = blocking;
    const { nonRetryable, suspectAfter, closeTimeoutMs } = means;
    this.#beforeSuspectMs = closeTimeoutMs;
    if (suspectAfter !== undefined) {
      this.isolation = { suspectAfter, deleteHandled: () => this.#deleteBeforeSuspect() };
    }
    if (!nonRetryable) return;
    this.settle = (failures) =>
      this.#withinTime(
        SHARE_BEFORE_CLOSE,
        (limit) => settleFailures(lifecycle, failures, { ...means, nonRetryable, limit }),
      );
  }

  /** Made when it is first needed: most batches delete nothing. */
  get #deletions(): Deletions {
    return this.#madeDeletions ??= new Deletions(this.#lifecycle, this.#means.clients);
  }

  expectFailure(): void {
    const { setup: { received: [first] }, held } = this.#lifecycle;
    if (!first) return;
    // Whoever needs these loads them again, and reports why they do not load.
    ignoreRejection(this.#means.clients.warmUp(first.queue.region));
    if (held === "using") ignoreRejection(this.#blocking!.warmUp());
  }

  verify(): Verdict | Promise<Verdict> {
    return verifyMappings(this.#lifecycle.setup);
  }

  deleteEarly(): void {
    const { reporting, setup: { clock } } = this.#lifecycle;
    if (reporting.responds || !this.#mayDelete || this.#early) return;
    const limit = new TimeLimit(clock.stepMs(this.#means.closeTimeoutMs, 1));
    const ended = this.#deleteEarly(limit).finally(() => {
      limit.stop();
      this.#early = undefined;
    });
    this.#early = { ended, limit };
  }

  /**
   * Whether anything may be deleted before the close: somebody may have work to do before that, or plain
   * `using` has closed the batch while `process()` was still running.
   */
  get #mayDelete(): boolean {
    const { isKeptWhole, phaseName } = this.#lifecycle;
    return phaseName === "processing" && !isKeptWhole && this.#means.isCleanOwn();
  }

  /**
   * In response mode too. What SQS does not confirm is tried again before the next suspect, and by the
   * close; where all is handled in the end, or in response mode, Lambda deletes it.
   *
   * After a deletion without an answer the next one gets half as long: waiting for SQS must not take the
   * time in which the suspects could be handled.
   */
  async #deleteBeforeSuspect(): Promise<void> {
    const entries = this.#mayDelete ? this.#deletions.undeleted() : [];
    if (entries.length === 0) return;
    const { closeTimeoutMs } = this.#means;
    const limitMs = this.#lifecycle.setup.clock.stepMs(this.#beforeSuspectMs, SHARE_BEFORE_CLOSE);
    await withTimeLimit(limitMs, async (limit) => {
      this.#deletions.report(entries, await this.#deletions.send(entries, limit));
      this.#beforeSuspectMs = limit.isOver
        ? Math.min(closeTimeoutMs, Math.max(MIN_BEFORE_SUSPECT_MS, this.#beforeSuspectMs / 2))
        : closeTimeoutMs;
    });
  }

  /** Deletes what is handled so far, until nothing new is. The close retries what is not confirmed. */
  async #deleteEarly(limit: TimeLimit): Promise<void> {
    for (;;) {
      const entries = this.#deletions.untried();
      if (entries.length === 0 || limit.isOver || this.#lifecycle.reporting.responds) return;
      await this.#deletions.send(entries, limit);
    }
  }

  /**
   * Waits for an early deletion that is under way, but for at most half of what is left: a request without
   * an answer must leave time for another one. Where Lambda will delete, it ends at once. Never rejects.
   */
  async #endEarly(): Promise<void> {
    const early = this.#early;
    if (!early) return;
    if (!this.#lifecycle.reporting.responds) {
      const waiting = this.#withinTime(SHARE_BEFORE_CLOSE, (limit) => limit.wait(early.ended));
      await waiting.catch(() => {});
    }
    early.limit.end();
    await early.ended;
  }

  finish(): Promise<void> | void {
    const { ledger, reporting, setup: { stop }, held } = this.#lifecycle;
    if (ledger.areAllHandled) return this.#early && this.#endEarly();
    const isDelaying = stop.retryAfterSeconds !== undefined || this.#means.retryDelay !== undefined;
    const isEarlyInVain = this.#early && reporting.responds;
    if (isDelaying || held === "using" || isEarlyInVain) return this.#finish();
  }

  /** Under plain `using` the deletions are signed here: at the close it is too late to wait for that. */
  async #finish(): Promise<void> {
    await this.#delayFailures();
    const { held, reporting } = this.#lifecycle;
    if (held === "using" || reporting.responds) await this.#endEarly();
    if (held !== "using") return;
    const requests = batchRequests(this.#deletions.left());
    if (requests.length === 0) return;
    this.#sendSigned = await this.#withinTime(
      SHARE_BEFORE_CLOSE,
      (limit) => this.#blocking!.prepare(requests, limit),
    );
  }

  async #delayFailures(): Promise<void> {
    const { clients, retryDelay } = this.#means;
    const stopSeconds = this.#lifecycle.setup.stop.retryAfterSeconds;
    const entries = stopSeconds !== undefined
      ? entriesAfterStop(this.#lifecycle, stopSeconds)
      : retryDelay !== undefined
      ? delayEntries(this.#lifecycle, retryDelay)
      : [];
    const requests = batchRequests(entries);
    if (requests.length === 0) return;
    const unconfirmed = await this.#withinTime(
      SHARE_BEFORE_CLOSE,
      (limit) => sendBatchRequests(clients, DELAY, requests, limit),
    );
    reportEntries(this.#lifecycle, "undelayed", unconfirmed);
  }

  deleteHandled(): Promise<void> | void {
    if (this.#lifecycle.ledger.areAllHandled) return;
    const entries = this.#deletions.left();
    if (entries.length === 0 || this.#lifecycle.phaseName === "closed") return;
    if (this.#lifecycle.held !== "using") return this.#noteDeleting(this.#deleteRest());
    const { clock } = this.#lifecycle.setup;
    const limitMs = clock.stepMs(this.#means.closeTimeoutMs, 1);
    const { concurrency } = this.#deletions;
    const unconfirmed = this.#sendSigned?.({ limitMs, concurrency }) ??
      entries.map((entry) => ({ entry, reason: "not signed" }));
    this.#deletions.note(entries, unconfirmed);
    this.#deletions.report(entries, unconfirmed);
  }

  async #deleteRest(): Promise<void> {
    await this.#withinTime(1, async (limit) => {
      if (this.#early) {
        const untried = this.#deletions.send(this.#deletions.untried(), limit);
        await Promise.all([untried, this.#endEarly()]);
      }
      const entries = this.#deletions.left();
      this.#deletions.report(entries, await this.#deletions.send(entries, limit));
    });
  }

  async deleteMessages(outcomes: readonly Outcome[]): Promise<void> {
    const { held, phaseName } = this.#lifecycle;
    if (phaseName === "closed") throw new Error("Cannot delete messages: the batch is closed");
    if (held === "using" && phaseName !== "processing") {
      throw new Error(
        "Cannot delete messages: once process() has ended, plain `using` cannot wait for SQS",
      );
    }
    const entries = this.#deletions.chosen(outcomes);
    const share = phaseName === "processing" ? SHARE_BEFORE_CLOSE : 1;
    await this.#noteDeleting(this.#withinTime(share, async (limit) => {
      this.#deletions.report(entries, await this.#deletions.send(entries, limit));
    }));
  }

  #noteDeleting(deleting: Promise<void>): Promise<void> {
    this.#deleting.push(deleting);
    return deleting;
  }

  afterClean(): Promise<void> | void {
    if (this.#lifecycle.ledger.areAllHandled) return;
    const hasEnded = this.#deleting.length === 0 || this.#lifecycle.held === "using";
    if (hasEnded) return this.#deletions.reportUntried();
    // An override of _clean() may not have waited for what it started.
    return Promise.allSettled(this.#deleting).then(() => this.#deletions.reportUntried());
  }

  reportKept(reason: string): void {
    this.#deletions.reportKept(reason);
  }

  deletedIndexes(): readonly number[] {
    return this.#madeDeletions?.deletedIndexes() ?? [];
  }

  #withinTime<T>(share: number, work: (limit: TimeLimit) => Promise<T>): Promise<T> {
    const { clock } = this.#lifecycle.setup;
    return withTimeLimit(clock.stepMs(this.#means.closeTimeoutMs, share), work);
  }
}
