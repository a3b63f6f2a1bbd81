import type { Span } from "@opentelemetry/api";
import { isObject } from "../internal/shape.ts";

const LAMBDA_INSTRUMENTATION = "@opentelemetry/instrumentation-aws-lambda";

/**
 * Whether a span is that of an invocation for which `@opentelemetry/instrumentation-aws-lambda` has made
 * a `process` span of the batch as well, as it does from 0.71 on. That span is never active, so nobody else
 * can reach it.
 *
 * It goes by what the SDK's spans show (`ReadableSpan`), because the API has no means to ask. Where
 * that fails, the answer is no.
 */
export function hasSpanOfBatch(span: Span): boolean {
  if (!isObject(span)) return false;
  // The SDK had the older name until 2.0.
  const scope = span.instrumentationScope ?? span.instrumentationLibrary;
  return isObject(scope) && scope.name === LAMBDA_INSTRUMENTATION &&
    isObject(span.attributes) && span.attributes["faas.trigger"] === "pubsub";
}
