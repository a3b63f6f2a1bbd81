import type {
  DeleteMessageBatchCommandInput,
  DeleteMessageBatchCommandOutput,
  SQSClient,
} from "@aws-sdk/client-sqs";

/** What was deleted through a client. */
export interface Deletions {
  /** How many requests were sent. */
  readonly requests: number;
  /** The receipt handles whose deletion SQS confirmed. */
  readonly receiptHandles: ReadonlySet<string>;
}

/** Watches the deletions that go through a client. */
export function watchDeletions(client: SQSClient): Deletions {
  const receiptHandles = new Set<string>();
  const deletions = { requests: 0, receiptHandles };
  client.middlewareStack.add((next, { commandName }) => async (args) => {
    if (commandName !== "DeleteMessageBatchCommand") return await next(args);
    deletions.requests++;
    const result = await next(args);
    const { Entries = [] } = args.input as DeleteMessageBatchCommandInput;
    const { Successful = [] } = result.output as DeleteMessageBatchCommandOutput;
    const confirmed = new Set(Successful.map(({ Id }) => Id));
    for (const { Id, ReceiptHandle } of Entries) {
      if (ReceiptHandle !== undefined && confirmed.has(Id)) receiptHandles.add(ReceiptHandle);
    }
    return result;
  }, { step: "initialize", name: "watchDeletions" });
  return deletions;
}
