import type { SQSRecord } from "aws-lambda";
import { receiveCountOf } from "../internal/receive_count.ts";
import type { Invocation } from "../local/invocation.ts";
import type { QueueState } from "./dev_queue.ts";
import type { HandlerEvent } from "./protocol.ts";
import type { SentMessage } from "./queue_access.ts";

/** What became of a message. */
export type MessageStatus =
  | "sent"
  | "received"
  | "deleted-by-lambda"
  | "deleted-by-library"
  | "deleted-by-handler"
  | "returned"
  | "dead-lettered";

/** A message, as whoever watches is told of it. */
export interface Delivery {
  readonly messageId: string;
  readonly body: string;
  readonly receiveCount: number;
  readonly status: MessageStatus;
  /** How long its handler took. */
  readonly durationMs: number | undefined;
  /** Why it returned, or what its handler threw. */
  readonly reason: string | undefined;
}

/** How many messages ended in which way. */
export interface Sums {
  readonly handled: number;
  readonly deadLettered: number;
  /** Returned, received or sent, and not handled yet. */
  readonly left: number;
}

/**
 * What became of each message. What Lambda deleted is known; what the library deleted, its channels
 * tell; where the queue can be looked into, what is no longer in it is known, whoever deleted it.
 */
export class Deliveries {
  readonly #messages = new Map<string, Delivery>();
  /** What the library told of the batch that is handled. */
  #requested = new Set<string>();
  #deleted = new Set<string>();
  #moved = new Set<string>();
  #records = new Map<string, Extract<HandlerEvent, { type: "record" }>>();

  sent(messages: readonly SentMessage[]): Delivery[] {
    return messages.map(({ messageId, body }) =>
      this.#note({ messageId, body, receiveCount: 0, status: "sent", ...NOTHING })
    );
  }

  received(records: readonly SQSRecord[]): Delivery[] {
    this.#requested = new Set();
    this.#deleted = new Set();
    this.#moved = new Set();
    this.#records = new Map();
    return records.map((record) =>
      this.#note({
        messageId: record.messageId,
        body: record.body,
        receiveCount: receiveCountOf(record),
        status: "received",
        ...NOTHING,
      })
    );
  }

  /** Takes what a channel of the library told. */
  told(event: HandlerEvent): void {
    if (event.type === "record") {
      this.#records.set(event.messageId, event);
    } else if (event.action === "DeleteMessageBatch") {
      for (const id of event.messageIds) this.#requested.add(id);
      if (event.isConfirmed) { for (const id of event.messageIds) this.#deleted.add(id); }
    } else if (event.action === "SendMessageBatch") {
      for (const id of event.messageIds) this.#moved.add(id);
    }
  }

  /** What became of the messages of an invocation. */
  ended(
    { records, deletedByLambda, durationMs, reason }: Invocation,
    state: QueueState,
  ): Delivery[] {
    const byLambda = new Set(deletedByLambda.map(({ messageId }) => messageId));
    return records.map((record) => {
      const { messageId } = record;
      const status = this.#statusOf(messageId, byLambda, state);
      const told = this.#records.get(messageId);
      return this.#note({
        messageId,
        body: record.body,
        receiveCount: receiveCountOf(record),
        status,
        durationMs: told?.durationMs ?? durationMs,
        reason: told?.error ?? (status === "returned" ? reason ?? "listed as failed" : undefined),
      });
    });
  }

  #statusOf(id: string, byLambda: ReadonlySet<string>, { left, deadLettered }: QueueState) {
    const isGone = left !== undefined && !left.has(id);
    const isDeleted = byLambda.has(id) || this.#deleted.has(id) || isGone;
    if (!isDeleted) return "returned";
    // The library deletes what it moved, and only if the other queue took it.
    if (this.#moved.has(id) || deadLettered?.has(id)) return "dead-lettered";
    if (byLambda.has(id)) return "deleted-by-lambda";
    return this.#requested.has(id) ? "deleted-by-library" : "deleted-by-handler";
  }

  /**
   * What has become of the messages that had returned, by what is in the queues now. Where they cannot
   * be looked into, an empty queue tells: what had been received often enough was dead-lettered, and
   * the rest was deleted by the handler itself.
   */
  settled(
    { count, left, deadLettered }: QueueState,
    maxReceiveCount: number = Infinity,
  ): Delivery[] {
    const settled: Delivery[] = [];
    for (const delivery of this.#messages.values()) {
      const { messageId: id, receiveCount } = delivery;
      if (delivery.status !== "returned") continue;
      if (left ? left.has(id) : count > 0) continue;
      const isDeadLettered = deadLettered ? deadLettered.has(id) : receiveCount >= maxReceiveCount;
      const status = isDeadLettered ? "dead-lettered" : "deleted-by-handler";
      settled.push({ ...delivery, status, durationMs: undefined });
    }
    return settled.map((delivery) => this.#note(delivery));
  }

  /** The messages that were received at least this often and returned. */
  countOften(receiveCount: number): number {
    return [...this.#messages.values()]
      .filter((each) => each.status === "returned" && each.receiveCount >= receiveCount).length;
  }

  sums(): Sums {
    const sums = { handled: 0, deadLettered: 0, left: 0 };
    for (const { status } of this.#messages.values()) {
      if (status === "dead-lettered") sums.deadLettered++;
      else if (status.startsWith("deleted-by-")) sums.handled++;
      else sums.left++;
    }
    return sums;
  }

  #note(delivery: Delivery): Delivery {
    this.#messages.set(delivery.messageId, delivery);
    return delivery;
  }
}

const NOTHING = { durationMs: undefined, reason: undefined } as const;
