import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  SendMessageBatchCommand,
  SQSClient,
  type SQSClientConfig,
} from "@aws-sdk/client-sqs";
import type { SQSRecord } from "aws-lambda";
import process from "node:process";
import { receiveBatch } from "../../scripts/event_source_mapping.ts";

/** The servers that the runner started, by name. */
export const SERVERS = ["fauxqs", "local-aws-sqs"] as const;

/** One of them. */
export type ServerName = typeof SERVERS[number];

/** How to reach a server. */
export function configOf(server: ServerName): SQSClientConfig & { readonly endpoint: string } {
  const variable = { "fauxqs": "FAUXQS_ENDPOINT", "local-aws-sqs": "LOCAL_AWS_SQS_ENDPOINT" };
  return {
    endpoint: process.env[variable[server]]!,
    region: "us-east-1",
    credentials: { accessKeyId: "AKIATEST", secretAccessKey: "secret-of-the-test" },
  };
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

  static async create(
    server: ServerName = "fauxqs",
    attributes: Record<string, string> = {},
  ): Promise<TestQueue> {
    const client = new SQSClient(configOf(server));
    const suffix = attributes.FifoQueue === "true" ? ".fifo" : "";
    const QueueName = `node-${crypto.randomUUID()}${suffix}`;
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

  async records(...bodies: readonly string[]): Promise<SQSRecord[]> {
    for (let start = 0; start < bodies.length; start += 10) {
      const Entries = bodies.slice(start, start + 10).map((MessageBody, index) => ({
        Id: String(index),
        MessageBody,
      }));
      await this.client.send(new SendMessageBatchCommand({ QueueUrl: this.url, Entries }));
    }
    const { client, url: queueUrl } = this;
    const records = await receiveBatch({ client, queueUrl, batchSize: bodies.length });
    return records.sort((a, b) => bodies.indexOf(a.body) - bodies.indexOf(b.body));
  }

  async left(): Promise<number> {
    const { ApproximateNumberOfMessages, ApproximateNumberOfMessagesNotVisible } = await this
      .attributes();
    // local-aws-sqs counts messages in flight as visible too.
    const inFlight = this.server === "fauxqs" ? Number(ApproximateNumberOfMessagesNotVisible) : 0;
    return Number(ApproximateNumberOfMessages) + inFlight;
  }
}

/** Fails for a body of `fail…`. */
export function handle({ body, messageId }: SQSRecord): string {
  if (body.startsWith("fail")) throw new RangeError(`no such order: ${messageId}`);
  return body;
}

/** What a promise rejects with. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("Expected a rejection");
}
