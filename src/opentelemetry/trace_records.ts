import { type Context, context, type Span, trace, type TracerProvider } from "@opentelemetry/api";
import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { CloseMessage, RecordMessage, RequestMessage } from "../diagnostics.ts";
import { checkOptionNames } from "../internal/check_options.ts";
import { describeShape, isObject } from "../internal/shape.ts";
import { putAroundBatches } from "../lifecycle/around_batch.ts";
import { putAround } from "../lifecycle/around_handler.ts";
import { SCHEMA_URL } from "./attributes.ts";
import { BatchTrace, type StartedRecord } from "./batch_trace.ts";
import { quietly } from "./quietly.ts";

/**
 * Options of {@linkcode traceRecords}.
 *
 * @category Traces
 */
export interface TraceRecordsOptions {
  /**
   * Makes the tracer.
   *
   * @default {undefined} The global tracer provider, also if it is registered later.
   */
  readonly tracerProvider?: TracerProvider;
}

/**
 * Traces every batch that is opened from now on: a CONSUMER span for each record, active inside its
 * handler and linked to the span in which the message was sent, as child of a span for the batch.
 *
 * - Call it once, at the top level of your module. Called twice, it makes two spans for each record.
 * - Spans are active only if a context manager is registered.
 * - A link is found by the global propagator in the message attributes, else in `AWSTraceHeader`.
 * - If `@opentelemetry/instrumentation-aws-lambda` has made a span for the batch, there is no second one:
 *   its counts and events are on the span of the invocation.
 * - It never changes a batch: what a tracer, a propagator or a span processor throws goes to OpenTelemetry's
 *   `diag`.
 * - No message body, message attribute or receipt handle is on any span. The text of an error is, and may
 *   quote them.
 *
 * @category Traces
 * @param options The tracer provider.
 * @returns Takes it off again. The spans of batches that are under way end there.
 * @throws {TypeError} If an option does not exist or is of the wrong type.
 *
 * @example With a tracer provider of your own
 * ```ts
 * import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
 * import { traceRecords } from "@partial-batch/sqs/opentelemetry";
 *
 * using _tracing = traceRecords({ tracerProvider: new BasicTracerProvider() });
 * ```
 */
export function traceRecords(options: TraceRecordsOptions = {}): Disposable {
  checkOptionNames(options, ["tracerProvider"], "traceRecords()");
  // Not `trace` itself: its getTracer() takes no schema URL.
  const { tracerProvider = trace.getTracerProvider() } = options;
  checkTracerProvider(tracerProvider);
  const tracer = tracerProvider.getTracer("@partial-batch/sqs", undefined, {
    schemaUrl: SCHEMA_URL,
  });
  /** The batch that is processed or closed here. */
  const current = new AsyncLocalStorage<BatchTrace>();
  const underWay = new Set<BatchTrace>();
  const running = new WeakMap<RecordMessage, StartedRecord>();
  const invocations = new WeakSet<Span>();

  const aroundBatches = putAroundBatches((received) => {
    const batch = new BatchTrace(tracer, received, invocations);
    return (work) =>
      current.run(batch, () => {
        underWay.add(batch);
        const started = quietly(() => batch.start());
        if (started) runWithin(started.context, work);
        else work();
      });
  });
  const aroundHandlers = putAround((call, handle) => {
    const batch = current.getStore();
    const started = batch && quietly(() => batch.startRecord(call));
    if (!started) return handle();
    running.set(call.message, started);
    runWithin(started.context, handle);
  });
  const subscriptions = [
    listen<RecordMessage>("tracing:partial-batch.sqs.record:asyncEnd", (message) => {
      const started = running.get(message);
      if (started) started.batch.endRecord(started);
    }),
    listen<RequestMessage>("partial-batch.sqs.request", (message) => {
      current.getStore()?.addRequest(message);
    }),
    listen<CloseMessage>("partial-batch.sqs.close", (message) => {
      const batch = current.getStore();
      if (!batch?.isOf(message)) return;
      underWay.delete(batch);
      batch.close(message);
    }),
  ];
  return {
    [Symbol.dispose]() {
      for (const each of [aroundBatches, aroundHandlers, ...subscriptions]) each[Symbol.dispose]();
      for (const batch of underWay) quietly(() => batch.abandon());
      underWay.clear();
    },
  };
}

/** Calls work with a context active, or without it if the context manager fails. */
function runWithin(active: Context, work: () => void): void {
  let isCalled = false;
  const call = () => {
    isCalled = true;
    work();
  };
  quietly(() => context.with(active, call));
  if (!isCalled) work();
}

/** Subscribes to a channel. What the listener throws would end the process. */
function listen<TMessage extends object>(
  name: string,
  listener: (message: TMessage) => void,
): Disposable {
  const listenQuietly = (message: unknown) => {
    quietly(() => listener(message as TMessage));
  };
  subscribe(name, listenQuietly);
  return { [Symbol.dispose]: () => void unsubscribe(name, listenQuietly) };
}

function checkTracerProvider(value: unknown): void {
  // Deno's own is a class.
  const isOwner = isObject(value) || typeof value === "function";
  if (isOwner && "getTracer" in value && typeof value.getTracer === "function") return;
  throw new TypeError(
    `Cannot use tracerProvider: expected a tracer provider, got ${describeShape(value)}`,
  );
}
