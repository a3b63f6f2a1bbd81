import { type Span, SpanStatusCode } from "@opentelemetry/api";
import { describeNonError, isError, UNREADABLE_ERROR } from "../internal/describe_error.ts";
import type { Failure } from "./outcomes.ts";

/** What a span says of a thrown value. */
export interface ThrownValue {
  /** As `error.type` has it. */
  readonly type: string;
  readonly message: string;
  readonly stack?: string;
}

/** Records on a span what was thrown, and marks it as failed. */
export function failSpan(span: Span, error: unknown, time: number): void {
  const { type, message } = readThrown(error);
  recordThrown(span, error, time);
  markFailed(span, type, message);
}

/** Records on a span what was thrown, by default now: a stack with source maps takes a while to read. */
export function recordThrown(span: Span, error: unknown, time?: number): void {
  const { type, message, stack } = readThrown(error);
  span.recordException({ name: type, message, ...(stack !== undefined && { stack }) }, time);
}

/** Records on the span of a batch why one of its records failed. */
export function addFailure(span: Span, { messageId, error }: Failure): void {
  const { type, message, stack } = readThrown(error);
  span.addEvent("exception", {
    "exception.type": type,
    "exception.message": message,
    ...(stack !== undefined && { "exception.stacktrace": stack }),
    "messaging.message.id": messageId,
  });
}

/** Marks a span as failed. */
export function markFailed(span: Span, type: string, message: string): void {
  span.setAttribute("error.type", type);
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}

/** Reads a thrown value. Never throws, even if reading the value does. */
export function readThrown(error: unknown): ThrownValue {
  try {
    if (typeof error === "string") return { type: "_OTHER", message: error };
    if (!isError(error)) return { type: "_OTHER", message: describeNonError(error) };
    const { name, message, stack } = error;
    return { type: String(name) || "_OTHER", message: String(message), stack: String(stack ?? "") };
  } catch {
    return { type: "_OTHER", message: UNREADABLE_ERROR };
  }
}
