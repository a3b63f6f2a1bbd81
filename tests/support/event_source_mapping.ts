/**
 * Plays Lambda's event source mapping for SQS: receives a batch, builds the event, invokes the
 * handler, and deletes what Lambda would delete.
 *
 * After "Lambda developer guide, Using Lambda with Amazon SQS" and "Implementing partial batch
 * responses".
 */
import {
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import type { Context, SQSEvent, SQSRecord } from "aws-lambda";

/** A Lambda handler, as the mapping sees it. */
export type InvokedHandler = (event: SQSEvent, context: Context) => unknown;

/** Options of {@linkcode pollOnce}. */
export interface PollOptions {
  readonly client: SQSClient;
  readonly queueUrl: string;
  readonly handler: InvokedHandler;
  /** How many messages a batch has at most. Default 10. */
  readonly batchSize?: number;
  /** Does the mapping have `ReportBatchItemFailures`? Default no. */
  readonly reportBatchItemFailures?: boolean;
  /** The invocation's time limit, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number;
  /** Seconds to wait for a first message. Default 0. */
  readonly waitTimeSeconds?: number;
  /** Seconds for which a received message is hidden. Default that of the queue. */
  readonly visibilityTimeout?: number;
}

/** What happened in one round. */
export interface Invocation {
  /** What was received. */
  readonly records: readonly SQSRecord[];
  /** What the handler returned; `undefined` if it threw. */
  readonly result: unknown;
  /** What it threw; `undefined` if it returned. */
  readonly error: unknown;
  /** What Lambda deletes after it. */
  readonly deletedByLambda: readonly SQSRecord[];
}

/** One round: receive, invoke, delete. `undefined` if there was no message. */
export async function pollOnce(options: PollOptions): Promise<Invocation | undefined> {
  const { client, queueUrl, handler, timeoutMs = 30_000 } = options;
  const records = await receiveBatch(options);
  if (records.length === 0) return undefined;
  let result: unknown;
  let error: unknown;
  let threw = false;
  try {
    result = await handler({ Records: records }, lambdaContext(timeoutMs));
  } catch (thrown) {
    threw = true;
    error = thrown;
  }
  const deletedByLambda = threw
    ? []
    : recordsToDelete(records, result, options.reportBatchItemFailures ?? false);
  await deleteRecords(client, queueUrl, deletedByLambda);
  return { records, result, error, deletedByLambda };
}

/** Receives up to `batchSize` messages as SQS records. */
export async function receiveBatch(
  { client, queueUrl, batchSize = 10, waitTimeSeconds = 0, visibilityTimeout }: Omit<
    PollOptions,
    "handler"
  >,
): Promise<SQSRecord[]> {
  const arn = await queueArn(client, queueUrl);
  const records: SQSRecord[] = [];
  while (records.length < batchSize) {
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({
        QueueUrl: queueUrl,
        MaxNumberOfMessages: Math.min(10, batchSize - records.length),
        // The old name too: local-aws-sqs knows no other.
        AttributeNames: ["All"],
        MessageSystemAttributeNames: ["All"],
        MessageAttributeNames: ["All"],
        WaitTimeSeconds: records.length === 0 ? waitTimeSeconds : 0,
        VisibilityTimeout: visibilityTimeout,
      }),
    );
    if (Messages.length === 0) break;
    records.push(...Messages.map((message) => toRecord(message, arn)));
  }
  return records;
}

async function queueArn(client: SQSClient, queueUrl: string): Promise<string> {
  const { Attributes } = await client.send(
    new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ["QueueArn"] }),
  );
  return Attributes!.QueueArn!;
}

function toRecord(message: Message, eventSourceARN: string): SQSRecord {
  const messageAttributes = Object.entries(message.MessageAttributes ?? {}).map(
    ([name, { DataType, StringValue, BinaryValue }]) => [name, {
      dataType: DataType!,
      stringValue: StringValue,
      binaryValue: BinaryValue && btoa(String.fromCharCode(...BinaryValue)),
      stringListValues: [],
      binaryListValues: [],
    }],
  );
  return {
    messageId: message.MessageId!,
    receiptHandle: message.ReceiptHandle!,
    body: message.Body!,
    attributes: message.Attributes as unknown as SQSRecord["attributes"],
    messageAttributes: Object.fromEntries(messageAttributes),
    md5OfBody: message.MD5OfBody!,
    eventSource: "aws:sqs",
    eventSourceARN,
    awsRegion: eventSourceARN.split(":")[3]!,
  };
}

/** Lambda's context, with a deadline `timeoutMs` from now. */
export function lambdaContext(timeoutMs: number): Context {
  const deadline = Date.now() + timeoutMs;
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: "orders",
    functionVersion: "$LATEST",
    invokedFunctionArn: "arn:aws:lambda:us-east-1:123456789012:function:orders",
    memoryLimitInMB: "128",
    awsRequestId: crypto.randomUUID(),
    logGroupName: "/aws/lambda/orders",
    logStreamName: "local",
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
    done: () => {},
    fail: () => {},
    succeed: () => {},
  };
}

/**
 * What Lambda deletes after a normal return: everything; with `ReportBatchItemFailures` all but the
 * listed messages, and nothing if the response is malformed. An empty response, or an empty list,
 * is a complete success.
 */
export function recordsToDelete(
  records: readonly SQSRecord[],
  response: unknown,
  reportBatchItemFailures: boolean,
): readonly SQSRecord[] {
  if (!reportBatchItemFailures || response === null || response === undefined) return records;
  const failures = (response as { batchItemFailures?: unknown }).batchItemFailures;
  if (failures === null || failures === undefined) return records;
  if (!Array.isArray(failures)) return [];
  const ids: unknown[] = failures.map((failure) => failure?.itemIdentifier);
  const known = new Set<unknown>(records.map((record) => record.messageId));
  if (!ids.every((id) => known.has(id))) return [];
  return records.filter((record) => !ids.includes(record.messageId));
}

async function deleteRecords(
  client: SQSClient,
  queueUrl: string,
  records: readonly SQSRecord[],
): Promise<void> {
  for (let start = 0; start < records.length; start += 10) {
    const Entries = records.slice(start, start + 10).map(({ receiptHandle }, index) => ({
      Id: String(index),
      ReceiptHandle: receiptHandle,
    }));
    await client.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
  }
}
