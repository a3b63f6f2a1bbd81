import { ignoreRejection } from "../internal/promises.ts";
import { type TimeLimit, withTimeLimit } from "../lifecycle/clock.ts";
import type { IndexedFailure, Steps } from "../lifecycle/hooks.ts";
import type { Lifecycle } from "../lifecycle/lifecycle.ts";
import { isHandled } from "../lifecycle/outcome.ts";
import type { NonRetryable } from "../non_retryable.ts";
import type { RetryDelay } from "../retry_delay.ts";
import type { Outcome } from "../types.ts";
import { sendSignedBlocking } from "./blocking/send.ts";
import { type SignedRequest, signRequests } from "./blocking/sign.ts";
import type { WorkerLease } from "./blocking/worker.ts";
import { batchRequests } from "./requests/batch_request.ts";
import type { SqsClients } from "./requests/clients.ts";
import { loadSdk } from "./requests/sdk.ts";
import { sendBatchRequests, type UnconfirmedEntry } from "./requests/send.ts";
import type { DeadLetterQueues } from "./steps/dead_letter_queues.ts";
import { DELAY, delayEntries } from "./steps/delay.ts";
import { chosenEntries, DELETE, type DeleteEntry, handledEntries } from "./steps/delete.ts";
import { messageKey, reportEntries } from "./steps/entries.ts";
import { settleFailures } from "./steps/move.ts";

/** What the batches of one processor share. */
export interface SqsMeans {
  readonly clients: SqsClients;
  readonly deadLetterQueues: DeadLetterQueues;
  readonly worker: WorkerLease;
  readonly closeTimeoutMs: number;
  readonly nonRetryable: NonRetryable | undefined;
  readonly retryDelay: RetryDelay | undefined;
}

/** A step inside `process()` takes at most half of what is left of the invocation: more follow. */
const SHARE_BEFORE_CLOSE = 1 / 2;

/** Why handled messages are undeleted that no request was made for. */
const NOT_TRIED = "nobody tried to delete it: an override of _clean() did not call super._clean()";

/** What a `PartialSQSProcessor` does at SQS for one batch: when, how, and for how long. */
export class SqsSteps implements Steps {
  /** Missing without `nonRetryable`: every failure stays one then. */
  readonly settle?: (failures: readonly IndexedFailure[]) => Promise<readonly Outcome<never>[]>;

  readonly #lifecycle: Lifecycle;
  readonly #means: SqsMeans;
  /** Whether SQS confirmed the deletion of the messages that were tried. */
  readonly #deletions = new Map<string, boolean>();
  #signed: readonly SignedRequest<DeleteEntry>[] = [];

  constructor(lifecycle: Lifecycle, means: SqsMeans) {
    this.#lifecycle = lifecycle;
    this.#means = means;
    const { nonRetryable } = means;
    if (!nonRetryable) return;
    this.settle = (failures) =>
      this.#withinTime(
        SHARE_BEFORE_CLOSE,
        (limit) => settleFailures(lifecycle, failures, { ...means, nonRetryable, limit }),
      );
  }

  expectFailure(): void {
    if (this.#lifecycle.setup.options.reportItemFailures) return;
    // Whoever needs these loads them again, and reports why they do not load.
    ignoreRejection(loadSdk());
    if (this.#lifecycle.held === "using") ignoreRejection(this.#means.worker.hold());
  }

  finish(): Promise<void> | void {
    if (this.#lifecycle.outcomes.every(isHandled)) return;
    return this.#finish();
  }

  /** Under plain `using` the deletions are signed here: at the close it is too late to wait for that. */
  async #finish(): Promise<void> {
    await this.#delayFailures();
    if (this.#lifecycle.held !== "using") return;
    const requests = batchRequests(this.#entriesToDelete());
    if (requests.length === 0) return;
    await this.#means.worker.hold().catch(() => {});
    this.#signed = await this.#withinTime(
      SHARE_BEFORE_CLOSE,
      (limit) => signRequests(this.#means.clients, DELETE, requests, limit),
    );
  }

  async #delayFailures(): Promise<void> {
    const { clients, retryDelay } = this.#means;
    if (retryDelay === undefined) return;
    const requests = batchRequests(delayEntries(this.#lifecycle, retryDelay));
    if (requests.length === 0) return;
    const unconfirmed = await this.#withinTime(
      SHARE_BEFORE_CLOSE,
      (limit) => sendBatchRequests(clients, DELAY, requests, limit),
    );
    reportEntries(this.#lifecycle, "undelayed", unconfirmed);
  }

  deleteHandled(): Promise<void> | void {
    const entries = this.#entriesToDelete();
    if (entries.length === 0) return;
    if (this.#lifecycle.held !== "using") return this.#delete(entries, 1);
    const signed = this.#signed.length > 0
      ? this.#signed
      : batchRequests(entries).map((request) => ({ ...request, reason: "not signed" }));
    const { clock } = this.#lifecycle.setup;
    const limitMs = clock.stepMs(this.#means.closeTimeoutMs, 1);
    this.#noteDeletions(entries, sendSignedBlocking(DELETE, signed, limitMs));
  }

  async deleteMessages(outcomes: readonly Outcome[]): Promise<void> {
    const { held, phaseName } = this.#lifecycle;
    if (phaseName === "closed") throw new Error("Cannot delete messages: the batch is closed");
    if (held === "using" && phaseName !== "processing") {
      throw new Error(
        "Cannot delete messages: once process() has ended, plain `using` cannot wait for SQS",
      );
    }
    const isDeleted = (key: string) => this.#deletions.get(key) === true;
    const entries = chosenEntries(this.#lifecycle, outcomes, isDeleted);
    const share = phaseName === "processing" ? SHARE_BEFORE_CLOSE : 1;
    await this.#delete(entries.filter((entry) => !isDeleted(this.#keyOf(entry))), share);
  }

  afterClean(): void {
    const reason = NOT_TRIED;
    reportEntries(
      this.#lifecycle,
      "undeleted",
      this.#entriesToDelete().map((entry) => ({ entry, reason })),
    );
  }

  /** The handled messages of a batch in which not all were handled, without those that were tried. */
  #entriesToDelete(): DeleteEntry[] {
    const { outcomes, setup: { received, options } } = this.#lifecycle;
    if (options.reportItemFailures || outcomes.every(isHandled)) return [];
    return handledEntries(outcomes, received)
      .filter((entry) => !this.#deletions.has(this.#keyOf(entry)));
  }

  async #delete(entries: readonly DeleteEntry[], share: number): Promise<void> {
    const unconfirmed = await this.#withinTime(
      share,
      (limit) => sendBatchRequests(this.#means.clients, DELETE, batchRequests(entries), limit),
    );
    this.#noteDeletions(entries, unconfirmed);
  }

  #noteDeletions(
    tried: readonly DeleteEntry[],
    unconfirmed: readonly UnconfirmedEntry<DeleteEntry>[],
  ): void {
    for (const entry of tried) this.#deletions.set(this.#keyOf(entry), true);
    for (const { entry } of unconfirmed) this.#deletions.set(this.#keyOf(entry), false);
    reportEntries(this.#lifecycle, "undeleted", unconfirmed);
  }

  #keyOf({ indexes: [index] }: DeleteEntry): string {
    return messageKey(this.#lifecycle.setup.received[index!]!);
  }

  #withinTime<T>(share: number, work: (limit: TimeLimit) => Promise<T>): Promise<T> {
    const { clock } = this.#lifecycle.setup;
    return withTimeLimit(clock.stepMs(this.#means.closeTimeoutMs, share), work);
  }
}
