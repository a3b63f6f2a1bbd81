import {
  propagation,
  ROOT_CONTEXT,
  type SpanContext,
  type TextMapPropagator,
  trace,
} from "@opentelemetry/api";
import {
  CompositePropagator,
  W3CBaggagePropagator,
  W3CTraceContextPropagator,
} from "@opentelemetry/core";
import { AWSXRayPropagator } from "@opentelemetry/propagator-aws-xray";
import { B3InjectEncoding, B3Propagator } from "@opentelemetry/propagator-b3";
import { assertEquals, assertThrows } from "@std/assert";
import type { SQSMessageAttributes } from "aws-lambda";
import { parseQueueArn } from "../../../src/internal/queue_arn.ts";
import { producerOf } from "../../../src/opentelemetry/producer.ts";
import { QUEUE_ARN } from "../../support/factories.ts";

const SENT: SpanContext = {
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "b7ad6b7169203331",
  traceFlags: 1,
};
const TRACE_HEADER = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";

function record(messageAttributes: SQSMessageAttributes | undefined, traceHeader?: string) {
  return { messageId: "m1", queue: parseQueueArn(QUEUE_ARN), messageAttributes, traceHeader };
}

/** What an instrumented producer writes into the message attributes. */
function inject(propagator: TextMapPropagator): SQSMessageAttributes {
  const attributes: SQSMessageAttributes = {};
  propagator.inject(trace.setSpanContext(ROOT_CONTEXT, SENT), attributes, {
    set: (carrier, name, stringValue) => carrier[name] = { stringValue, dataType: "String" },
  });
  return attributes;
}

/** Registers a propagator while it is held. */
function registered(propagator: TextMapPropagator): Disposable {
  propagation.setGlobalPropagator(propagator);
  return { [Symbol.dispose]: () => propagation.disable() };
}

/** As the conventions describe `xray-lambda`: gives Lambda's own span if the carrier has none. */
class XRayLambdaPropagator extends AWSXRayPropagator {
  override extract(...[context, carrier, getter]: Parameters<AWSXRayPropagator["extract"]>) {
    const extracted = super.extract(context, carrier, getter);
    if (trace.getSpanContext(context)) return extracted;
    const ofLambda = { "x-amzn-trace-id": TRACE_HEADER };
    const get = (from: typeof ofLambda) => from["x-amzn-trace-id"];
    return super.extract(extracted, ofLambda, { get, keys: Object.keys });
  }
}

const PROPAGATORS: Readonly<Record<string, TextMapPropagator>> = {
  "W3C's trace context": new W3CTraceContextPropagator(),
  "B3 in one attribute": new B3Propagator(),
  "B3 in several": new B3Propagator({ injectEncoding: B3InjectEncoding.MULTI_HEADER }),
  "X-Ray": new AWSXRayPropagator(),
};

for (const [name, propagator] of Object.entries(PROPAGATORS)) {
  Deno.test(`producerOf() finds the sender in message attributes: ${name}`, () => {
    using _registered = registered(propagator);
    const found = producerOf(record(inject(propagator), TRACE_HEADER));
    assertEquals([found?.traceId, found?.spanId], [SENT.traceId, SENT.spanId]);
  });
}

Deno.test("producerOf() takes AWSTraceHeader where the attributes name no sender", () => {
  using _registered = registered(new W3CTraceContextPropagator());
  const binary = { binaryValue: "AA==", dataType: "Binary" } as const;
  for (
    const attributes of [
      undefined,
      {},
      { tenant: { stringValue: "a", dataType: "String" } },
      { traceparent: { stringValue: "00-nonsense", dataType: "String" } },
      { traceparent: binary },
    ] satisfies (SQSMessageAttributes | undefined)[]
  ) {
    assertEquals(producerOf(record(attributes, TRACE_HEADER))?.spanId, "53995c3f42cd8ad8");
    assertEquals(producerOf(record(attributes, "Root=nonsense")), undefined);
    assertEquals(producerOf(record(attributes)), undefined);
  }
});

Deno.test("producerOf() without a registered propagator takes AWSTraceHeader", () => {
  const attributes = inject(new W3CTraceContextPropagator());
  assertEquals(producerOf(record(attributes)), undefined);
  assertEquals(producerOf(record(attributes, TRACE_HEADER))?.spanId, "53995c3f42cd8ad8");
});

Deno.test("producerOf() does not take Lambda's own span for the sender", () => {
  const propagators = [new W3CBaggagePropagator(), new XRayLambdaPropagator()];
  using _registered = registered(new CompositePropagator({ propagators }));
  const attributes = { baggage: { stringValue: "tenant=a", dataType: "String" } } as const;
  assertEquals(producerOf(record(attributes)), undefined);
});

Deno.test("producerOf() throws what a propagator throws", () => {
  using _registered = registered({
    inject() {},
    extract() {
      throw new Error("propagator");
    },
    fields: () => [],
  });
  assertThrows(() => producerOf(record(inject(new W3CTraceContextPropagator()))), Error);
});
