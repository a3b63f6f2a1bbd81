import {
  isSpanContextValid,
  propagation,
  ROOT_CONTEXT,
  type SpanContext,
  type TextMapGetter,
  trace,
} from "@opentelemetry/api";
import type { SQSMessageAttributes } from "aws-lambda";
import type { SurroundedRecord } from "../lifecycle/around_batch.ts";
import { parseTraceHeader } from "./trace_header.ts";

const attributeGetter: TextMapGetter<SQSMessageAttributes> = {
  keys: (attributes) => Object.keys(attributes),
  get: (attributes, name) =>
    Object.hasOwn(attributes, name) ? attributes[name]!.stringValue : undefined,
};

/**
 * What to extract onto: a span that no message names. If it is still there afterwards nothing was found. The
 * propagator `xray-lambda` leaves a context with a span alone, and would otherwise give Lambda's own span
 * for every message.
 */
const NOTHING_FOUND: SpanContext = {
  traceId: "ffffffffffffffffffffffffffffffff",
  spanId: "ffffffffffffffff",
  traceFlags: 0,
};
const EMPTY = trace.setSpanContext(ROOT_CONTEXT, NOTHING_FOUND);

/**
 * The span in which a message was sent: as its attributes say, in the format of whatever propagator is
 * configured, else as `AWSTraceHeader` says.
 */
export function producerOf(
  { messageAttributes, traceHeader }: SurroundedRecord,
): SpanContext | undefined {
  return (messageAttributes && extract(messageAttributes)) ??
    (traceHeader === undefined ? undefined : parseTraceHeader(traceHeader));
}

function extract(messageAttributes: SQSMessageAttributes): SpanContext | undefined {
  if (Object.keys(messageAttributes).length === 0) return undefined;
  const extracted = propagation.extract(EMPTY, messageAttributes, attributeGetter);
  const found = trace.getSpanContext(extracted);
  return found && found.spanId !== NOTHING_FOUND.spanId && isSpanContextValid(found)
    ? found
    : undefined;
}
