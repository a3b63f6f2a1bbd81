import type { SQSRecord } from "aws-lambda";
import { AsyncLocalStorage } from "node:async_hooks";
import { putAround } from "../lifecycle/around_handler.ts";

const storage = new AsyncLocalStorage<SQSRecord>();
putAround(({ record }, handle) => storage.run(record, handle));

/**
 * Gives the record that is being handled, in its handler and in everything that the handler calls or starts:
 * for a logger that puts the message id on every line.
 *
 * - Each of several concurrent handlers gets its own record. If a handler opens another batch, the inner
 *   handler gets the inner record.
 * - It is the record that the handler got, with its body and its receipt handle. Log its `messageId`, not
 *   the whole record.
 * - It is `undefined` outside a handler: in the hooks of a processor, before and after the batch.
 * - Work that outlives its handler, such as a timer, keeps the record. A listener of the handler's
 *   `signal` may be called from outside it, where there is none.
 * - Import it at the top level of a module: it works for batches that are opened after the import.
 *
 * @returns The record, or `undefined`.
 * @category Logs
 *
 * @example Every line of a concurrent batch has its message's id
 * ```ts
 * import { withSqsBatch } from "@partial-batch/sqs";
 * import { currentRecord } from "@partial-batch/sqs/current-record";
 * import { createLambdaContext, createSqsEvent } from "@partial-batch/sqs/testing";
 * import assert from "node:assert/strict";
 *
 * const lines: string[] = [];
 * const log = (text: string) => lines.push(`${currentRecord()?.messageId}: ${text}`);
 *
 * const handler = withSqsBatch(async (record) => {
 *   await Promise.resolve();
 *   log(record.body);
 * });
 * const event = createSqsEvent(["a", "b"]);
 * await handler(event, createLambdaContext());
 *
 * assert.deepEqual(lines, event.Records.map(({ messageId, body }) => `${messageId}: ${body}`));
 * ```
 */
export function currentRecord(): SQSRecord | undefined {
  return storage.getStore();
}
