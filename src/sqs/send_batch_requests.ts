import { mapConcurrently } from "../map_concurrently.ts";
import { pause, untilAborted } from "../time_limit.ts";
import { readBatchAnswer } from "./batch_answer.ts";
import {
  type BatchAction,
  type BatchEntry,
  type BatchRequest,
  makeCommand,
  publishBatchRequest,
} from "./batch_request.ts";
import { NO_ANSWER, reasonOf } from "./reason.ts";
import { backoffMs, MAX_ATTEMPTS, MAX_REQUESTS_AT_A_TIME } from "./resend.ts";
import { loadSdk } from "./sdk.ts";
import type { SqsClients } from "./sqs_clients.ts";

/** An entry that SQS did not confirm, and why. */
export interface Unconfirmed<TEntry extends BatchEntry> {
  readonly entry: TEntry;
  readonly reason: string;
  readonly error?: unknown;
}

/**
 * Sends batch requests, some at a time, and gives back the entries that SQS did not confirm before
 * `signal` was aborted. Never rejects.
 *
 * What failed in transit or by throttling is resent by the client; entries that failed by no fault
 * of ours are resent here.
 */
export async function sendBatchRequests<TEntry extends BatchEntry>(
  clients: SqsClients,
  action: BatchAction<TEntry>,
  requests: readonly BatchRequest<TEntry>[],
  signal: AbortSignal,
): Promise<Unconfirmed<TEntry>[]> {
  const unconfirmed = await mapConcurrently(
    requests,
    MAX_REQUESTS_AT_A_TIME,
    (request) => sendUntilConfirmed(clients, action, request, signal),
  );
  return unconfirmed.flat();
}

async function sendUntilConfirmed<TEntry extends BatchEntry>(
  clients: SqsClients,
  action: BatchAction<TEntry>,
  { queue, entries }: BatchRequest<TEntry>,
  signal: AbortSignal,
): Promise<Unconfirmed<TEntry>[]> {
  const refused: Unconfirmed<TEntry>[] = [];
  let pending = entries;
  for (let attempt = 1; pending.length > 0; attempt++) {
    if (attempt > 1) await pause(backoffMs(attempt), signal);
    const start = performance.now();
    const unconfirmed = await sendOnce(clients, action, { queue, entries: pending }, signal);
    publishBatchRequest(action, { queue, entries: pending }, {
      unconfirmed: unconfirmed.map(({ reason }) => reason),
      attempt,
      durationMs: performance.now() - start,
    });
    const isFinal = ({ resend }: Sent<TEntry>) => !resend || attempt === MAX_ATTEMPTS;
    refused.push(...unconfirmed.filter(isFinal).map(({ resend: _, ...each }) => each));
    pending = unconfirmed.filter((each) => !isFinal(each)).map(({ entry }) => entry);
  }
  return refused;
}

interface Sent<TEntry extends BatchEntry> extends Unconfirmed<TEntry> {
  readonly resend: boolean;
}

async function sendOnce<TEntry extends BatchEntry>(
  clients: SqsClients,
  action: BatchAction<TEntry>,
  request: BatchRequest<TEntry>,
  signal: AbortSignal,
): Promise<Sent<TEntry>[]> {
  const { entries, queue } = request;
  try {
    signal.throwIfAborted();
    const answer = await untilAborted(send(), signal);
    return readBatchAnswer(answer, entries.length).flatMap((said, index) =>
      said.confirmed
        ? []
        : [{ entry: entries[index]!, reason: said.code, resend: !said.senderFault }]
    );
  } catch (error) {
    const reason = signal.aborted
      ? NO_ANSWER
      : reasonOf(error, { permission: action.permission, queue });
    return entries.map((entry) => ({ entry, reason, error, resend: false }));
  }

  async function send(): Promise<unknown> {
    const sdk = await loadSdk();
    const client = await clients.get(queue.region);
    return await client.send(makeCommand(sdk, action, request), { abortSignal: signal });
  }
}
