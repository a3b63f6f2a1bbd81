import type { SQSRecord } from "aws-lambda";
import { groupBy } from "../../internal/group_by.ts";
import { isObject } from "../../internal/shape.ts";
import type { TimeLimit } from "../../lifecycle/clock.ts";
import { messageGroups } from "../../lifecycle/groups.ts";
import type { Lifecycle } from "../../lifecycle/lifecycle.ts";
import type { ReceivedRecord } from "../../lifecycle/open.ts";
import { isHandled } from "../../lifecycle/outcome.ts";
import type { Outcome } from "../../types.ts";
import { queueByArn } from "../queue.ts";
import { type BatchAction, type BatchEntry, batchRequests } from "../requests/batch_request.ts";
import type { SqsClients } from "../requests/clients.ts";
import {
  MAX_CONCURRENT_REQUESTS,
  MAX_CONCURRENT_REQUESTS_NEAR_DEADLINE,
} from "../requests/retry_policy.ts";
import { sendBatchRequests, type UnconfirmedEntry } from "../requests/send.ts";
import { messageKey, reportEntries } from "./entries.ts";

/** One message to delete. */
export interface DeleteEntry extends BatchEntry {
  readonly receiptHandle: string;
}

/**
 * The messages to delete: those whose records were all handled.
 *
 * Chosen by status, never by the absence of a failure. A receipt handle is deleted once, and not at
 * all if any record with it was not handled. In a FIFO message group nothing is deleted after a record
 * that was not handled: that one returns, and would come after it.
 */
export function handledEntries(
  outcomes: readonly Outcome[],
  received: readonly ReceivedRecord[],
): DeleteEntry[] {
  const inOrder = new Set(
    messageGroups(received).flatMap((group) => {
      const end = group.findIndex((index) => !isHandled(outcomes[index]!));
      return end === -1 ? group : group.slice(0, end);
    }),
  );
  return indexesByMessage(received)
    .filter((indexes) => indexes.every((index) => inOrder.has(index)))
    .map((indexes) => deleteEntry(indexes, received));
}

/**
 * The messages of chosen outcomes. `isDeleted` tells, by their first record, which messages SQS has
 * confirmed already.
 *
 * @throws {TypeError} If something is not an outcome of this batch.
 * @throws {Error} If a message was not handled, or if one before it in its FIFO message group would
 * stay: that one would come back after it.
 */
export function chosenEntries(
  { outcomes, setup: { records, received } }: Lifecycle,
  chosen: readonly Outcome[],
  isDeleted: (firstIndex: number) => boolean,
): DeleteEntry[] {
  const known = new Set(records);
  const chosenRecords = new Set(chosen.map((outcome) => recordOf(outcome, known)));
  const messages = indexesByMessage(received);
  const entries = messages.filter((indexes) =>
    indexes.some((index) => chosenRecords.has(records[index]!))
  );
  const going = new Set(entries.flat());
  for (const index of going) {
    if (isHandled(outcomes[index]!)) continue;
    throw refusal(`the message ${received[index]!.messageId} was not handled`);
  }
  const gone = new Set(messages.filter(([first]) => isDeleted(first!)).flat());
  for (const group of messageGroups(received)) {
    const gap = group.findIndex((index) => !going.has(index) && !gone.has(index));
    const after = gap === -1 ? undefined : group.slice(gap).find((index) => going.has(index));
    if (after === undefined) continue;
    throw refusal(
      `the message ${received[after]!.messageId} must not go before ${
        received[group[gap]!]!.messageId
      } of its message group`,
    );
  }
  return entries.map((indexes) => deleteEntry(indexes, received));
}

function recordOf(outcome: unknown, known: ReadonlySet<SQSRecord>): SQSRecord {
  const record = isObject(outcome) ? outcome.record as SQSRecord : undefined;
  if (record && known.has(record)) return record;
  throw new TypeError("Cannot delete messages: expected outcomes of this batch");
}

function refusal(why: string): Error {
  return new Error(`Cannot delete messages: ${why}`);
}

function indexesByMessage(received: readonly ReceivedRecord[]): number[][] {
  return [...groupBy(received.keys(), (index) => messageKey(received[index]!)).values()];
}

function deleteEntry(
  indexes: readonly number[],
  received: readonly ReceivedRecord[],
): DeleteEntry {
  const { queue, receiptHandle } = received[indexes[0]!]!;
  const messageIds = indexes.map((index) => received[index]!.messageId);
  return { queue: queueByArn(queue), indexes, messageIds, receiptHandle };
}

