import type { QueueArn } from "../internal/queue_arn.ts";
import { type Clock, TimeLimit, withTimeLimit } from "../lifecycle/clock.ts";
import type { Verdict } from "../lifecycle/hooks.ts";
import { reasonOf } from "../sqs/requests/reason.ts";
import { judgeMappings } from "./judge_mappings.ts";
import { listMappings } from "./list_mappings.ts";

/** How long a lookup may take, in milliseconds. */
const LOOKUP_MS = 2_000;

/** How much later than that it may end, in milliseconds: a busy thread delays timers. */
const LATE_MS = 1_000;

/** How long an answer is used, in milliseconds, and by how much less, at random: not all ask at once. */
const SERVES_MS = 10 * 60_000;
const JITTER = 0.2;

const NO_ANSWER = "Lambda did not answer within two seconds";
const TOO_LATE = "Lambda did not answer before the end of the invocation drew near";

/**
 * Its age is the larger one of what two clocks say: the monotonic clock may stand still while Lambda has
 * frozen the process, and the wall clock may be set back.
 */
class Lookup {
  readonly ended: Promise<Verdict>;
  readonly #startedAt = Date.now();
  readonly #startedAtMonotonic = performance.now();
  readonly #servesMs = SERVES_MS * (1 - JITTER * Math.random());
  #lastUsedAt = this.#startedAt;
  #verdict: Verdict | undefined;

  constructor(functionArn: string, queue: QueueArn) {
    this.ended = this.#end(lookUp(functionArn, queue, this.#startedAt));
  }

  /** What it found, if it has ended. */
  get verdict(): Verdict | undefined {
    return this.#verdict;
  }

  /** Whether it may be used now. If the clock was set back it is not known how old it is. */
  isUsable(): boolean {
    const now = Date.now();
    if (now < this.#lastUsedAt) return false;
    this.#lastUsedAt = now;
    const age = Math.max(now - this.#startedAt, performance.now() - this.#startedAtMonotonic);
    return age < (this.#verdict ? this.#servesMs : LOOKUP_MS + LATE_MS);
  }

  /** An answer that comes too late is not used or kept: the process was frozen, or very busy. */
  async #end(looking: Promise<Verdict>): Promise<Verdict> {
    const verdict = await looking;
    if (!this.isUsable()) return { doubt: NO_ANSWER };
    return this.#verdict = verdict;
  }
}

/** Shared by all processors: Lambda allows an account few requests. */
const lookups = new Map<string, Lookup>();

/**
 * Finds out whether Lambda reads a function's responses for a queue. Answers at once if it was asked in the
 * last ten minutes; else it asks, once for all who wait, and no batch waits into its reserve.
 */
export function verdictOn(
  functionArn: string,
  queue: QueueArn,
  clock: Clock,
): Verdict | Promise<Verdict> {
  const key = `${functionArn} ${queue.arn}`;
  const known = lookups.get(key);
  const usable = known?.isUsable() ? known : undefined;
  if (usable?.verdict) return usable.verdict;
  const waitMs = clock.untilReserveMs;
  if (waitMs <= 0) return { doubt: TOO_LATE };
  const lookup = usable ?? new Lookup(functionArn, queue);
  lookups.set(key, lookup);
  return withTimeLimit(waitMs, (limit) => limit.wait(lookup.ended))
    .catch(() => ({ doubt: TOO_LATE }));
}

/** Asks Lambda. Never rejects. */
async function lookUp(functionArn: string, queue: QueueArn, now: number): Promise<Verdict> {
  const limit = new TimeLimit(LOOKUP_MS);
  try {
    const mappings = await listMappings(queue, limit);
    return { doubt: judgeMappings(mappings, { functionArn, queueArn: queue.arn, now }) };
  } catch (error) {
    return { doubt: limit.isOver ? NO_ANSWER : whyNoAnswer(reasonOf(error)) };
  } finally {
    limit.stop();
  }
}

/** The reason in the words of SQS's requests, which is its code and no more. */
function whyNoAnswer(reason: string): string {
  const what = `asking Lambda failed: ${reason}`;
  return reason.startsWith("AccessDenied") ? `${what}, needs lambda:ListEventSourceMappings` : what;
}
