import type { NonRetryable } from "../non_retryable.ts";
import type { RetryDelay } from "../retry_delay.ts";
import type { CheckedSqsOptions } from "../sqs_options.ts";
import { SqsClients } from "./requests/clients.ts";
import { DeadLetterQueues } from "./steps/dead_letter_queues.ts";

/** What the batches of one processor share. */
export interface SqsMeans {
  readonly clients: SqsClients;
  readonly deadLetterQueues: DeadLetterQueues;
  readonly closeTimeoutMs: number;
  readonly nonRetryable: NonRetryable | undefined;
  readonly retryDelay: RetryDelay | undefined;
  readonly suspectAfter: number | undefined;
  /** Whether `_clean` is the library's own: another may have work to do before anything is deleted. */
  isCleanOwn(): boolean;
}

/** Makes what the batches of one processor share. No client is made yet. */
export function sqsMeans(
  { config, client, ...options }: CheckedSqsOptions,
  isCleanOwn: () => boolean,
): SqsMeans {
  const clients = new SqsClients(client, config);
  return { ...options, clients, deadLetterQueues: new DeadLetterQueues(clients), isCleanOwn };
}
