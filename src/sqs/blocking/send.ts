import { blockFor } from "../../internal/block_for.ts";
import { isObject } from "../../internal/shape.ts";
import { type EntryAnswer, readBatchAnswer } from "../requests/answer.ts";
import {
  type BatchAction,
  type BatchEntry,
  publishBatchRequest,
} from "../requests/batch_request.ts";
import { describeRefusal, NO_ANSWER, reasonOf, UNREADABLE } from "../requests/reason.ts";
import { backoffMs, MAX_ATTEMPTS } from "../requests/retry_policy.ts";
import type { UnconfirmedEntry } from "../requests/attempt.ts";
import type { HttpRequest, SignedRequest } from "./sign.ts";
import { type BlockingLimits, type HttpAnswer, sendBlocking } from "./worker.ts";

/** The error codes by which SQS asks for fewer requests. */
const THROTTLING = /Throttl|TooManyRequests|SlowDown|RequestLimitExceeded/;

/**
 * Sends signed batch requests, blocking this thread for at most `limitMs`, and gives the entries that
 * SQS did not confirm.
 *
 * What failed in transit, was throttled, or failed on SQS's side is resent as it is: deleting twice is
 * harmless.
 */
export function sendSignedBlocking<TEntry extends BatchEntry>(
  action: BatchAction<TEntry>,
  requests: readonly SignedRequest<TEntry>[],
  { limitMs, concurrency }: BlockingLimits,
): UnconfirmedEntry<TEntry>[] {
  const end = performance.now() + limitMs;
  const said = requests.map((request) => unconfirmed(firstReason(request), request.entries));
  let pending = requests.flatMap((request, index) =>
    "http" in request ? [{ index, http: request.http }] : []
  );
  for (let attempt = 1; attempt <= MAX_ATTEMPTS && pending.length > 0; attempt++) {
    if (attempt > 1) blockFor(Math.min(backoffMs(attempt), end - performance.now()));
    const left = end - performance.now();
    if (left <= 0) break;
    const limits = { limitMs: left, concurrency };
    const answers = trySendBlocking(pending.map(({ http }) => http), limits);
    pending = pending.filter(({ index }, position) => {
      const answer = answers?.[position];
      const { entries, resend } = readHttpAnswer(action, requests[index]!, answer);
      said[index] = said[index]!.map((before, entry) =>
        before.confirmed ? before : entries[entry]!
      );
      publishBatchRequest(action, requests[index]!, {
        queueUrl: requests[index]!.queueUrl,
        unconfirmed: said[index]!.flatMap((each) => each.confirmed ? [] : [each.reason]),
        attempt,
        durationMs: answer?.durationMs ?? left,
      });
      return resend;
    });
  }
  return requests.flatMap((request, index) =>
    request.entries.flatMap((entry, position) => {
      const answer = said[index]![position]!;
      if (answer.confirmed) return [];
      return [{
        entry,
        reason: answer.reason,
        ...("error" in request ? { error: request.error } : {}),
      }];
    })
  );
}

/** A worker that cannot be started is one more reason why nothing is confirmed. */
function trySendBlocking(
  requests: readonly HttpRequest[],
  limits: BlockingLimits,
): readonly HttpAnswer[] | undefined {
  try {
    return sendBlocking(requests, limits);
  } catch (error) {
    return requests.map(() => ({ errorCode: reasonOf(error), durationMs: 0 }));
  }
}

function firstReason<TEntry extends BatchEntry>(request: SignedRequest<TEntry>): string {
  return "http" in request ? reasonNoAnswer(request.http) : request.reason;
}

/** A server in this very process is on this machine; anywhere else the hint would only confuse. */
function reasonNoAnswer({ url }: HttpRequest): string {
  const isHere = /^(?:localhost|127\.|\[::1\])/.test(new URL(url).hostname);
  return isHere
    ? `${NO_ANSWER}; if the server runs in this process, it cannot answer while \`using\` blocks`
    : NO_ANSWER;
}

function unconfirmed(reason: string, entries: readonly unknown[]): readonly EntryAnswer[] {
  return entries.map(() => ({ confirmed: false, reason, senderFault: true }));
}

interface ReadAnswer {
  readonly entries: readonly EntryAnswer[];
  readonly resend: boolean;
}

function readHttpAnswer<TEntry extends BatchEntry>(
  { permission }: BatchAction<TEntry>,
  request: SignedRequest<TEntry>,
  answer: HttpAnswer | undefined,
): ReadAnswer {
  const { queue, queueUrl, entries } = request;
  const about = { permission, queue, queueUrl };
  const refused = (reason: string, resend: boolean) => ({
    entries: unconfirmed(reason, entries),
    resend,
  });
  if (!answer || ("errorCode" in answer && answer.errorCode === NO_ANSWER)) {
    return refused(firstReason(request), true);
  }
  if ("errorCode" in answer) {
    return refused(describeRefusal(answer.errorCode, undefined, about), true);
  }
  const { status, body, errorType } = answer;
  const content = body === "" ? {} : parseJson(body);
  if (status === 200) {
    if (content === undefined) return refused(UNREADABLE, false);
    const said = readBatchAnswer(content, entries.length);
    return { entries: said, resend: said.some((each) => !each.confirmed && !each.senderFault) };
  }
  const { __type, code: lower, Code } = isObject(content) ? content : {} as Record<string, unknown>;
  const type = [__type, errorType, lower, Code].find((each) => typeof each === "string");
  const code = String(type ?? "").split("#").at(-1)?.split(":")[0] || undefined;
  const resend = status === 429 || status >= 500 || THROTTLING.test(code ?? "");
  return refused(describeRefusal(code, status, about), resend);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
