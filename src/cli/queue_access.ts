import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  type GetQueueAttributesCommandOutput,
  SendMessageBatchCommand,
  type SendMessageBatchCommandOutput,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import { send } from "../local/client.ts";
import type { MessageToSend } from "./messages.ts";

/** A message that SQS took. */
export interface SentMessage {
  readonly messageId: string;
  readonly body: string;
}

/** At most ten messages a request, which together must not be too large. */
const MOST_MESSAGES = 10;
const MOST_CHARACTERS = 60_000;

/** Makes a queue. */
export async function createQueue(
  client: SQSClient,
  QueueName: string,
  Attributes: Record<string, string>,
): Promise<void> {
  await send(client, new CreateQueueCommand({ QueueName, Attributes }));
}

/** A queue's attributes. */
export async function attributesOf(
  client: SQSClient,
  QueueUrl: string,
): Promise<Partial<Record<string, string>>> {
  const command = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] });
  return (await send<GetQueueAttributesCommandOutput>(client, command)).Attributes ?? {};
}

/** How many messages a queue has, by its own count: visible, in flight, and delayed. */
export async function countOf(client: SQSClient, url: string): Promise<number> {
  const attributes = await attributesOf(client, url);
  return ["", "NotVisible", "Delayed"]
    .map((what) => Number(attributes[`ApproximateNumberOfMessages${what}`] ?? 0))
    .reduce((sum, count) => sum + count);
}

/**
 * Sends messages, and gives each the moment SQS has taken it.
 *
 * @throws {Error} If SQS refuses one.
 */
export async function* sendMessages(
  client: SQSClient,
  QueueUrl: string,
  messages: readonly MessageToSend[],
): AsyncGenerator<readonly SentMessage[]> {
  for (const part of inParts(messages)) {
    const Entries = part.map(({ body, group }, index) => ({
      Id: `${index}`,
      MessageBody: body,
      ...(group === undefined
        ? {}
        : { MessageGroupId: group, MessageDeduplicationId: crypto.randomUUID() }),
    }));
    const { Successful = [], Failed = [] } = await send<SendMessageBatchCommandOutput>(
      client,
      new SendMessageBatchCommand({ QueueUrl, Entries }),
    );
    yield Successful.map(({ Id, MessageId }) => ({
      messageId: MessageId!,
      body: part[Number(Id)]!.body,
    }));
    if (Failed.length > 0) throw new Error(`SQS refused a message (${Failed[0]!.Code})`);
  }
}

function inParts(messages: readonly MessageToSend[]): MessageToSend[][] {
  const parts: MessageToSend[][] = [];
  let characters = Infinity;
  for (const message of messages) {
    const isFull = parts.at(-1)?.length === MOST_MESSAGES;
    if (isFull || characters + message.body.length > MOST_CHARACTERS) {
      parts.push([]);
      characters = 0;
    }
    parts.at(-1)!.push(message);
    characters += message.body.length;
  }
  return parts;
}
