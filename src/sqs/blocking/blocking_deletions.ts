import type { TimeLimit } from "../../lifecycle/clock.ts";
import type { UnconfirmedEntry } from "../requests/attempt.ts";
import type { BatchRequest } from "../requests/batch_request.ts";
import type { SqsClients } from "../requests/clients.ts";
import { DELETE, type DeleteEntry } from "../steps/delete.ts";
import { sendSignedBlocking } from "./send.ts";
import { prepareSync } from "./send_sync.ts";
import { signRequests } from "./sign.ts";
import { type BlockingLimits, WorkerLease } from "./worker.ts";

/** Sends what was prepared, and gives the entries that SQS did not confirm. */
export type SendBlocking = (limits: BlockingLimits) => UnconfirmedEntry<DeleteEntry>[];

/**
 * Deletes for plain `using`, whose end cannot wait: the requests are signed while there is time to wait,
 * and sent by a worker while this thread is blocked. A client that has `sendSync()` takes neither.
 */
export class BlockingDeletions {
  readonly #clients: SqsClients;
  readonly #worker = new WorkerLease();

  constructor(clients: SqsClients) {
    this.#clients = clients;
  }

  /** Starts the worker in the background, if it takes one. */
  async warmUp(): Promise<void> {
    if (!this.#clients.synchronous) await this.#worker.hold();
  }

  /** Does what takes waiting, and gives what sends the requests without it. Never rejects. */
  async prepare(
    requests: readonly BatchRequest<DeleteEntry>[],
    limit: TimeLimit,
  ): Promise<SendBlocking> {
    const client = this.#clients.synchronous;
    if (client) return await prepareSync(client, DELETE, requests, limit);
    await this.warmUp().catch(() => {});
    const signed = await signRequests(this.#clients, DELETE, requests, limit);
    return (limits) => sendSignedBlocking(DELETE, signed, limits);
  }

  /** Lets go of the worker. */
  release(): void {
    this.#worker.release();
  }
}
