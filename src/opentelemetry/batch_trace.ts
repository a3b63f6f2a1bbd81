import {
  type Context,
  context,
  type Link,
  type Span,
  SpanKind,
  trace,
  type Tracer,
} from "@opentelemetry/api";
import type { CloseMessage, RequestMessage } from "../diagnostics.ts";
import { SQSBatchProcessingError } from "../errors.ts";
import type { SurroundedRecord } from "../lifecycle/around_batch.ts";
import type { HandlerCall } from "../lifecycle/around_handler.ts";
import {
  closeEvents,
  countAttributes,
  messageAttributes,
  processAttributes,
  queueOfAll,
  requestEvent,
  spanName,
} from "./attributes.ts";
import { hasSpanOfBatch } from "./lambda_span.ts";
import { failuresOfOthers, outcomeFinder } from "./outcomes.ts";
import { producerOf } from "./producer.ts";
import { quietly } from "./quietly.ts";
import { addFailure, failSpan, markFailed, readThrown, recordThrown } from "./span_error.ts";

/** A message, and the span in which it was sent. */
interface TracedMessage {
  readonly received: SurroundedRecord;
  readonly link: Link | undefined;
}

/** The batch once it is under way. */
interface StartedBatch {
  /** The batch's span, or that of the invocation where another instrumentation has made one of the batch. */
  readonly span: Span;
  readonly isOwn: boolean;
  /** What is active while the batch is processed and closed. */
  readonly context: Context;
  readonly messages: ReadonlyMap<string, TracedMessage>;
}

/** A record whose handler runs. */
export interface StartedRecord {
  readonly batch: BatchTrace;
  readonly call: HandlerCall;
  readonly span: Span;
  /** What is active inside the handler. */
  readonly context: Context;
  /** What time it is, in milliseconds since 1970. */
  readonly now: () => number;
}

/** A record whose handler failed: its span waits for what becomes of the message. */
interface FailedRecord {
  readonly call: HandlerCall;
  readonly span: Span;
  readonly endTime: number;
}

/** The spans of one batch. Its methods throw what a tracer or a propagator throws. */
export class BatchTrace {
  readonly #tracer: Tracer;
  readonly #received: readonly SurroundedRecord[];
  readonly #invocations: WeakSet<Span>;
  readonly #running = new Set<StartedRecord>();
  readonly #failed: FailedRecord[] = [];
  readonly #thrown = new Set<unknown>();
  #batch: StartedBatch | undefined;
  #isEnded = false;

  /** `invocations` are the invocations' spans that already describe a batch. */
  constructor(
    tracer: Tracer,
    received: readonly SurroundedRecord[],
    invocations: WeakSet<Span>,
  ) {
    this.#tracer = tracer;
    this.#received = received;
    this.#invocations = invocations;
  }

  /** Starts the batch's span when it is first called. */
  start(): StartedBatch {
    return this.#batch ??= this.#start(context.active());
  }

  #start(outer: Context): StartedBatch {
    const traced = this.#received.map((received) => ({ received, link: linkTo(received) }));
    const messages = new Map(traced.map((each) => [each.received.messageId, each]));
    const active = trace.getSpan(outer);
    // A second batch would overwrite the counts of the first.
    if (active && hasSpanOfBatch(active) && !this.#invocations.has(active)) {
      this.#invocations.add(active);
      return { span: active, isOwn: false, context: outer, messages };
    }
    const queue = queueOfAll(this.#received);
    const attributes = {
      ...processAttributes(queue),
      "messaging.batch.message_count": this.#received.length,
    };
    const links = traced.flatMap(({ link }) => link ? [link] : []);
    const options = { kind: SpanKind.CONSUMER, attributes, links };
    const span = this.#tracer.startSpan(spanName(queue), options, outer);
    return { span, isOwn: true, context: trace.setSpan(outer, span), messages };
  }

