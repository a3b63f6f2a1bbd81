import type { SQSClient } from "@aws-sdk/client-sqs";

/** What is in the queues. */
export interface QueueState {
  /** How many messages are left in the queue, by its own count. */
  readonly count: number;
  /** The ids of those messages, where the queue can be looked into. */
  readonly left: ReadonlySet<string> | undefined;
  /** The ids of the messages in the dead-letter queue, where it can be looked into. */
  readonly deadLettered: ReadonlySet<string> | undefined;
}

/** The queue that the command works on. */
export interface DevQueue {
  readonly url: string;
  readonly client: SQSClient;
  /** What it is, for whoever watches: `fauxqs 2.4.1 on this machine`. */
  readonly description: string;
  /** After how many receives SQS moves a message to the dead-letter queue; `undefined` without one. */
  readonly maxReceiveCount: number | undefined;
  readonly deadLetterQueueName: string | undefined;
  /** What the handler's process needs, so that its own clients reach the queue. */
  readonly env: Readonly<Record<string, string>>;
  /** Looks at what is in the queues. */
  look(): Promise<QueueState>;
  /** Ends what was started for it. */
  close(): Promise<void>;
}
