import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  type DeleteMessageBatchCommandOutput,
} from "@aws-sdk/client-sqs";
import type { SQSRecord } from "aws-lambda";
import type { SqsClientLike } from "../sqs_client_like.ts";
import { send } from "./client.ts";

/** SQS takes at most ten entries a request. */
const MOST_PER_REQUEST = 10;

/** Deletes messages, and gives those whose deletion SQS confirmed. */
export async function deleteRecords(
  client: SqsClientLike,
  QueueUrl: string,
  records: readonly SQSRecord[],
): Promise<SQSRecord[]> {
  const deleted: SQSRecord[] = [];
  for (const part of inParts(records)) {
    const Entries = part.map(({ receiptHandle: ReceiptHandle }, index) => ({
      Id: `${index}`,
      ReceiptHandle,
    }));
    const { Successful = [] } = await send<DeleteMessageBatchCommandOutput>(
      client,
      new DeleteMessageBatchCommand({ QueueUrl, Entries }),
    );
    const confirmed = new Set(Successful.map(({ Id }) => Id));
    deleted.push(...part.filter((_, index) => confirmed.has(`${index}`)));
  }
  return deleted;
}

/** Makes messages visible again at once. Where that fails, they are so after their timeout. */
export async function releaseRecords(
  client: SqsClientLike,
  QueueUrl: string,
  records: readonly SQSRecord[],
): Promise<void> {
  for (const part of inParts(records)) {
    const Entries = part.map(({ receiptHandle: ReceiptHandle }, index) => ({
      Id: `${index}`,
      ReceiptHandle,
      VisibilityTimeout: 0,
    }));
    const command = new ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries });
    await send(client, command).catch(() => {});
  }
}

function inParts(records: readonly SQSRecord[]): SQSRecord[][] {
  return Array.from(
    { length: Math.ceil(records.length / MOST_PER_REQUEST) },
    (_, part) => records.slice(part * MOST_PER_REQUEST, (part + 1) * MOST_PER_REQUEST),
  );
}
