import type { Context, SQSRecord } from "aws-lambda";
import { StopBatchError } from "../stop_batch_error.ts";
import type { Outcome, RecordContext } from "../types.ts";
import type { ReceivedRecord } from "./received_record.ts";
import { failed, unprocessed } from "./outcome.ts";

/**
 * A record context whose signal is made when it is first read. Making it costs more than everything
 * else about a record, and few handlers read it: hence a getter, on a class, where it costs nothing
 * per record.
 */
class LazyContext implements RecordContext {
  readonly lambdaContext: Context | undefined;
  readonly receiveCount: number;
  #controller: AbortController | undefined;
  #abort: { readonly reason: unknown } | undefined;

  constructor(lambdaContext: Context | undefined, receiveCount: number) {
    this.lambdaContext = lambdaContext;
    this.receiveCount = receiveCount;
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#abort) this.#controller.abort(this.#abort.reason);
    }
    return this.#controller.signal;
  }

  /** Tells the handler that its record has no time left. */
  abort(reason: unknown): void {
    this.#abort ??= { reason };
    this.#controller?.abort(reason);
  }
}

/** One record being handled: what its handler is given, and what the batch knows of the call. */
export class RecordCall extends LazyContext {
  /** The message's id, as it was when the batch was opened. */
  readonly messageId: string;
  readonly #record: SQSRecord;
  readonly #stopBatch: (error: StopBatchError) => void;
  #outcomeIfGivenUp: Outcome<never> | undefined;
  #toldBecause: "deadline" | "stopped" | undefined;
  #hasFailedByItself = false;

  constructor(
    record: SQSRecord,
    { messageId, receiveCount }: ReceivedRecord,
    lambdaContext: Context | undefined,
    stopBatch: (error: StopBatchError) => void,
  ) {
    super(lambdaContext, receiveCount);
    this.messageId = messageId;
    this.#record = record;
    this.#stopBatch = stopBatch;
  }

  isOf(record: SQSRecord): boolean {
    return this.#record === record;
  }

  /** Tells the handler that its record has no time left, and why. */
  tell(because: "deadline" | "stopped", reason: unknown): void {
    this.#toldBecause ??= because;
    this.abort(reason);
  }

  /** Notes what the handler threw, before any hook is told: a hook may never settle. */
  noteFailure(error: unknown): void {
    this.#hasFailedByItself = this.#toldBecause === undefined;
    this.#outcomeIfGivenUp = this.outcomeOfFailure(error);
    if (error instanceof StopBatchError) this.#stopBatch(error);
  }

  /**
   * Notes that it is being decided what becomes of a failure. It is none yet: the message may be on its
   * way to another queue, and where failures are suppressed it would be lost.
   */
  noteSettling(error: unknown): void {
    this.#outcomeIfGivenUp = unprocessed(this.#record, "deadline", { error });
  }

  /**
   * The outcome of a failure. If the handler was told to stop first, that it stopped is not the message's
   * fault.
   */
  outcomeOfFailure(error: unknown): Outcome<never> {
    return this.#toldBecause === undefined || this.#hasFailedByItself
      ? failed(this.#record, error)
      : unprocessed(this.#record, this.#toldBecause, { error });
  }

  /** The outcome if the record is given up now. */
  get outcomeIfGivenUp(): Outcome<never> {
    return this.#outcomeIfGivenUp ?? unprocessed(this.#record, "deadline");
  }
}

/** What a handler with a time limit of its own is given: its signal follows the record's. */
export class LimitedContext extends LazyContext {
  readonly #outer: RecordContext;
  #isFollowing = false;

  constructor(outer: RecordContext) {
    super(outer.lambdaContext, outer.receiveCount);
    this.#outer = outer;
  }

  override get signal(): AbortSignal {
    if (!this.#isFollowing) {
      this.#isFollowing = true;
      const { signal } = this.#outer;
      const follow = () => this.abort(signal.reason);
      if (signal.aborted) follow();
      else signal.addEventListener("abort", follow, { once: true });
    }
    return super.signal;
  }
}
