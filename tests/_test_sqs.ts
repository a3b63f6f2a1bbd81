import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  GetQueueAttributesCommand,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  SQSClient,
  type SQSClientConfig,
} from "@aws-sdk/client-sqs";
import type { SQSRecord } from "aws-lambda";
import { pollOnce, type PollOptions, receiveBatch } from "../scripts/event_source_mapping.ts";
import { startSqsServer } from "../scripts/start_process.ts";
import { queueUrlFromArn } from "../src/sqs/queue_url.ts";
import { FaultProxy } from "./_fault_proxy.ts";

/** The independent SQS servers that the tests run against. */
export const SERVERS = ["fauxqs", "local-aws-sqs"] as const;

/** The name of one of them. */
export type ServerName = typeof SERVERS[number];

const started = new Map<ServerName, Promise<TestSqs>>();

/** A real SQS server behind our proxy, both as own processes; one for each test file. */
export function testSqs(name: ServerName = "fauxqs"): Promise<TestSqs> {
  const sqs = started.get(name) ?? TestSqs.start(name);
  started.set(name, sqs);
  return sqs;
}

/** What a message is sent as. */
export type MessageToSend = Omit<SendMessageBatchRequestEntry, "Id">;

/** A real SQS server, what goes wrong on the way to it, and what arrived there. */
export class TestSqs {
  readonly name: ServerName;
  readonly proxy: FaultProxy;
  readonly config: SQSClientConfig;
  /** Goes to the server directly: it is neither counted nor hit by faults. */
  readonly client: SQSClient;

  constructor(name: ServerName, server: string, proxy: FaultProxy) {
    this.name = name;
    this.proxy = proxy;
    const credentials = { accessKeyId: "AKIATEST", secretAccessKey: "secret-of-the-test" };
    this.config = { endpoint: proxy.endpoint, region: "us-east-1", credentials };
    this.client = new SQSClient({ ...this.config, endpoint: server });
  }

  static async start(name: ServerName): Promise<TestSqs> {
    const server = await startSqsServer(name);
    return new TestSqs(name, server.endpoint, await FaultProxy.start(server.endpoint));
  }

  /** A new queue; forgets the faults and the requests of the test before. */
  async createQueue(attributes: Record<string, string> = {}): Promise<TestQueue> {
    await this.proxy.reset();
    const suffix = attributes.FifoQueue === "true" ? ".fifo" : "";
    const { QueueUrl } = await this.client.send(
      new CreateQueueCommand({
        QueueName: `orders-${crypto.randomUUID()}${suffix}`,
        Attributes: attributes,
      }),
    );
    return new TestQueue(this, QueueUrl!);
  }

  /** How many requests of an action came through the proxy. */
  async calls(action = "DeleteMessageBatch"): Promise<number> {
    return (await this.proxy.requests(action)).length;
  }
}

/** A queue of its own for one test. */
export class TestQueue {
  readonly sqs: TestSqs;
  readonly url: string;

  constructor(sqs: TestSqs, url: string) {
    this.sqs = sqs;
    this.url = url;
  }

  async attributes(): Promise<Partial<Record<string, string>>> {
    const { Attributes = {} } = await this.sqs.client.send(
      new GetQueueAttributesCommand({ QueueUrl: this.url, AttributeNames: ["All"] }),
    );
    return Attributes;
  }

  async arn(): Promise<string> {
    return (await this.attributes()).QueueArn!;
  }

  async send(...messages: readonly (string | MessageToSend)[]): Promise<void> {
    for (let start = 0; start < messages.length; start += 10) {
      const Entries = messages.slice(start, start + 10).map((message, index) => ({
        Id: String(index),
        ...(typeof message === "string" ? { MessageBody: message } : message),
      }));
      await this.sqs.client.send(new SendMessageBatchCommand({ QueueUrl: this.url, Entries }));
    }
  }

  /** Receives messages as the records of an event. */
  async receive(batchSize = 10): Promise<SQSRecord[]> {
    return await receiveBatch({ client: this.sqs.client, queueUrl: this.url, batchSize });
  }

  /** Its URL at the proxy: fauxqs writes hosts that are none where it listens on an address. */
  async urlAtProxy(): Promise<string> {
    return queueUrlFromArn(await this.arn(), new URL(this.sqs.proxy.endpoint));
  }

  /** Sends messages and receives them, in the order they were sent. */
  async records(...messages: readonly (string | MessageToSend)[]): Promise<SQSRecord[]> {
    await this.send(...messages);
    const records = await this.receive(messages.length);
    const bodies = messages.map((each) => typeof each === "string" ? each : each.MessageBody);
    return records.sort((a, b) => bodies.indexOf(a.body) - bodies.indexOf(b.body));
  }

  /** Ends a message's visibility timeout: whoever received it is too late. */
  async makeVisible({ receiptHandle }: SQSRecord): Promise<void> {
    await this.sqs.client.send(
      new ChangeMessageVisibilityCommand({
        QueueUrl: this.url,
        ReceiptHandle: receiptHandle,
        VisibilityTimeout: 0,
      }),
    );
  }

  /** Lets the event source mapping play one round. */
  async poll(options: Omit<PollOptions, "client" | "queueUrl">): ReturnType<typeof pollOnce> {
    return await pollOnce({ client: this.sqs.client, queueUrl: this.url, ...options });
  }

  /** How many messages it still has, in flight or not. */
  async left(): Promise<number> {
    const {
      ApproximateNumberOfMessages: visible,
      ApproximateNumberOfMessagesNotVisible: inFlight,
    } = await this.attributes();
    // local-aws-sqs counts messages in flight as visible too.
    return Number(visible) + (this.sqs.name === "fauxqs" ? Number(inFlight) : 0);
  }
}
