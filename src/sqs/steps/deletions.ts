import type { TimeLimit } from "../../lifecycle/clock.ts";
import type { Lifecycle } from "../../lifecycle/lifecycle.ts";
import { isHandled } from "../../lifecycle/outcome.ts";
import type { Outcome } from "../../types.ts";
import type { UnconfirmedEntry } from "../requests/attempt.ts";
import { batchRequests } from "../requests/batch_request.ts";
import type { SqsClients } from "../requests/clients.ts";
import {
  MAX_CONCURRENT_REQUESTS,
  MAX_CONCURRENT_REQUESTS_NEAR_DEADLINE,
} from "../requests/retry_policy.ts";
import { sendBatchRequests } from "../requests/send.ts";
import { chosenEntries, DELETE, type DeleteEntry, handledEntries, messagesOf } from "./delete.ts";
import { reportEntries } from "./entries.ts";

/** The reason if no request was made for a handled message. */
const NOT_TRIED = "nobody tried to delete it: an override of _clean() did not call super._clean()";

/** The reason if a handled message must not be deleted. */
const KEPT =
  "kept: an earlier message of its group, or a record with the same receipt handle, will return";

/** Which messages of one batch are deleted, which were tried, and what SQS did not confirm. */
export class Deletions {
  readonly #lifecycle: Lifecycle;
  readonly #clients: SqsClients;
  /** Whether a request was made for a message, by its first record. */
  readonly #isTried: boolean[] = [];
  /** Whether SQS has confirmed that a message is deleted, by its first record. */
  readonly #isDeleted: boolean[] = [];
  #messages: readonly DeleteEntry[] | undefined;
  #found: { readonly outcomes: unknown; readonly entries: readonly DeleteEntry[] } | undefined;

  constructor(lifecycle: Lifecycle, clients: SqsClients) {
    this.#lifecycle = lifecycle;
    this.#clients = clients;
  }

  /** What there is to delete once all records have their outcome, if not all were handled. */
  left(): DeleteEntry[] {
    const { ledger, reporting } = this.#lifecycle;
    if (reporting.responds || ledger.areAllHandled) return [];
    return this.undeleted();
  }

  /** What is handled so far and not known to be deleted. */
  undeleted(): DeleteEntry[] {
    return this.#handled().filter((entry) => !this.#isDeleted[keyOf(entry)]);
  }

  /** What is handled so far and was never tried. */
  untried(): DeleteEntry[] {
    return this.#handled().filter((entry) => !this.#isTried[keyOf(entry)]);
  }

  /** The messages of some outcomes, less those that are deleted. Throws for what must not go. */
  chosen(outcomes: readonly Outcome[]): DeleteEntry[] {
    const isDeleted = (entry: DeleteEntry) => this.#isDeleted[keyOf(entry)] ?? false;
    return chosenEntries(this.#lifecycle, outcomes, isDeleted).filter((entry) => !isDeleted(entry));
  }

  /** How many requests to have under way at a time. */
  get concurrency(): number {
    return this.#lifecycle.setup.clock.isEndNear
      ? MAX_CONCURRENT_REQUESTS_NEAR_DEADLINE
      : MAX_CONCURRENT_REQUESTS;
  }

  /** Sends deletions, and gives what SQS did not confirm. Never rejects. */
  async send(
    entries: readonly DeleteEntry[],
    limit: TimeLimit,
  ): Promise<UnconfirmedEntry<DeleteEntry>[]> {
    for (const entry of entries) this.#isTried[keyOf(entry)] = true;
    const requests = batchRequests(entries);
    return await sendBatchRequests(this.#clients, DELETE, requests, limit, {
      concurrency: this.concurrency,
      confirmed: (entry) => this.#isDeleted[keyOf(entry)] = true,
    });
  }

  /** Notes what became of deletions. */
  note(
    entries: readonly DeleteEntry[],
    unconfirmed: readonly UnconfirmedEntry<DeleteEntry>[],
  ): void {
    const refused = new Set(unconfirmed.map(({ entry }) => keyOf(entry)));
    for (const key of entries.map(keyOf)) {
      this.#isTried[key] = true;
      if (!refused.has(key)) this.#isDeleted[key] = true;
    }
  }

  /**
   * Reports what SQS did not confirm of deletions, in the place of what was reported of them before. What
   * it confirmed meanwhile, by another request, is not reported.
   */
  report(
    entries: readonly DeleteEntry[],
    unconfirmed: readonly UnconfirmedEntry<DeleteEntry>[],
  ): void {
    const { records } = this.#lifecycle.setup;
    this.#lifecycle.retract("undeleted", () => {
      const indexes = entries.flatMap((entry) => entry.indexes);
      return new Set(indexes.map((index) => records[index]!));
    });
    const left = unconfirmed.filter(({ entry }) => !this.#isDeleted[keyOf(entry)]);
    reportEntries(this.#lifecycle, "undeleted", left);
  }

  /** Reports the handled messages that return although SQS refused no deletion. */
  reportUntried(): void {
    if (this.#lifecycle.reporting.responds) return;
    const untried = this.left().filter((entry) => !this.#isTried[keyOf(entry)]);
    reportEntries(
      this.#lifecycle,
      "undeleted",
      untried.map((entry) => ({ entry, reason: NOT_TRIED })),
    );
    if (!this.#lifecycle.returnsAny) return;
    this.#reportHandled(KEPT, this.#handled());
  }

  /** Reports all handled messages that are not deleted. */
  reportKept(reason: string): void {
    if (this.#lifecycle.reporting.responds) return;
    const deleted = this.#handled().filter((entry) => this.#isDeleted[keyOf(entry)]);
    this.#reportHandled(reason, deleted);
  }

  /** The records whose messages SQS has confirmed to be deleted. */
  deletedIndexes(): number[] {
    return this.#handled().filter((entry) => this.#isDeleted[keyOf(entry)])
      .flatMap(({ indexes }) => indexes);
  }

  /** Leaves out what was reported already, with what SQS said of its deletion as the reason. */
  #reportHandled(reason: string, except: readonly DeleteEntry[]): void {
    const isExcepted: boolean[] = [];
    for (const { indexes } of except) for (const index of indexes) isExcepted[index] = true;
    const { outcomes, ledger } = this.#lifecycle;
    const reported = new Set(ledger.unconfirmed.all().undeleted.map(({ record }) => record));
    outcomes.forEach((outcome, index) => {
      if (!isHandled(outcome) || isExcepted[index] || reported.has(outcome.record)) return;
      this.#lifecycle.report("undeleted", { record: outcome.record, reason });
    });
  }

  /** Found once for the same outcomes: complete ones do not change any more. */
  #handled(): readonly DeleteEntry[] {
    const { outcomes, setup: { received } } = this.#lifecycle;
    if (this.#found?.outcomes !== outcomes) {
      this.#messages ??= messagesOf(received);
      this.#found = { outcomes, entries: handledEntries(outcomes, received, this.#messages) };
    }
    return this.#found.entries;
  }
}

function keyOf({ indexes }: DeleteEntry): number {
  return indexes[0]!;
}
