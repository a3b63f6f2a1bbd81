import { mapConcurrently } from "../../internal/map_concurrently.ts";
import type { TimeLimit } from "../../lifecycle/clock.ts";
import {
  afterAttempt,
  failedEntries,
  refusedEntries,
  type RefusedEntry,
  type UnconfirmedEntry,
} from "./attempt.ts";
import {
  type BatchAction,
  type BatchEntry,
  type BatchRequest,
  makeCommand,
  publishBatchRequest,
} from "./batch_request.ts";
import { loadSdk, type SqsClients } from "./clients.ts";
import { NO_ANSWER, reasonOf } from "./reason.ts";
import { backoffMs, MAX_CONCURRENT_REQUESTS } from "./retry_policy.ts";

/** How requests are sent, and who is told. */
export interface SendOptions<TEntry extends BatchEntry> {
  /** How many requests are under way at a time. */
  readonly concurrency?: number;
  /** Told each entry that SQS confirms, as soon as its request is done. */
  readonly confirmed?: (entry: TEntry) => void;
}

/**
 * Sends batch requests, some at a time, and gives the entries that SQS did not confirm in time. Never
 * rejects.
 *
 * The client itself resends what failed in transit or was throttled; entries that failed on SQS's side
 * are resent here.
 */
export async function sendBatchRequests<TEntry extends BatchEntry>(
  clients: SqsClients,
  action: BatchAction<TEntry>,
  requests: readonly BatchRequest<TEntry>[],
  limit: TimeLimit,
  { concurrency = MAX_CONCURRENT_REQUESTS, confirmed = () => {} }: SendOptions<TEntry> = {},
): Promise<UnconfirmedEntry<TEntry>[]> {
  const unconfirmed = await mapConcurrently(
    requests,
    concurrency,
    async (request) => {
      const unconfirmed = await sendUntilConfirmed(clients, action, request, limit);
      const refused = new Set(unconfirmed.map(({ entry }) => entry));
      for (const entry of request.entries) if (!refused.has(entry)) confirmed(entry);
      return unconfirmed;
    },
  );
  return unconfirmed.flat();
}

async function sendUntilConfirmed<TEntry extends BatchEntry>(
  clients: SqsClients,
  action: BatchAction<TEntry>,
  { queue, entries }: BatchRequest<TEntry>,
  limit: TimeLimit,
): Promise<UnconfirmedEntry<TEntry>[]> {
  const refused: UnconfirmedEntry<TEntry>[] = [];
  let pending = entries;
  for (let attempt = 1; pending.length > 0; attempt++) {
    if (attempt > 1) await limit.pause(backoffMs(attempt));
    const start = performance.now();
    const request = { queue, entries: pending };
    const { queueUrl, unconfirmed } = await sendOnce(clients, action, request, limit);
    publishBatchRequest(action, request, {
      queueUrl,
      unconfirmed: unconfirmed.map(({ reason }) => reason),
      attempt,
      durationMs: performance.now() - start,
    });
    const after = afterAttempt(attempt, unconfirmed);
    refused.push(...after.refused);
    pending = after.pending;
  }
  return refused;
}

interface Sent<TEntry extends BatchEntry> {
  readonly queueUrl: string | undefined;
  readonly unconfirmed: readonly RefusedEntry<TEntry>[];
}

async function sendOnce<TEntry extends BatchEntry>(
  clients: SqsClients,
  action: BatchAction<TEntry>,
  request: BatchRequest<TEntry>,
  limit: TimeLimit,
): Promise<Sent<TEntry>> {
  const { entries, queue } = request;
  let queueUrl: string | undefined;
  try {
    const answer = await limit.waitFor(async (abortSignal) => {
      const sdk = await loadSdk();
      const client = await clients.get(queue.region);
      const command = makeCommand(sdk, action, request, (url) => queueUrl = url);
      return await client.send(command, { abortSignal });
    });
    return { queueUrl, unconfirmed: refusedEntries(entries, answer) };
  } catch (error) {
    const reason = limit.isOver
      ? NO_ANSWER
      : reasonOf(error, { permission: action.permission, queue, queueUrl });
    return { queueUrl, unconfirmed: failedEntries(entries, reason, error) };
  }
}
