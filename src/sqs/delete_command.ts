import type { MakeCommand } from "./batch_request.ts";
import type { DeleteEntry } from "./delete_entries.ts";

/** `DeleteMessageBatch` for up to ten messages of one queue. */
export const deleteCommand: MakeCommand<DeleteEntry> = (sdk, QueueUrl, entries) =>
  new sdk.DeleteMessageBatchCommand({
    QueueUrl,
    Entries: entries.map(({ receiptHandle }, index) => ({
      Id: String(index),
      ReceiptHandle: receiptHandle,
    })),
  });