/** Deletes messages. */
export const DELETE: BatchAction<DeleteEntry> = {
  name: "DeleteMessageBatch",
  permission: "sqs:DeleteMessage",
  command: (sdk, QueueUrl, entries) =>
    new sdk.DeleteMessageBatchCommand({
      QueueUrl,
      Entries: entries.map(({ receiptHandle }, index) => ({
        Id: String(index),
        ReceiptHandle: receiptHandle,
      })),
    }),
};

/** The reason if no request was made for a handled message. */
const NOT_TRIED = "nobody tried to delete it: an override of _clean() did not call super._clean()";

/** The reason if a handled message must not be deleted. */
const KEPT =
  "kept: an earlier message of its group, or a record with the same receipt handle, will return";

/** Which messages of one batch are deleted, which were tried, and what SQS did not confirm. */
export class Deletions {
  readonly #lifecycle: Lifecycle;
  readonly #clients: SqsClients;
  /** Messages that a request was made for, by their first record. */
  readonly #tried = new Set<number>();
  /** Messages whose deletion SQS has confirmed. */
  readonly #deleted = new Set<number>();
  #found: { readonly outcomes: unknown; readonly entries: readonly DeleteEntry[] } | undefined;

  constructor(lifecycle: Lifecycle, clients: SqsClients) {
    this.#lifecycle = lifecycle;
    this.#clients = clients;
  }

  /** What there is to delete once all records have their outcome, if not all were handled. */
  left(): DeleteEntry[] {
    const { outcomes, setup: { options } } = this.#lifecycle;
    if (options.reportItemFailures || outcomes.every(isHandled)) return [];
    return this.#handled().filter((entry) => !this.#deleted.has(keyOf(entry)));
  }

  /** What is handled so far and was never tried. */
  untried(): DeleteEntry[] {
    return this.#handled().filter((entry) => !this.#tried.has(keyOf(entry)));
  }

  /** The messages of some outcomes, less those that are deleted. Throws for what must not go. */
  chosen(outcomes: readonly Outcome[]): DeleteEntry[] {
    return chosenEntries(this.#lifecycle, outcomes, (index) => this.#deleted.has(index))
      .filter((entry) => !this.#deleted.has(keyOf(entry)));
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
    for (const entry of entries) this.#tried.add(keyOf(entry));
    const requests = batchRequests(entries);
    return await sendBatchRequests(this.#clients, DELETE, requests, limit, {
      concurrency: this.concurrency,
      confirmed: (entry) => this.#deleted.add(keyOf(entry)),
    });
  }

  /** Notes what became of deletions. */
  note(
    entries: readonly DeleteEntry[],
    unconfirmed: readonly UnconfirmedEntry<DeleteEntry>[],
  ): void {
    const refused = new Set(unconfirmed.map(({ entry }) => keyOf(entry)));
    for (const key of entries.map(keyOf)) {
      this.#tried.add(key);
      if (!refused.has(key)) this.#deleted.add(key);
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
    const indexes = entries.flatMap((entry) => entry.indexes);
    this.#lifecycle.retract("undeleted", new Set(indexes.map((index) => records[index]!)));
    const left = unconfirmed.filter(({ entry }) => !this.#deleted.has(keyOf(entry)));
    reportEntries(this.#lifecycle, "undeleted", left);
  }

  /** Reports the handled messages that return although SQS refused no deletion. */
  reportUntried(): void {
    if (this.#lifecycle.setup.options.reportItemFailures) return;
    const untried = this.left().filter((entry) => !this.#tried.has(keyOf(entry)));
    reportEntries(
      this.#lifecycle,
      "undeleted",
      untried.map((entry) => ({ entry, reason: NOT_TRIED })),
    );
    if (!this.#lifecycle.returnsAny) return;
    this.#reportHandled(KEPT, new Set(this.#handled().flatMap(({ indexes }) => indexes)));
  }

  /** Reports all handled messages that are not deleted. */
  reportKept(reason: string): void {
    if (this.#lifecycle.setup.options.reportItemFailures) return;
    const deleted = this.#handled().filter((entry) => this.#deleted.has(keyOf(entry)));
    this.#reportHandled(reason, new Set(deleted.flatMap(({ indexes }) => indexes)));
  }

  #reportHandled(reason: string, except: ReadonlySet<number>): void {
    this.#lifecycle.outcomes.forEach((outcome, index) => {
      if (!isHandled(outcome) || except.has(index)) return;
      this.#lifecycle.report("undeleted", { record: outcome.record, reason });
    });
  }

  /** Found once for the same outcomes: complete ones do not change any more. */
  #handled(): readonly DeleteEntry[] {
    const { outcomes, setup: { received } } = this.#lifecycle;
    if (this.#found?.outcomes !== outcomes) {
      this.#found = { outcomes, entries: handledEntries(outcomes, received) };
    }
    return this.#found.entries;
  }
}

function keyOf({ indexes }: DeleteEntry): number {
  return indexes[0]!;
}
