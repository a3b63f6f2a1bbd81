import type { TimeLimit } from "../../lifecycle/clock.ts";
import type { BatchRequest } from "../requests/batch_request.ts";
import type { SqsClients } from "../requests/clients.ts";
import type { UnconfirmedEntry } from "../requests/send.ts";
import { DELETE, type DeleteEntry } from "../steps/delete.ts";
import { sendSignedBlocking } from "./send.ts";
import { type SignedRequest, signRequests } from "./sign.ts";
import { type BlockingLimits, WorkerLease } from "./worker.ts";

/**
 * Deletes for plain `using`, whose end cannot wait: the requests are signed while there is time to wait,
 * and sent by a worker while this thread is blocked.
 */
export class BlockingDeletions {
  readonly #clients: SqsClients;
  readonly #worker = new WorkerLease();

  constructor(clients: SqsClients) {
    this.#clients = clients;
  }

  /** Starts the worker in the background. */
  warmUp(): Promise<void> {
    return this.#worker.hold();
  }

  /** Signs requests, and sees that the worker is there. Never rejects. */
  async sign(
    requests: readonly BatchRequest<DeleteEntry>[],
    limit: TimeLimit,
  ): Promise<readonly SignedRequest<DeleteEntry>[]> {
    await this.warmUp().catch(() => {});
    return await signRequests(this.#clients, DELETE, requests, limit);
  }

  /** Sends requests, and gives the entries that SQS did not confirm. */
  send(
    requests: readonly SignedRequest<DeleteEntry>[],
    limits: BlockingLimits,
  ): UnconfirmedEntry<DeleteEntry>[] {
    return sendSignedBlocking(DELETE, requests, limits);
  }

  /** Lets go of the worker. */
  release(): void {
    this.#worker.release();
  }
}
