import { checkOptionNames } from "../internal/check_options.ts";
import { describeShape } from "../internal/shape.ts";
import { ACTIONS, type FakeSqsAction } from "./request.ts";

/**
 * Something that a {@linkcode FakeSqsClient} does instead of what it was asked.
 *
 * Of several faults the first that fits a request decides; those for some messages decide for these
 * messages alone.
 *
 * @category Testing
 */
export interface FakeSqsFault {
  /**
   * What happens:
   *
   * - `"refuse"`: SQS refuses, with `code`. Nobody tries again.
   * - `"fail"`: SQS fails, with `InternalError`. A request is tried again by the client, twice, as by one
   *   of the AWS SDK; single messages are tried again by the library, three times.
   * - `"throttle"`: SQS throttles the request. The client tries again, twice.
   * - `"hang"`: there is no answer. The library waits until its time is over (`closeTimeoutMs`, or
   *   Lambda's deadline); at the end of plain `using` it is told at once.
   */
  readonly kind: "refuse" | "fail" | "throttle" | "hang";
  /** The action that it hits. @default All of them. */
  readonly action?: FakeSqsAction;
  /** With `"refuse"` and `"fail"`: the messages that it hits. @default The whole request. */
  readonly messageIds?: readonly string[];
  /** How many requests it hits, at least 1. @default All of them. */
  readonly times?: number;
  /**
   * With `"refuse"`: the error code. If a message of a FIFO queue is deleted after its visibility
   * timeout, SQS refuses that with `InvalidParameterValue`.
   *
   * @default {"AccessDenied"} With `messageIds` it is `ReceiptHandleIsInvalid`.
   */
  readonly code?: string;
}

const KINDS: readonly unknown[] = ["refuse", "fail", "throttle", "hang"];

/**
 * Checks a fault.
 *
 * @throws {TypeError} If it is not one: it would silently not happen.
 * @throws {RangeError} If `times` is not an integer of at least 1.
 */
export function checkFault(fault: unknown): asserts fault is FakeSqsFault {
  checkOptionNames(fault, ["kind", "action", "messageIds", "times", "code"], "a fault");
  const { kind, action, messageIds, times, code } = fault as Record<string, unknown>;
  if (!KINDS.includes(kind)) throw refusal("kind", `one of ${KINDS.join(", ")}`, kind);
  if (action !== undefined && !ACTIONS.some((each) => each === action)) {
    throw refusal("action", `one of ${ACTIONS.join(", ")}`, action);
  }
  checkMessageIds(messageIds);
  if (code !== undefined && (typeof code !== "string" || code === "")) {
    throw refusal("code", "an error code of SQS", code);
  }
  if (times !== undefined && typeof times !== "number") throw refusal("times", "a number", times);
  if (times !== undefined && !(Number.isInteger(times) && times >= 1)) {
    throw new RangeError(`Cannot use times of a fault: expected at least 1, got ${times}`);
  }
  const needless = code !== undefined && kind !== "refuse"
    ? "code"
    : messageIds !== undefined && kind !== "refuse" && kind !== "fail"
    ? "messageIds"
    : messageIds !== undefined && action === "GetQueueAttributes"
    ? "messageIds"
    : undefined;
  if (needless === undefined) return;
  const what = action === "GetQueueAttributes" && needless === "messageIds" ? action : kind;
  throw new TypeError(`Cannot use ${needless} of a fault with "${what}": it has no effect`);
}

function checkMessageIds(messageIds: unknown): void {
  if (messageIds === undefined) return;
  if (
    Array.isArray(messageIds) && messageIds.length > 0 &&
    messageIds.every((id) => typeof id === "string")
  ) return;
  throw refusal("messageIds", "an array of message ids", messageIds);
}

function refusal(name: string, expected: string, value: unknown): TypeError {
  const got = typeof value === "string" ? `"${value}"` : describeShape(value);
  return new TypeError(`Cannot use ${name} of a fault: expected ${expected}, got ${got}`);
}

/** What one request is to expect. */
export interface Hit {
  /** What happens to all of it. */
  readonly whole: FakeSqsFault | undefined;
  /** What happens to some of its messages. */
  readonly byMessageId: ReadonlyMap<string, FakeSqsFault>;
}

/** The faults of one client, with how often each still happens. */
export class Faults {
  readonly #left: Map<FakeSqsFault, number>;

  constructor(faults: readonly FakeSqsFault[]) {
    this.#left = new Map(faults.map((fault) => [{ ...fault }, fault.times ?? Infinity]));
  }

  /** Takes what happens to a request. */
  take(action: FakeSqsAction, messageIds: readonly (string | undefined)[]): Hit {
    const inForce = [...this.#left].filter(([fault, left]) =>
      left > 0 && (fault.action === undefined || fault.action === action)
    ).map(([fault]) => fault);
    const whole = inForce.find((fault) => fault.messageIds === undefined);
    if (whole) this.#use(whole);
    const byMessageId = new Map<string, FakeSqsFault>();
    if (whole) return { whole, byMessageId };
    for (const fault of inForce) {
      const hit = messageIds.filter((id) =>
        id !== undefined && fault.messageIds!.includes(id) && !byMessageId.has(id)
      );
      if (hit.length > 0) this.#use(fault);
      for (const id of hit) byMessageId.set(id!, fault);
    }
    return { whole, byMessageId };
  }

  #use(fault: FakeSqsFault): void {
    this.#left.set(fault, this.#left.get(fault)! - 1);
  }
}