  /** Starts the span of a record whose handler is about to be called. */
  startRecord(call: HandlerCall): StartedRecord {
    const batch = this.start();
    const { messageId } = call;
    const { received, link } = batch.messages.get(messageId) ?? {};
    const options = {
      kind: SpanKind.CONSUMER,
      attributes: { ...processAttributes(received?.queue), ...messageAttributes(call) },
      links: link ? [link] : [],
    };
    // Without a context manager nothing is active.
    const active = context.active();
    const parent = trace.getSpan(active) ? active : batch.context;
    const span = this.#tracer.startSpan(spanName(received?.queue), options, parent);
    const started = {
      batch: this,
      call,
      span,
      context: trace.setSpan(parent, span),
      now: startClock(),
    };
    this.#running.add(started);
    return started;
  }

  /** Ends the span of a record whose handler is done, or was given up. */
  endRecord(started: StartedRecord): void {
    const { call, span, now } = started;
    if (!this.#running.delete(started)) return;
    if (!("error" in call.message)) return span.end();
    const { error } = call.message;
    this.#thrown.add(error);
    const endTime = now();
    if (!this.#isEnded) this.#failed.push({ call, span, endTime });
    quietly(() => failSpan(span, error, endTime));
    if (this.#isEnded) span.end(endTime);
  }

  /** Adds an event for a request to SQS. */
  addRequest(request: RequestMessage): void {
    if (this.#isEnded) return;
    const { name, attributes } = requestEvent(request);
    this.start().span.addEvent(name, attributes);
  }

  /** Whether it is this batch that was closed: one that is not traced may be closed inside a handler. */
  isOf({ records }: CloseMessage): boolean {
    return records.length === this.#received.length &&
      records.every(({ messageId }, index) => messageId === this.#received[index]!.messageId);
  }

  /** Ends the batch: it is closed, and what became of each message is known. */
  close(message: CloseMessage): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    const outcomeOf = outcomeFinder(message);
    for (const started of this.#running) {
      // It was given up without a notice: an override of _processRecord made a context of its own.
      if (outcomeOf(started.call) === "unprocessed") this.#giveUp(started);
    }
    this.#endFailed(outcomeOf);
    const { span, isOwn } = this.start();
    quietly(() => {
      span.setAttributes(countAttributes(message));
      for (const failure of failuresOfOthers(message, this.#thrown)) addFailure(span, failure);
      for (const { name, attributes } of closeEvents(message)) span.addEvent(name, attributes);
      if (isOwn && "error" in message) failBatch(span, message.error);
    });
    if (isOwn) span.end();
  }

  /** Ends all spans as they are: nobody traces the batch any more. */
  abandon(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#endFailed(() => undefined);
    for (const { span } of this.#running) quietly(() => span.end());
    this.#running.clear();
    if (this.#batch?.isOwn) this.#batch.span.end();
  }

  #giveUp(started: StartedRecord): void {
    const { call, span, now } = started;
    this.#running.delete(started);
    this.#failed.push({ call, span, endTime: now() });
    quietly(() => markFailed(span, "_OTHER", "The record was given up"));
  }

  #endFailed(outcomeOf: (call: HandlerCall) => string | undefined): void {
    for (const { call, span, endTime } of this.#failed.splice(0)) {
      const outcome = outcomeOf(call);
      quietly(() => outcome !== undefined && span.setAttribute("partial_batch.outcome", outcome));
      quietly(() => span.end(endTime));
    }
  }
}

/**
 * A monotonic clock that starts at the wall clock's time. (The SDK takes `performance.now()` alone for a time,
 * but Deno's own tracer does not.)
 */
function startClock(): () => number {
  const start = Date.now() - performance.now();
  return () => start + performance.now();
}

/** A propagator that fails costs the link, and no span. */
function linkTo(received: SurroundedRecord): Link | undefined {
  const producer = quietly(() => producerOf(received));
  return producer &&
    { context: producer, attributes: { "messaging.message.id": received.messageId } };
}

/** The records' errors are on their spans; those of hooks are on none. */
function failBatch(span: Span, error: unknown): void {
  const hookError = error instanceof SQSBatchProcessingError ? error.cause : error;
  if (hookError !== undefined) recordThrown(span, hookError);
  const { type, message } = readThrown(error);
  const [firstLine = ""] = message.split("\n", 1);
  markFailed(span, type, firstLine);
}
