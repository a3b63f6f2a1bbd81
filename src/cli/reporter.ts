import type { Delivery, Sums } from "./deliveries.ts";
import type { DevQueue } from "./dev_queue.ts";
import type { DevOptions } from "./options.ts";
import type { HandlerEvent } from "./protocol.ts";

/** What a run begins with. */
export interface Start {
  readonly options: DevOptions;
  readonly queue: DevQueue;
  readonly messageCount: number;
}

/** An invocation that has ended. */
export interface EndedInvocation {
  readonly requestId: string;
  readonly durationMs: number;
  readonly timedOut: boolean;
  /** Why the whole batch returns; `undefined` if it was a success, complete or partial. */
  readonly reason: string | undefined;
  readonly deliveries: readonly Delivery[];
}

/** A record whose handler has ended. */
export type HandledRecord = Extract<HandlerEvent, { type: "record" }>;

/** How a run ended. */
export interface End {
  readonly sums: Sums;
  readonly exitCode: number;
  readonly durationMs: number;
}

/** Tells whoever watches what happens. */
export interface Reporter {
  start(start: Start): void;
  /** Messages were sent, or received, or something has become of them outside an invocation. */
  deliveries(deliveries: readonly Delivery[]): void;
  invocation(invocation: EndedInvocation): void;
  /** The library told that the handler of a record has ended; what becomes of it is not known yet. */
  handled(record: HandledRecord): void;
  /** A line that the handler wrote. */
  output(stream: "stdout" | "stderr", line: string): void;
  end(end: End): void;
  /** Ends what shows something; nothing is told after it. */
  close(): void;
}
