import type { SQSRecord } from "aws-lambda";
import type { SqsClientLike } from "../sqs_client_like.ts";
import { withClient } from "./client.ts";
import { releaseRecords } from "./entries.ts";
import { GroupLocks } from "./group_locks.ts";
import { type Invocation, invoke, type Invoking } from "./invocation.ts";
import { Invocations } from "./invocations.ts";
import {
  type CheckedOptions,
  checkMappingOptions,
  type EventSourceMappingOptions,
} from "./options.ts";
import { lookAtQueue } from "./queue.ts";
import { receiveBatch } from "./receive.ts";
import { sleep } from "./sleep.ts";

/** What the command adds to a mapping. Not public. */
export interface MappingHooks {
  /** Awaited before each poll, so that no message waits for a handler that is not ready. */
  readonly ready?: () => Promise<void>;
  /** Called with each batch, before the handler is. */
  readonly received?: (records: readonly SQSRecord[]) => void;
  /** Awaited after each invocation. */
  readonly invoked?: (invocation: Invocation) => Promise<void>;
  /** Awaited after each poll that brought nothing. */
  readonly idle?: () => Promise<void>;
}

/** A poll that brought nothing takes at least this long, also where the queue does not wait. */
const SHORTEST_POLL_MS = 100;

/** How much longer than asked for a poll may take once the mapping is told to stop. */
const PATIENCE_MS = 5_000;

/**
 * A running event source mapping, made by {@linkcode startEventSourceMapping}.
 *
 * Iterating it gives each invocation once, in the order in which they ended, and waits for the next
 * one. Leaving the loop does not stop the mapping. The iteration ends when the mapping has stopped; if
 * SQS could not be asked, it throws that error.
 *
 * It polls whether or not anybody iterates. Up to 1,000 invocations wait; beyond that the oldest is
 * dropped and counted in `dropped`.
 *
 * @category Local
 */
export class EventSourceMapping implements AsyncDisposable, AsyncIterable<Invocation> {
  readonly #options: CheckedOptions;
  readonly #hooks: MappingHooks;
  readonly #invocations = new Invocations();
  readonly #locks = new GroupLocks();
  readonly #running = new Set<Promise<void>>();
  /** Says that no more is to be received. */
  readonly #stopping = new AbortController();
  /** Gives up a poll that takes too long to end. */
  readonly #givingUp = new AbortController();
  readonly #ended: Promise<void>;
  #failure: { readonly error: unknown } | undefined;

  /** Not for users: see {@linkcode startEventSourceMapping}. */
  constructor(options: CheckedOptions, hooks: MappingHooks = {}) {
    this.#options = options;
    this.#hooks = hooks;
    this.#ended = this.#run();
  }

  /** How many invocations were dropped because nobody looked at them. */
  get dropped(): number {
    return this.#invocations.dropped;
  }

