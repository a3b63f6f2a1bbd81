import { SQSClient, type SQSClientConfig } from "@aws-sdk/client-sqs";
import { FaultProxy } from "./fault_proxy.ts";
import { startSqsServer } from "./start_process.ts";
import { type ServerName, TestQueue } from "./test_queue.ts";

const started = new Map<ServerName, Promise<TestSqs>>();

/** A real SQS server behind our proxy, each in a process of its own; one for each test file. */
export function testSqs(name: ServerName = "fauxqs"): Promise<TestSqs> {
  const sqs = started.get(name) ?? TestSqs.start(name);
  started.set(name, sqs);
  return sqs;
}

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
    return await TestQueue.create(this.name, this.client, attributes);
  }

  /** How many requests of an action came through the proxy. */
  async calls(action = "DeleteMessageBatch"): Promise<number> {
    return (await this.proxy.requests(action)).length;
  }
}
