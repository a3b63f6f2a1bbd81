import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  type QueueAttributeName,
  SendMessageBatchCommand,
  type SQSClient,
  type SQSClientConfig,
} from "@aws-sdk/client-sqs";
import process from "node:process";
import { counted } from "./format.ts";
import type { DemoOptions } from "./options.ts";

/** Where messages go that were received too often. */
export interface DeadLetterQueue {
  readonly url: string;
  readonly name: string;
  readonly maxReceiveCount: number;
}

/** The queue that the demo plays on. */
export interface DemoQueue {
  readonly url: string;
  readonly name: string;
  readonly deadLetterQueue?: DeadLetterQueue;
  /** How long a received message is hidden, in seconds. */
  readonly visibilityTimeout: number;
  /** How long to wait for a message, in seconds: on AWS, a poll that does not wait misses some. */
  readonly waitTimeSeconds: number;
}

/** How long waiting for one order's way to the dead-letter queue may take, in seconds. */
const LONGEST_REDRIVE = 30;

const COUNTS = [
  "ApproximateNumberOfMessages",
  "ApproximateNumberOfMessagesNotVisible",
  "ApproximateNumberOfMessagesDelayed",
] as const satisfies readonly QueueAttributeName[];

/** A client's configuration for a server of our own. */
export function localConfig(endpoint: string): SQSClientConfig {
  const credentials = { accessKeyId: "demo", secretAccessKey: "demo" };
  return { ...boundedConfig(), endpoint, region: "us-east-1", credentials };
}

/**
 * A client's configuration for a queue of the user's: the region is that of the URL if it has one;
 * a URL that is not one of AWS is the endpoint too.
 */
export function remoteConfig(
  { url, region = regionOf(url), endpoint = endpointOf(url) }: NonNullable<DemoOptions["queue"]>,
): SQSClientConfig {
  const given = region === undefined ? {} : { region };
  if (endpoint === undefined) return { ...boundedConfig(), ...given };
  return {
    ...boundedConfig(),
    region: process.env.AWS_REGION ?? "us-east-1",
    ...given,
    endpoint,
    // Else the SDK sends requests to the host of the queue's URL.
    useQueueUrlAsEndpoint: false,
  };
}

/** The SDK has no time limits of its own, and at this one it only warns unless told to throw. */
function boundedConfig(): SQSClientConfig {
  return {
    maxAttempts: 2,
    requestHandler: {
      connectionTimeout: 3_000,
      requestTimeout: 8_000,
      throwOnRequestTimeout: true,
    },
  };
}

const AWS_HOST = /^(?:sqs|sqs-fips)\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/;

function regionOf(queueUrl: string): string | undefined {
  return /^(?:sqs|sqs-fips)\.([a-z0-9-]+)\./.exec(new URL(queueUrl).hostname)?.[1];
}

function endpointOf(queueUrl: string): string | undefined {
  const { hostname, origin } = new URL(queueUrl);
  return AWS_HOST.test(hostname) ? undefined : origin;
}

/** Makes a queue with a dead-letter queue. */
export async function createQueue(client: SQSClient): Promise<DemoQueue> {
  const create = async (QueueName: string, Attributes: Record<string, string> = {}) => {
    const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName, Attributes }));
    return QueueUrl!;
  };
  const deadLetterQueue = {
    url: await create("orders-dlq"),
    name: "orders-dlq",
    maxReceiveCount: 3,
  };
  const { QueueArn: deadLetterTargetArn } = await attributes(client, deadLetterQueue.url, [
    "QueueArn",
  ]);
  const { maxReceiveCount } = deadLetterQueue;
  const url = await create("orders", {
    VisibilityTimeout: "1",
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount }),
  });
  return { url, name: "orders", deadLetterQueue, visibilityTimeout: 1, waitTimeSeconds: 0 };
}

/**
 * Looks at a queue of the user's. A dead-letter queue that takes a message only after many receives
 * is left out: nobody waits for that.
 *
 * @throws {Error} If it or its dead-letter queue is not empty: what others sent must not be received.
 */
export async function lookAtQueue(client: SQSClient, url: string): Promise<DemoQueue> {
  const { RedrivePolicy } = await attributes(client, url, ["RedrivePolicy"]);
  const queue = { url, name: nameOf(new URL(url).pathname, "/"), waitTimeSeconds: 1 };
  await checkEmpty(client, queue, "the queue");
  const maxReceiveCount = Number(RedrivePolicy ? JSON.parse(RedrivePolicy).maxReceiveCount : NaN);
  const visibilityTimeout = Math.min(5, Math.floor(LONGEST_REDRIVE / maxReceiveCount));
  if (!RedrivePolicy || visibilityTimeout < 3) return { ...queue, visibilityTimeout: 5 };
  const deadLetterQueue = await findDeadLetterQueue(client, RedrivePolicy);
  await checkEmpty(client, deadLetterQueue, "its dead-letter queue");
  return { ...queue, deadLetterQueue, visibilityTimeout };
}

async function findDeadLetterQueue(client: SQSClient, policy: string): Promise<DeadLetterQueue> {
  const { deadLetterTargetArn, maxReceiveCount } = JSON.parse(policy);
  const name = nameOf(deadLetterTargetArn, ":");
  const { QueueUrl } = await client.send(
    new GetQueueUrlCommand({
      QueueName: name,
      QueueOwnerAWSAccountId: deadLetterTargetArn.split(":")[4],
    }),
  );
  return { url: QueueUrl!, name, maxReceiveCount: Number(maxReceiveCount) };
}

function nameOf(path: string, separator: string): string {
  return path.slice(path.lastIndexOf(separator) + 1);
}

async function checkEmpty(
  client: SQSClient,
  { url, name }: { readonly url: string; readonly name: string },
  what: string,
): Promise<void> {
  const count = await messageCount(client, url);
  if (count === 0) return;
  throw new Error(
    `${what} ${name} is not empty (it has ${counted(count, "message")}), and the demo must not ` +
      "receive what others sent",
  );
}

/** How many messages the server counts in a queue: visible, in flight and delayed. */
export async function messageCount(client: SQSClient, url: string): Promise<number> {
  const counts = await attributes(client, url, COUNTS);
  return COUNTS.reduce((sum, name) => sum + Number(counts[name] ?? 0), 0);
}

async function attributes(
  client: SQSClient,
  url: string,
  names: readonly QueueAttributeName[],
): Promise<Partial<Record<string, string>>> {
  const { Attributes = {} } = await client.send(
    new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: [...names] }),
  );
  return Attributes;
}

/**
 * Sends messages, ten at a time, and gives back how many SQS took.
 *
 * @throws {Error} If it refused one.
 */
export async function sendMessages(
  client: SQSClient,
  url: string,
  bodies: readonly string[],
): Promise<number> {
  let sent = 0;
  for (let start = 0; start < bodies.length; start += 10) {
    const Entries = bodies.slice(start, start + 10).map((MessageBody, index) => ({
      Id: String(index),
      MessageBody,
    }));
    const { Successful = [], Failed = [] } = await client.send(
      new SendMessageBatchCommand({ QueueUrl: url, Entries }),
    );
    if (Failed.length > 0) throw new Error(`SQS refused a message (${Failed[0]!.Code})`);
    sent += Successful.length;
  }
  return sent;
}
