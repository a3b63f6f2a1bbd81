import { mapConcurrently } from "../map_concurrently.ts";
import { type BatchRequest, type MakeCommand, makeCommand } from "./batch_request.ts";
import { readBatchAnswer } from "./batch_answer.ts";
import { parseQueueArn } from "./queue_arn.ts";
import { reasonOf } from "./reason.ts";
import { backoffMs, MAX_ATTEMPTS, MAX_REQUESTS_AT_A_TIME } from "./resend.ts";
import { loadSdk } from "./sdk.ts";
import type { SqsClients } from "./sqs_clients.ts";
import { pause, untilAborted } from "../time_limit.ts";

/** An entry that SQS did not confirm, and why. */
export interface Unconfirmed<TEntry> {
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
export async function sendBatchRequests<TEntry>(
  clients: SqsClients,
  requests: readonly BatchRequest<TEntry>[],
  make: MakeCommand<TEntry>,
  signal: AbortSignal,
): Promise<Unconfirmed<TEntry>[]> {
  const send = async (request: BatchRequest<TEntry>) => {
    const sdk = await loadSdk();
    const client = await clients.get(parseQueueArn(request.queueArn).region);
    return await client.send(makeCommand(sdk, request, make), { abortSignal: signal });
  };
  const unconfirmed = await mapConcurrently(
    requests,
    MAX_REQUESTS_AT_A_TIME,
    (request) => sendBatchRequest(request, send, signal),
  );
  return unconfirmed.flat();
}

async function sendBatchRequest<TEntry>(
  request: BatchRequest<TEntry>,
  send: (request: BatchRequest<TEntry>) => Promise<unknown>,
  signal: AbortSignal,
): Promise<Unconfirmed<TEntry>[]> {
  const { queueArn } = request;
  const refused: Unconfirmed<TEntry>[] = [];
  let pending = request.entries;
  for (let attempt = 1; pending.length > 0; attempt++) {
    try {
      if (attempt > 1) await pause(backoffMs(attempt), signal);
      const answer = await untilAborted(send({ queueArn, entries: pending }), signal);
      const answers = readBatchAnswer(answer, pending.length);
      const resent: TEntry[] = [];
      pending.forEach((entry, index) => {
        const said = answers[index]!;
        if (said.confirmed) return;
        if (!said.senderFault && attempt < MAX_ATTEMPTS) resent.push(entry);
        else refused.push({ entry, reason: said.code });
      });
      pending = resent;
    } catch (error) {
      const reason = signal.aborted ? "no answer within the time limit" : reasonOf(error);
      refused.push(...pending.map((entry) => ({ entry, reason, error })));
      break;
    }
  }
  return refused;
}
