import { SQSClient } from "@aws-sdk/client-sqs";
import process from "node:process";
import { LOCAL_CREDENTIALS } from "../local/client.ts";
import { Child } from "./child.ts";
import type { DevQueue, QueueState } from "./dev_queue.ts";
import type { DevOptions } from "./options.ts";
import { attributesOf, countOf, createQueue } from "./queue_access.ts";
import { queueSource } from "./queue_source.ts";
import { installFauxqs, RUNTIME_NAME } from "./runtime.ts";
import { UsageError } from "./usage_error.ts";

/** After how many receives a message of the local queue is dead-lettered. */
const MAX_RECEIVE_COUNT = 3;

/** fauxqs has one account. */
const ACCOUNT_ID = "000000000000";

/**
 * Starts a local queue with a dead-letter queue, on a server that is a process of its own. Its
 * visibility timeout is a second longer than the function's timeout, so that a failed message comes
 * back soon, and never while it is handled.
 *
 * @throws {UsageError} If there is no fauxqs that runs here.
 */
export async function startLocalQueue({ fifo, timeoutMs }: DevOptions): Promise<DevQueue> {
  const region = process.env.AWS_REGION || process.env.AWS_DEFAULT_REGION || "us-east-1";
  const server = await startServer(region);
  const { endpoint } = server;
  const client = new SQSClient({
    endpoint,
    region,
    credentials: LOCAL_CREDENTIALS,
    useQueueUrlAsEndpoint: false,
  });
  const suffix = fifo ? ".fifo" : "";
  const urlOf = (name: string) => `${endpoint}/${ACCOUNT_ID}/${name}`;
  const [name, deadLetterQueueName] = [`dev${suffix}`, `dev-dlq${suffix}`];
  const kind: Record<string, string> = fifo
    ? { FifoQueue: "true", ContentBasedDeduplication: "true" }
    : {};
  const close = async () => {
    client.destroy();
    await server.child.kill();
  };
  try {
    await createQueue(client, deadLetterQueueName, kind);
    const { QueueArn } = await attributesOf(client, urlOf(deadLetterQueueName));
    await createQueue(client, name, {
      ...kind,
      VisibilityTimeout: `${timeoutMs / 1_000 + 1}`,
      RedrivePolicy: JSON.stringify({
        deadLetterTargetArn: QueueArn,
        maxReceiveCount: MAX_RECEIVE_COUNT,
      }),
    });
  } catch (error) {
    await close();
    throw error;
  }
  return {
    url: urlOf(name),
    client,
    description: "fauxqs, on this machine",
    maxReceiveCount: MAX_RECEIVE_COUNT,
    deadLetterQueueName,
    env: { AWS_ENDPOINT_URL_SQS: endpoint, AWS_REGION: region, ...credentialsWhereNone() },
    close,
    async look(): Promise<QueueState> {
      const left = await idsIn(`${endpoint}/_fauxqs/queues/${name}`);
      const deadLettered = await idsIn(`${endpoint}/_fauxqs/queues/${deadLetterQueueName}`);
      return { count: left?.size ?? await countOf(client, urlOf(name)), left, deadLettered };
    },
  };
}

/** What is set for a handler whose environment has no credentials: an emulator takes any. */
export function credentialsWhereNone(): Record<string, string> {
  const { AWS_ACCESS_KEY_ID, AWS_PROFILE } = process.env;
  if (AWS_ACCESS_KEY_ID || AWS_PROFILE) return {};
  const { accessKeyId, secretAccessKey } = LOCAL_CREDENTIALS;
  return { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
}

/** What the server's process says. */
type ServerReport = { readonly port: number } | { readonly error: string; readonly code: string };

async function startServer(region: string): Promise<{ child: Child; endpoint: string }> {
  let lastLine = "";
  let hear = (_report: ServerReport) => {};
  const heard = new Promise<ServerReport>((resolve) => hear = resolve);
  const child = new Child({
    program: { source: queueSource(region) },
    onMessage: (report) => hear(report as ServerReport),
    onOutput: (_, line) => lastLine = line || lastLine,
  });
  const report = await Promise.race([
    heard,
    child.ended.then(() => ({ error: `its process ended: ${lastLine}`, code: "" })),
  ]);
  if ("port" in report) return { child, endpoint: `http://127.0.0.1:${report.port}` };
  await child.kill();
  const isMissing = report.code === "ERR_MODULE_NOT_FOUND" ||
    /Cannot find (?:package|module)|not prefixed|not a dependency/.test(report.error);
  throw new UsageError(
    isMissing
      ? `Cannot find fauxqs, the local queue, from ${process.cwd()}: ${installFauxqs()} (${RUNTIME_NAME}), or give --queue-url`
      : `Cannot start fauxqs on ${RUNTIME_NAME}, which needs: ${installFauxqs()}; it said: ${
        report.error.split("\n", 1)[0]
      }`,
  );
}

/** As much of what fauxqs tells of a queue as is used here. */
interface Inspected {
  readonly messages: {
    readonly ready: readonly InspectedMessage[];
    readonly delayed: readonly InspectedMessage[];
    readonly inflight: readonly { readonly message: InspectedMessage }[];
  };
}

interface InspectedMessage {
  readonly messageId: string;
}

/** The ids of the messages in a queue, visible or not; `undefined` if fauxqs does not tell. */
async function idsIn(url: string): Promise<Set<string> | undefined> {
  const response = await fetch(url, { headers: { connection: "close" } });
  if (!response.ok) {
    await response.body?.cancel();
    return undefined;
  }
  const { messages: { ready, delayed, inflight } } = await response.json() as Inspected;
  const messages = [...ready, ...delayed, ...inflight.map(({ message }) => message)];
  return new Set(messages.map(({ messageId }) => messageId));
}
