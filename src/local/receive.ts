import { ReceiveMessageCommand, type ReceiveMessageCommandOutput } from "@aws-sdk/client-sqs";
import type { SQSRecord } from "aws-lambda";
import type { SqsClientLike } from "../sqs_client_like.ts";
import { send } from "./client.ts";
import type { SourceQueue } from "./queue.ts";
import { toRecord } from "./record.ts";
import { sleep } from "./sleep.ts";

/** How a batch is gathered. */
export interface Gathering {
  readonly client: SqsClientLike;
  readonly queue: SourceQueue;
  readonly batchSize: number;
  /** For how long to gather, from the first message on. */
  readonly windowMs: number;
  /** For how long to wait for a first message. */
  readonly waitTimeSeconds: number;
  /** Ends the gathering early: what there is by then is the batch. */
  readonly stopped?: AbortSignal;
  /** Gives a request up that is under way. */
  readonly abortSignal?: AbortSignal;
}

/** SQS gives at most ten messages a request. */
const MOST_PER_REQUEST = 10;

/** The longest that SQS waits for a message. */
const LONGEST_WAIT_SECONDS = 20;

/**
 * Receives a batch, empty if there was no message.
 *
 * With a window it receives until the window is over or the batch is full (AWS Lambda developer guide,
 * "Using Lambda with Amazon SQS"). Lambda also stops at 6 MB, which is not modelled. Without a window it
 * takes what the queue gives at once.
 */
export async function receiveBatch(gathering: Gathering): Promise<SQSRecord[]> {
  const { batchSize, windowMs, waitTimeSeconds, stopped } = gathering;
  // A message whose visibility timeout ends meanwhile comes again: its newer handle is the valid one.
  const records = new Map<string, SQSRecord>();
  const gather = async (waitSeconds: number) => {
    const asked = Math.min(MOST_PER_REQUEST, batchSize - records.size);
    const before = records.size;
    for (const record of await receive(gathering, asked, waitSeconds)) {
      records.set(record.messageId, record);
    }
    return { asked, added: records.size - before };
  };
  let { asked, added } = await gather(waitTimeSeconds);
  if (added === 0) return [];
  const end = performance.now() + windowMs;
  while (records.size < batchSize && !stopped?.aborted) {
    const leftMs = end - performance.now();
    if (windowMs > 0 ? leftMs <= 0 : added < asked) break;
    if (added === 0) await sleep(Math.min(100, leftMs), stopped);
    // While somebody may say stop, no request may take long.
    const wait = Math.min(stopped ? 1 : LONGEST_WAIT_SECONDS, Math.floor(leftMs / 1_000));
    ({ asked, added } = await gather(Math.max(0, wait)));
  }
  return [...records.values()];
}

async function receive(
  { client, queue, abortSignal }: Gathering,
  MaxNumberOfMessages: number,
  WaitTimeSeconds: number,
): Promise<SQSRecord[]> {
  const { Messages = [] } = await send<ReceiveMessageCommandOutput>(
    client,
    new ReceiveMessageCommand({
      QueueUrl: queue.url,
      MaxNumberOfMessages,
      // The old name too: older emulators know no other.
      AttributeNames: ["All"],
      MessageSystemAttributeNames: ["All"],
      MessageAttributeNames: ["All"],
      WaitTimeSeconds,
      VisibilityTimeout: queue.visibilityTimeoutSeconds,
    }),
    abortSignal,
  );
  return Messages.map((message) => toRecord(message, queue.arn));
}
