import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  GetQueueAttributesCommand,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import type { SQSRecord } from "aws-lambda";
import { pollOnce, type PollOnceOptions } from "@partial-batch/sqs/local";
import { lookAtQueue } from "../../src/local/queue.ts";
import { receiveBatch } from "../../src/local/receive.ts";

/** The independent SQS servers that the tests run against. */
export const SERVERS = ["fauxqs", "local-aws-sqs"] as const;

/** The name of one of them. */
export type ServerName = typeof SERVERS[number];

/** What a message is sent as. */
export type MessageToSend = Omit<SendMessageBatchRequestEntry, "Id">;

/** Receives up to `batchSize` messages that a queue gives at once, as records. */
export async function receiveFrom(
  client: SQSClient,
  url: string,
  batchSize: number,
  visibilityTimeoutSeconds?: number,
): Promise<SQSRecord[]> {
  const queue = await lookAtQueue(client, url, visibilityTimeoutSeconds);
  return await receiveBatch({ client, queue, batchSize, windowMs: 0, waitTimeSeconds: 0 });
}

/** A queue of its own for one test. */
export class TestQueue {
  readonly server: ServerName;
  readonly client: SQSClient;
  readonly url: string;

  constructor(server: ServerName, client: SQSClient, url: string) {
    this.server = server;
    this.client = client;
    this.url = url;
  }

  /** Makes a new queue on a server. */
  static async create(
    server: ServerName,
    client: SQSClient,
    attributes: Record<string, string> = {},
  ): Promise<TestQueue> {
    const suffix = attributes.FifoQueue === "true" ? ".fifo" : "";
    const QueueName = `orders-${crypto.randomUUID()}${suffix}`;
    const { QueueUrl } = await client.send(
      new CreateQueueCommand({ QueueName, Attributes: attributes }),
    );
    return new TestQueue(server, client, QueueUrl!);
  }

  async attributes(): Promise<Partial<Record<string, string>>> {
    const { Attributes = {} } = await this.client.send(
      new GetQueueAttributesCommand({ QueueUrl: this.url, AttributeNames: ["All"] }),
    );
    return Attributes;
  }

  async arn(): Promise<string> {
    return (await this.attributes()).QueueArn!;
  }

  /** Its URL at an endpoint: fauxqs writes hosts that lead nowhere where it listens on an address. */
  async urlAt(endpoint: string): Promise<string> {
    const [accountId, name] = (await this.arn()).split(":").slice(4);
    return `${new URL(endpoint).origin}/${accountId}/${name}`;
  }

  async send(...messages: readonly (string | MessageToSend)[]): Promise<void> {
    for (let start = 0; start < messages.length; start += 10) {
      const Entries = messages.slice(start, start + 10).map((message, index) => ({
        Id: String(index),
        ...(typeof message === "string" ? { MessageBody: message } : message),
      }));
      await this.client.send(new SendMessageBatchCommand({ QueueUrl: this.url, Entries }));
    }
  }

  /** Receives messages as the records of an event. */
  async receive(batchSize = 10): Promise<SQSRecord[]> {
    return await receiveFrom(this.client, this.url, batchSize);
  }

  /** Sends messages and receives them, in the order in which they were sent. */
  async records(...messages: readonly (string | MessageToSend)[]): Promise<SQSRecord[]> {
    await this.send(...messages);
    const records = await this.receive(messages.length);
    const bodies = messages.map((each) => typeof each === "string" ? each : each.MessageBody);
    return records.sort((a, b) => bodies.indexOf(a.body) - bodies.indexOf(b.body));
  }

  /** Ends a message's visibility timeout: whoever received it is too late. */
  async makeVisible({ receiptHandle }: SQSRecord): Promise<void> {
    await this.client.send(
      new ChangeMessageVisibilityCommand({
        QueueUrl: this.url,
        ReceiptHandle: receiptHandle,
        VisibilityTimeout: 0,
      }),
    );
  }

  /** Lets the event source mapping play one round. */
  async poll(options: Omit<PollOnceOptions, "client" | "queueUrl">): ReturnType<typeof pollOnce> {
    const { client, url: queueUrl } = this;
    const patient = { waitTimeSeconds: 0, functionTimeoutMs: 30_000 };
    return await pollOnce({ client, queueUrl, ...patient, ...options });
  }

  /** How many messages it still has, in flight or not. */
  async left(): Promise<number> {
    const {
      ApproximateNumberOfMessages: visible,
      ApproximateNumberOfMessagesNotVisible: inFlight,
    } = await this.attributes();
    // local-aws-sqs counts messages in flight as visible too.
    return Number(visible) + (this.server === "fauxqs" ? Number(inFlight) : 0);
  }
}