  /**
   * Stops: no further poll begins, the one under way ends, and what it still brings is made visible
   * again. Invocations that run end by themselves, or are given up at their deadline. Safe to call
   * twice.
   *
   * @returns Settles once all that has ended, with no timer left, and no socket of the mapping's own
   * client.
   * @throws {Error} If SQS could not be asked, and the iteration has not told so.
   */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const patience = setTimeout(
      () => this.#givingUp.abort(),
      this.#options.waitTimeSeconds * 1_000 + PATIENCE_MS,
    );
    try {
      await this.#ended;
    } finally {
      clearTimeout(patience);
    }
    const failure = this.#invocations.takeFailure();
    if (failure) throw failure.error;
  }

  /** The same as `stop()`, for `await using`. */
  get [Symbol.asyncDispose](): () => Promise<void> {
    return () => this.stop();
  }

  /**
   * Iterates the invocations. Several iterators share them: each invocation goes to one.
   *
   * @returns An iterator.
   */
  [Symbol.asyncIterator](): AsyncIterator<Invocation, undefined> {
    return { next: () => this.#invocations.next() };
  }

  get #isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** Polls until it is stopped, or SQS cannot be asked. Never rejects. */
  async #run(): Promise<void> {
    try {
      await withClient(this.#options, async (client) => {
        try {
          await this.#poll(client);
        } finally {
          await Promise.all(this.#running);
        }
      });
    } catch (error) {
      this.#fail(error);
    }
    this.#invocations.end(this.#failure);
  }

  async #poll(client: SqsClientLike): Promise<void> {
    const { queueUrl, visibilityTimeoutSeconds, maximumConcurrency } = this.#options;
    const { signal } = this.#givingUp;
    const queue = await lookAtQueue(client, queueUrl, visibilityTimeoutSeconds, signal);
    const invoking = { client, queue, options: this.#options };
    while (!this.#isStopping) {
      if (this.#running.size >= maximumConcurrency) {
        await Promise.race(this.#running);
        continue;
      }
      await this.#hooks.ready?.();
      if (this.#isStopping) return;
      const records = await this.#receive(invoking);
      if (records.length === 0) continue;
      if (this.#isStopping) return await releaseRecords(client, queueUrl, records);
      this.#start(invoking, records);
    }
  }

  async #receive({ client, queue }: Invoking): Promise<SQSRecord[]> {
    const start = performance.now();
    const records = await receiveBatch({
      ...this.#options,
      client,
      queue,
      stopped: this.#stopping.signal,
      abortSignal: this.#givingUp.signal,
    });
    if (records.length === 0) {
      await this.#hooks.idle?.();
      await sleep(SHORTEST_POLL_MS - (performance.now() - start), this.#stopping.signal);
    }
    return records;
  }

  /** Handles a batch in the background. */
  #start(invoking: Invoking, records: readonly SQSRecord[]): void {
    const isInTime = timer(invoking.queue.visibilityTimeoutMs);
    const handle = async () => {
      // It waited for its message groups so long that it has returned to the queue.
      if (!isInTime()) return;
      this.#hooks.received?.(records);
      const invocation = await invoke(invoking, records);
      await this.#hooks.invoked?.(invocation);
      this.#invocations.push(invocation);
    };
    const run = this.#options.fifo ? this.#locks.run(records, handle) : handle();
    const running = run
      .catch((error) => this.#fail(error))
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  /** Stops because of an error; the first one is told. */
  #fail(error: unknown): void {
    if (!this.#givingUp.signal.aborted) this.#failure ??= { error };
    this.#stopping.abort();
  }
}

function timer(ms: number): () => boolean {
  const end = performance.now() + ms;
  return () => ms === 0 || performance.now() < end;
}

/**
 * Starts Lambda's event source mapping for an SQS queue: from now on your handler is invoked with what
 * arrives there.
 *
 * These are Lambda's rules, after the pages of the AWS Lambda developer guide that are named:
 *
 * - After a normal return all messages of the batch are deleted; after an error none is, and they come
 *   back once the queue's visibility timeout is over ("Using Lambda with Amazon SQS"; "Handling errors
 *   for an SQS event source in Lambda").
 * - With `reportBatchItemFailures`, the messages that the response lists return, and the others are
 *   deleted. An empty list, `null` or no response is a complete success. A malformed response is a
 *   complete failure, and `reason` says what was wrong (the latter page, "Success and failure
 *   conditions").
 * - The context has a deadline. An invocation that outlives it is given up: nothing of it is deleted,
 *   and what it still returns is ignored. Lambda also ends the process, which this function cannot do;
 *   the command `dev` does.
 * - Of a FIFO queue, no two batches with a message group in common are handled at the same time
 *   ("Configuring scaling behavior for SQS event source mappings"). A batch has at most ten messages,
 *   and there is no batching window.
 *
 * Not modelled: event filters, an event's limit of 6 MB, provisioned pollers, and that Lambda lowers
 * its concurrency after errors. AWS's pages do not say what becomes of messages whose deletion fails;
 * here they return, as they are not deleted.
 *
 * @category Local
 * @param options The queue, the handler, and how to invoke it.
 * @returns The mapping, which polls until it is stopped or disposed of.
 * @throws {TypeError} If an option is of the wrong type or does not exist.
 * @throws {RangeError} If a number is out of its limits.
 *
 * @example Until a message was handled
 * ```ts
 * import { withSqsBatch } from "@partial-batch/sqs";
 * import { startEventSourceMapping } from "@partial-batch/sqs/local";
 * import { startFauxqs } from "fauxqs";
 *
 * const server = await startFauxqs({ port: 0, logger: false });
 * server.createQueue("orders");
 * server.sendMessage("orders", '{"id":"A1"}');
 * {
 *   await using mapping = startEventSourceMapping({
 *     queueUrl: `http://127.0.0.1:${server.port}/000000000000/orders`,
 *     handler: withSqsBatch((record) => console.log(record.body)),
 *     batchSize: 5,
 *   });
 *   for await (const { deletedByLambda } of mapping) {
 *     if (deletedByLambda.length > 0) break;
 *   }
 * }
 * await server.stop();
 * ```
 */
export function startEventSourceMapping(options: EventSourceMappingOptions): EventSourceMapping {
  return new EventSourceMapping(checkMappingOptions(options));
}
