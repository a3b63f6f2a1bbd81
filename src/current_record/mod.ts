/**
 * The record that is being handled, wherever its handler calls: for the message id on every log line.
 * Importing this module switches it on; nothing else of the library makes an `AsyncLocalStorage`.
 *
 * @example
 * ```ts
 * import { withSqsBatch } from "@partial-batch/sqs";
 * import { currentRecord } from "@partial-batch/sqs/current-record";
 *
 * export const handler = withSqsBatch(async (record) => {
 *   await ship(JSON.parse(record.body));
 * });
 *
 * async function ship(order: { id: string }) {
 *   log(`shipping ${order.id}`);
 * }
 *
 * function log(text: string) {
 *   console.log({ messageId: currentRecord()?.messageId, text });
 * }
 * ```
 *
 * @module
 */
export { currentRecord } from "./current_record.ts";
