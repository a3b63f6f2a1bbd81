/**
 * CloudWatch metrics of your batches, without a client and without a permission: one line a batch in
 * CloudWatch's embedded metric format, of which CloudWatch Logs makes metrics.
 *
 * @example Metrics of every batch of a function
 * ```ts
 * import { withSqsBatch } from "@partial-batch/sqs";
 * import { emitMetrics } from "@partial-batch/sqs/metrics";
 *
 * emitMetrics({ namespace: "Orders" }); // once, at the top level of the module
 *
 * export const handler = withSqsBatch(async (record) => {
 *   await ship(JSON.parse(record.body));
 * });
 *
 * async function ship(_order: unknown) {}
 * ```
 *
 * @module
 */
export { emitMetrics } from "./emit_metrics.ts";
export type { EmitMetricsOptions } from "./options.ts";
