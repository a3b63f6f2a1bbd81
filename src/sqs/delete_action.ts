import type { BatchAction } from "./batch_request.ts";
import type { DeleteEntry } from "./delete_entries.ts";

/** Deletes messages. */
export const DELETE: BatchAction<DeleteEntry> = {
  name: "DeleteMessageBatch",
  permission: "sqs:DeleteMessage",
  command: (sdk, QueueUrl, entries) =>
    new sdk.DeleteMessageBatchCommand({
      QueueUrl,
      Entries: entries.map(({ receiptHandle }, index) => ({
        Id: String(index),
        ReceiptHandle: receiptHandle,
      })),
    }),
};
