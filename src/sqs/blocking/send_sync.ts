import { blockFor } from "../../internal/block_for.ts";
import { ignoreRejection, isThenable } from "../../internal/promises.ts";
import { isObject } from "../../internal/shape.ts";
import type { TimeLimit } from "../../lifecycle/clock.ts";
import {
  afterAttempt,
  failedEntries,
  refusedEntries,
  type RefusedEntry,
  type UnconfirmedEntry,
} from "../requests/attempt.ts";
import {
  type BatchAction,
  type BatchEntry,
  type BatchRequest,
  makeCommand,
  publishBatchRequest,
} from "../requests/batch_request.ts";
import { loadSdk, type Sdk, type SyncSqsClient } from "../requests/clients.ts";
import { NO_ANSWER, reasonOf, StepError } from "../requests/reason.ts";
import { backoffMs } from "../requests/retry_policy.ts";
import type { BlockingLimits } from "./worker.ts";

/** What sends batch requests, and gives the entries that SQS did not confirm. */
type SendSync<TEntry extends BatchEntry> = (
  limits: BlockingLimits,
) => UnconfirmedEntry<TEntry>[];

/** What one sender has. */
interface Means<TEntry extends BatchEntry> {
  readonly client: SyncSqsClient;
  readonly sdk: Sdk;
  readonly action: BatchAction<TEntry>;
  /** When the time is over, by `performance.now()`. */
  readonly end: number;
}

/**
 * Loads what the commands of batch requests take, and gives what has the client's own `sendSync()` send
 * them. Retries are those of `sendBatchRequests()`: the client repeats a request, the library repeats
 * entries. Never rejects.
 */
export async function prepareSync<TEntry extends BatchEntry>(
  client: SyncSqsClient,
  action: BatchAction<TEntry>,
  requests: readonly BatchRequest<TEntry>[],
  limit: TimeLimit,
): Promise<SendSync<TEntry>> {
  try {
    const sdk = await limit.waitFor(() => loadSdk());
    return ({ limitMs }) => {
      const means = { client, sdk, action, end: performance.now() + limitMs };
      return requests.flatMap((request) => sendUntilConfirmed(means, request));
    };
  } catch (error) {
    const reason = limit.isOver ? NO_ANSWER : reasonOf(error);
    return () =>
      requests.flatMap(({ entries }) => entries.map((entry) => ({ entry, reason, error })));
  }
}

function sendUntilConfirmed<TEntry extends BatchEntry>(
  means: Means<TEntry>,
  { queue, entries }: BatchRequest<TEntry>,
): UnconfirmedEntry<TEntry>[] {
  const { action, end } = means;
  const refused: UnconfirmedEntry<TEntry>[] = [];
  let pending = entries;
  for (let attempt = 1; pending.length > 0; attempt++) {
    if (attempt > 1) blockFor(Math.min(backoffMs(attempt), end - performance.now()));
    const start = performance.now();
    const request = { queue, entries: pending };
    const { queueUrl, unconfirmed } = sendOnce(means, request);
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

function sendOnce<TEntry extends BatchEntry>(
  { client, sdk, action, end }: Means<TEntry>,
  request: BatchRequest<TEntry>,
): Sent<TEntry> {
  const { entries, queue } = request;
  let queueUrl: string | undefined;
  try {
    if (performance.now() >= end) throw new StepError(NO_ANSWER);
    const command = makeCommand(sdk, action, request, (url) => queueUrl = url);
    const answer = client.sendSync(command);
    if (isThenable(answer)) {
      ignoreRejection(answer);
      throw new StepError("sendSync() of the client returned a promise");
    }
    return { queueUrl, unconfirmed: refusedEntries(entries, answer) };
  } catch (error) {
    const reason = isTimeout(error)
      ? NO_ANSWER
      : reasonOf(error, { permission: action.permission, queue, queueUrl });
    return { queueUrl, unconfirmed: failedEntries(entries, reason, error) };
  }
}

/** By its name: errors of another realm are of other classes. What a getter throws is no timeout. */
function isTimeout(error: unknown): boolean {
  try {
    return isObject(error) && error.name === "TimeoutError";
  } catch {
    return false;
  }
}
