import type { SQSClient, SQSClientConfig } from "@aws-sdk/client-sqs";
import type { SqsClientLike } from "../../sqs_client_like.ts";
import { StepError } from "./reason.ts";

/**
 * The clients of one processor: the one that was handed in, or one for each region, made when it is
 * first needed. Only those it made are destroyed.
 */
export class SqsClients {
  readonly #given: SqsClientLike | undefined;
  readonly #config: SQSClientConfig;
  readonly #made = new Map<string, SQSClient>();
  #isDestroyed = false;

  constructor(given: SqsClientLike | undefined, config: SQSClientConfig) {
    this.#given = given;
    this.#config = config;
  }

  /** The client that was handed in, if it can answer before it returns. */
  get synchronous(): SyncSqsClient | undefined {
    const client = this.#given;
    return client && isSync(client) ? client : undefined;
  }

  /** Gives the client for a region. Rejects once the clients are destroyed. */
  async get(region: string): Promise<SqsClientLike> {
    if (this.#given) return this.#given;
    const { SQSClient } = await loadSdk();
    if (this.#isDestroyed) throw new StepError("the processor was disposed");
    const client = this.#made.get(region) ??
      new SQSClient({ ...this.#config, region, useQueueUrlAsEndpoint: false });
    this.#made.set(region, client);
    return client;
  }

  /** Loads and makes what the first request in a region needs. */
  async warmUp(region: string): Promise<void> {
    await loadSdk();
    await this.get(region);
  }

  destroy(): void {
    this.#isDestroyed = true;
    for (const client of this.#made.values()) client.destroy();
    this.#made.clear();
  }
}

/** A client that can answer before it returns. */
export type SyncSqsClient = SqsClientLike & Required<Pick<SqsClientLike, "sendSync">>;

function isSync(client: SqsClientLike): client is SyncSqsClient {
  return client.sendSync !== undefined;
}

/** The AWS SDK's module for SQS. */
export type Sdk = typeof import("@aws-sdk/client-sqs");

let loading: Promise<Sdk> | undefined;

/**
 * Loads the AWS SDK. Only a batch with something to tell SQS needs it, so what is wrong with it shows
 * only then; the error says so. Loaded once: even what is loaded takes a while to import again.
 */
export async function loadSdk(): Promise<Sdk> {
  try {
    // In a bundle, import() may throw instead of giving a promise that rejects.
    return await (loading ??= import("@aws-sdk/client-sqs"));
  } catch (cause) {
    loading = undefined;
    const why = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    throw new StepError(`the AWS SDK could not be loaded: ${why}`, { cause });
  }
}
