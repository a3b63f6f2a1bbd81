import { context, propagation, type TextMapPropagator, type Tracer } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { assert } from "@std/assert";

/**
 * OpenTelemetry's own SDK, with its context manager and a propagator registered while this is held; spans
 * are kept in memory.
 */
export class RecordedSpans implements Disposable {
  readonly provider: BasicTracerProvider;
  readonly tracer: Tracer;
  readonly #exporter = new InMemorySpanExporter();

  constructor(propagator: TextMapPropagator = new W3CTraceContextPropagator()) {
    this.provider = new BasicTracerProvider({
      spanProcessors: [new SimpleSpanProcessor(this.#exporter)],
    });
    this.tracer = this.provider.getTracer("orders");
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    propagation.setGlobalPropagator(propagator);
  }

  /** The spans that have ended, in that order. */
  get all(): readonly ReadableSpan[] {
    return this.#exporter.getFinishedSpans();
  }

  /** The spans of records, in the order of the given message ids. */
  ofRecords(...records: readonly { readonly messageId: string }[]): readonly ReadableSpan[] {
    const spans = this.all.filter(({ attributes }) => "messaging.message.id" in attributes);
    assert(spans.length === records.length, `${spans.length} spans of ${records.length} records`);
    return records.map(({ messageId }) =>
      spans.find(({ attributes }) => attributes["messaging.message.id"] === messageId)!
    );
  }

  /** The span of the only batch. */
  get batch(): ReadableSpan {
    const spans = this.all.filter(({ attributes }) =>
      "messaging.batch.message_count" in attributes
    );
    assert(spans.length === 1, `${spans.length} spans of batches`);
    return spans[0]!;
  }

  [Symbol.dispose](): void {
    context.disable();
    propagation.disable();
  }
}
