/**
 * Traces for OpenTelemetry: a span for each record, active inside its handler and linked to whoever sent
 * the message, and a span for the batch. It needs `@opentelemetry/api`, and the library itself never
 * loads it.
 *
 * @example Tracing all batches of a function
 * ```ts
 * import { withSqsBatch } from "@partial-batch/sqs";
 * import { traceRecords } from "@partial-batch/sqs/opentelemetry";
 *
 * traceRecords(); // once, before the first event
 *
 * export const handler = withSqsBatch(async (record) => {
 *   await ship(JSON.parse(record.body)); // its spans are children of the record's span
 * });
 *
 * async function ship(_order: unknown) {}
 * ```
 *
 * @module
 */
export { traceRecords, type TraceRecordsOptions } from "./trace_records.ts";
