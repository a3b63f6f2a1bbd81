import type { SQSRecord } from "aws-lambda";
import type { Invocation } from "../local/invocation.ts";
import type { Deliveries } from "./deliveries.ts";
import type { DevQueue, QueueState } from "./dev_queue.ts";
import type { Reporter } from "./reporter.ts";

/** What is watched, and who is told. */
export interface Watched {
  readonly queue: DevQueue;
  readonly deliveries: Deliveries;
  readonly reporter: Reporter;
  readonly untilEmpty: boolean;
}

/** SQS's counts lag behind: a queue that can only be counted is empty after as many empty looks. */
const LOOKS_UNTIL_EMPTY = 3;

/** Without a dead-letter queue, how often a message may return until it counts as left. */
const MOST_RECEIVES = 3;

/** Follows the messages through mapping and queue, and notices when the queue is empty. */
export class Watch {
  readonly #watched: Watched;
  /** Settles once the queue is empty, or has only messages that nobody handles. */
  readonly empty: Promise<void>;
  #setEmpty: () => void = () => {};
  #emptyLooks = 0;

  constructor(watched: Watched) {
    this.#watched = watched;
    this.empty = new Promise((resolve) => this.#setEmpty = resolve);
  }

  received(records: readonly SQSRecord[]): void {
    const { deliveries, reporter } = this.#watched;
    this.#emptyLooks = 0;
    reporter.deliveries(deliveries.received(records));
  }

  async invoked(invocation: Invocation): Promise<void> {
    const { queue, deliveries, reporter } = this.#watched;
    const { requestId, durationMs, timedOut, reason } = invocation;
    const state = await queue.look();
    reporter.invocation({
      requestId,
      durationMs,
      timedOut,
      reason,
      deliveries: deliveries.ended(invocation, state),
    });
    this.#endIfEmpty(state);
  }

  async idle(): Promise<void> {
    const { queue, deliveries, reporter } = this.#watched;
    const state = await queue.look();
    if (state.count === 0) this.#emptyLooks++;
    if (state.left || this.#emptyLooks >= LOOKS_UNTIL_EMPTY) {
      const settled = deliveries.settled(state, queue.maxReceiveCount);
      if (settled.length > 0) reporter.deliveries(settled);
    }
    this.#endIfEmpty(state);
  }

  #endIfEmpty({ count, left }: QueueState): void {
    const { queue, deliveries, untilEmpty } = this.#watched;
    if (!untilEmpty) return;
    const isEmpty = left ? left.size === 0 : this.#emptyLooks >= LOOKS_UNTIL_EMPTY;
    const isStuck = queue.maxReceiveCount === undefined && count > 0 &&
      deliveries.countOften(MOST_RECEIVES) >= count;
    if (isEmpty || isStuck) this.#setEmpty();
  }
}
