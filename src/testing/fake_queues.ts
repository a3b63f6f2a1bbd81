import { messageIdsOf } from "../sqs/requests/message_ids.ts";
import {
  type FailedEntry,
  failedEntry,
  INVALID_HANDLE,
  queueAttributes,
  sentEntry,
} from "./answer.ts";
import type { FakeSqsFault } from "./fault.ts";
import { messageIdIn } from "./receipt_handle.ts";
import type { FakeSqsAction, FakeSqsRequest } from "./request.ts";

/**
 * A message that was sent on to another queue.
 *
 * @category Testing
 */
export interface MovedMessage {
  /** The id of the record's message. In the other queue it has an id of its own. */
  readonly messageId: string;
  /** The URL of the other queue. */
  readonly queueUrl: string;
}

/**
 * A message whose visibility timeout was changed.
 *
 * @category Testing
 */
export interface DelayedMessage {
  /** The message's id. */
  readonly messageId: string;
  /** After how many seconds it returns. */
  readonly seconds: number;
}

/** What SQS says about one entry of a batch request. */
type EntryEnd = { readonly failed: FailedEntry } | { readonly successful: object };

/** The queues behind a fake client: what they know, and what became of their messages. */
export class FakeQueues {
  readonly deleted: string[] = [];
  readonly moved: MovedMessage[] = [];
  readonly delayed: DelayedMessage[] = [];

  readonly #byReceiptHandle: ReadonlyMap<string, string>;
  readonly #deadLetterQueue: string | undefined;
  readonly #deletedHandles = new Set<string>();

  constructor(byReceiptHandle: ReadonlyMap<string, string>, deadLetterQueue: string | undefined) {
    this.#byReceiptHandle = byReceiptHandle;
    this.#deadLetterQueue = deadLetterQueue;
  }

  /** The message of each entry; `undefined` if nothing says which. */
  messageIdsIn(request: FakeSqsRequest, command: object): readonly (string | undefined)[] {
    switch (request.action) {
      case "GetQueueAttributes":
        return [];
      case "SendMessageBatch":
        return messageIdsOf(command);
      default:
        return (request.input.Entries ?? []).map(({ ReceiptHandle = "" }) =>
          this.#byReceiptHandle.get(ReceiptHandle) ?? messageIdIn(ReceiptHandle)
        );
    }
  }

  /** Does what a request asks for, but for the messages that a fault hits, and gives SQS's answer. */
  answer(
    { action, input }: FakeSqsRequest,
    messageIds: readonly (string | undefined)[],
    faults: ReadonlyMap<string, FakeSqsFault>,
  ): unknown {
    const { QueueUrl = "" } = input;
    const idOf = (index: number) => messageIds[index];
    switch (action) {
      case "GetQueueAttributes":
        return queueAttributes(QueueUrl, input.AttributeNames ?? [], this.#deadLetterQueue);
      case "SendMessageBatch":
        return answerEach(input.Entries, ({ MessageBody }, index) => {
          const messageId = idOf(index);
          const fault = messageId === undefined ? undefined : faults.get(messageId);
          if (fault) return { failed: failedEntry(fault, action) };
          if (messageId !== undefined) this.moved.push({ messageId, queueUrl: QueueUrl });
          return { successful: sentEntry(MessageBody) };
        });
      case "ChangeMessageVisibilityBatch":
        return answerEach(input.Entries, ({ VisibilityTimeout = 0 }, index) => {
          const messageId = idOf(index);
          const failed = failureOf(messageId, faults, action);
          if (failed) return { failed };
          this.delayed.push({ messageId: messageId!, seconds: VisibilityTimeout });
          return { successful: {} };
        });
      case "DeleteMessageBatch":
        return answerEach(input.Entries, ({ ReceiptHandle = "" }, index) => {
          const messageId = idOf(index);
          const failed = failureOf(messageId, faults, action);
          if (failed) return { failed };
          if (!this.#deletedHandles.has(ReceiptHandle)) this.deleted.push(messageId!);
          this.#deletedHandles.add(ReceiptHandle);
          return { successful: {} };
        });
    }
  }
}

/** Why SQS would not touch a message; `undefined` if it would. */
function failureOf(
  messageId: string | undefined,
  faults: ReadonlyMap<string, FakeSqsFault>,
  action: FakeSqsAction,
): FailedEntry | undefined {
  if (messageId === undefined) return INVALID_HANDLE;
  const fault = faults.get(messageId);
  return fault && failedEntry(fault, action);
}

function answerEach<TEntry extends { readonly Id: string | undefined }>(
  entries: readonly TEntry[] = [],
  answer: (entry: TEntry, index: number) => EntryEnd,
): { readonly Successful: readonly object[]; readonly Failed: readonly object[] } {
  const Successful: object[] = [];
  const Failed: object[] = [];
  entries.forEach((entry, index) => {
    const { Id } = entry;
    const end = answer(entry, index);
    if ("failed" in end) Failed.push({ Id, ...end.failed });
    else Successful.push({ Id, ...end.successful });
  });
  return { Successful, Failed };
}
