import { publishRequest } from "../../diagnostics.ts";
import { isObject } from "../../internal/shape.ts";
import type { TimeLimit } from "../../lifecycle/clock.ts";
import { type Queue, queueByArn } from "../queue.ts";
import { onClientEndpoint } from "../requests/batch_request.ts";
import { loadSdk, type SqsClients } from "../requests/clients.ts";
import { NO_ANSWER, reasonOf, StepError } from "../requests/reason.ts";

/** The dead-letter queues of source queues. Each is looked up once, and again if that failed. */
export class DeadLetterQueues {
  readonly #clients: SqsClients;
  readonly #known = new Map<string, Promise<Queue>>();

  constructor(clients: SqsClients) {
    this.#clients = clients;
  }

  /**
   * Gives the target of a queue's redrive policy. Rejects if the queue has none, if it cannot be
   * read, or if the time is over first.
   */
  async get(queueArn: string, limit: TimeLimit): Promise<Queue> {
    const known = this.#known.get(queueArn);
    // Another batch's lookup may have failed only because that batch had no time left. Then one of
    // those that waited for it looks it up again, for all of them.
    const queue = known && await limit.wait(known).catch(() => undefined);
    if (queue) return queue;
    if (limit.isOver) throw new StepError(NO_ANSWER);
    const current = this.#known.get(queueArn);
    const lookup = current && current !== known ? current : this.#startLookup(queueArn, limit);
    try {
      return await limit.wait(lookup);
    } catch (error) {
      throw limit.isOver ? new StepError(NO_ANSWER) : error;
    }
  }

  #startLookup(queueArn: string, limit: TimeLimit): Promise<Queue> {
    const lookup = this.#lookUp(queueByArn(queueArn), limit);
    this.#known.set(queueArn, lookup);
    lookup.catch(() => this.#known.delete(queueArn));
    return lookup;
  }

  async #lookUp(queue: Queue, limit: TimeLimit): Promise<Queue> {
    const start = performance.now();
    let answer: unknown;
    let failure: StepError | undefined;
    let queueUrl: string | undefined;
    const tellUrl = (url: string) => queueUrl = url;
    try {
      answer = await limit.waitFor((signal) => this.#attributes(queue, signal, tellUrl));
    } catch (cause) {
      const reason = limit.isOver
        ? NO_ANSWER
        : reasonOf(cause, { permission: "sqs:GetQueueAttributes", queue, queueUrl });
      failure = new StepError(reason, { cause });
    }
    publishRequest(() => ({
      action: "GetQueueAttributes",
      queue: queue.id,
      queueUrl,
      messageIds: [],
      entryCount: 0,
      unconfirmedCount: 0,
      reasons: failure ? [failure.message] : [],
      attempt: 1,
      durationMs: performance.now() - start,
    }));
    if (failure) throw failure;
    const target = deadLetterTargetArn(answer);
    if (target === undefined) throw new StepError(`${queue.id} has no dead-letter queue`);
    return queueByArn(target);
  }

  async #attributes(
    queue: Queue,
    abortSignal: AbortSignal,
    tellUrl: (queueUrl: string) => void,
  ): Promise<unknown> {
    const { GetQueueAttributesCommand } = await loadSdk();
    const client = await this.#clients.get(queue.region);
    const command = new GetQueueAttributesCommand({
      QueueUrl: queue.url(),
      AttributeNames: ["RedrivePolicy"],
    });
    return await client.send(onClientEndpoint(command, queue, tellUrl), { abortSignal });
  }
}

function deadLetterTargetArn(answer: unknown): string | undefined {
  const attributes = isObject(answer) && isObject(answer.Attributes) ? answer.Attributes : {};
  if (typeof attributes.RedrivePolicy !== "string") return undefined;
  const policy: unknown = JSON.parse(attributes.RedrivePolicy);
  if (!isObject(policy) || typeof policy.deadLetterTargetArn !== "string") return undefined;
  return policy.deadLetterTargetArn;
}
