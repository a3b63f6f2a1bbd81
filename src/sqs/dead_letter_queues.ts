import { publishRequest } from "../diagnostics.ts";
import { isObject } from "../shape.ts";
import { untilAborted } from "../time_limit.ts";
import { onClientEndpoint } from "./batch_request.ts";
import { type Queue, queueByArn } from "./queue.ts";
import { NO_ANSWER, reasonOf, StepError } from "./reason.ts";
import { loadSdk } from "./sdk.ts";
import type { SqsClients } from "./sqs_clients.ts";

/** The dead-letter queues of source queues. Each is asked for once, and again if that failed. */
export class DeadLetterQueues {
  readonly #clients: SqsClients;
  readonly #known = new Map<string, Promise<Queue>>();

  constructor(clients: SqsClients) {
    this.#clients = clients;
  }

  /**
   * Rejects with a `StepError` if the queue has no redrive policy, if that cannot be read, or if
   * `signal` is aborted first.
   */
  async get(queueArn: string, signal: AbortSignal): Promise<Queue> {
    const known = this.#known.get(queueArn);
    // What another batch asked may have failed only because that batch had no time left. Then one of
    // those that waited for it asks again, for all of them.
    const queue = known && await untilAborted(known, signal).catch(() => undefined);
    if (queue) return queue;
    if (signal.aborted) throw new StepError(NO_ANSWER);
    const current = this.#known.get(queueArn);
    const asked = current && current !== known ? current : this.#startAsking(queueArn, signal);
    try {
      return await untilAborted(asked, signal);
    } catch (error) {
      throw signal.aborted ? new StepError(NO_ANSWER) : error;
    }
  }

  #startAsking(queueArn: string, signal: AbortSignal): Promise<Queue> {
    const asked = this.#ask(queueByArn(queueArn), signal);
    this.#known.set(queueArn, asked);
    asked.catch(() => this.#known.delete(queueArn));
    return asked;
  }

  async #ask(queue: Queue, signal: AbortSignal): Promise<Queue> {
    const start = performance.now();
    let answer: unknown;
    let reason: string | undefined;
    try {
      answer = await untilAborted(this.#attributes(queue, signal), signal);
    } catch (error) {
      reason = signal.aborted
        ? NO_ANSWER
        : reasonOf(error, { permission: "sqs:GetQueueAttributes", queue });
    }
    publishRequest(() => ({
      action: "GetQueueAttributes",
      queue: queue.id,
      messageIds: [],
      entryCount: 0,
      unconfirmedCount: 0,
      reasons: reason === undefined ? [] : [reason],
      attempt: 1,
      durationMs: performance.now() - start,
    }));
    if (reason !== undefined) throw new StepError(reason);
    const target = deadLetterTargetArn(answer);
    if (target === undefined) throw new StepError(`${queue.id} has no dead-letter queue`);
    return queueByArn(target);
  }

  async #attributes(queue: Queue, signal: AbortSignal): Promise<unknown> {
    const { GetQueueAttributesCommand } = await loadSdk();
    const client = await this.#clients.get(queue.region);
    const command = new GetQueueAttributesCommand({
      QueueUrl: queue.url(),
      AttributeNames: ["RedrivePolicy"],
    });
    return await client.send(onClientEndpoint(command, queue), { abortSignal: signal });
  }
}

function deadLetterTargetArn(answer: unknown): string | undefined {
  const attributes = isObject(answer) && isObject(answer.Attributes) ? answer.Attributes : {};
  if (typeof attributes.RedrivePolicy !== "string") return undefined;
  const policy: unknown = JSON.parse(attributes.RedrivePolicy);
  if (!isObject(policy) || typeof policy.deadLetterTargetArn !== "string") return undefined;
  return policy.deadLetterTargetArn;
}
