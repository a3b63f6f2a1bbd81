import { publishRequest, type RequestMessage } from "../../diagnostics.ts";
import { groupBy } from "../../internal/group_by.ts";
import { type Queue, regionOfHost, shownUrl } from "../queue.ts";
import type { Sdk } from "./clients.ts";
import { noteMessageIds } from "./message_ids.ts";
import { StepError } from "./reason.ts";

/** How many entries one request may have (Amazon SQS API reference, DeleteMessageBatch). */
const MAX_ENTRIES = 10;

/**
 * How many bytes the messages of one request may have, and so a message alone (Amazon SQS API reference,
 * SendMessageBatch).
 */
export const MAX_BYTES = 1_048_576;

/** What is to be done with one message, in one entry of a batch request. */
export interface BatchEntry {
  readonly queue: Queue;
  /** The indexes of the records it is about: SQS may hand out one message twice. */
  readonly indexes: readonly number[];
  readonly messageIds: readonly string[];
}

/** Up to ten entries for one queue. An entry's id is its index. */
export interface BatchRequest<TEntry extends BatchEntry> {
  readonly queue: Queue;
  readonly entries: readonly TEntry[];
}

/** A command of the SDK, as far as the library uses it. */
export interface SqsCommand {
  readonly input: object;
  readonly middlewareStack: {
    add(
      middleware: CommandMiddleware,
      options: { readonly name: string; readonly step: "deserialize"; readonly priority: "low" },
    ): void;
    addRelativeTo(
      middleware: CommandMiddleware,
      options: {
        readonly name: string;
        readonly relation: "after";
        readonly toMiddleware: string;
      },
    ): void;
  };
}

/** Any middleware: the SDK types them by input and output of each command. */
// deno-lint-ignore no-explicit-any -- those types have no common one
type CommandMiddleware = (next: any, context: any) => (args: any) => Promise<any>;

/** One of the batch actions of the SQS API. */
export interface BatchAction<TEntry extends BatchEntry> {
  readonly name: RequestMessage["action"];
  /** What the function's role must be allowed to do. */
  readonly permission: string;
  command(sdk: Sdk, queueUrl: string, entries: readonly TEntry[]): SqsCommand;
}

/** Packs entries into as few requests as SQS takes, each for one queue. */
export function batchRequests<TEntry extends BatchEntry>(
  entries: readonly TEntry[],
  bytesOf: (entry: TEntry) => number = () => 0,
): BatchRequest<TEntry>[] {
  return [...groupBy(entries, ({ queue }) => queue.id).values()].flatMap((group) =>
    chunk(group, { count: MAX_ENTRIES, size: MAX_BYTES, sizeOf: bytesOf }).map((entries) => ({
      queue: entries[0]!.queue,
      entries,
    }))
  );
}

/** Makes the command for a request. `tellUrl` is told the URL of the queue that the client asks for. */
export function makeCommand<TEntry extends BatchEntry>(
  sdk: Sdk,
  action: BatchAction<TEntry>,
  { queue, entries }: BatchRequest<TEntry>,
  tellUrl: (queueUrl: string) => void,
): SqsCommand {
  const command = action.command(sdk, queue.url(), entries);
  noteMessageIds(command, entries.map(({ messageIds: [messageId] }) => messageId));
  return onClientEndpoint(command, queue, tellUrl);
}

/**
 * Puts the queue's URL on the endpoint that the client resolves.
 *
 * With a URL on any other host, SDK v3 sends the request to that host and so ignores
 * `AWS_ENDPOINT_URL_SQS` and `useFipsEndpoint`. What the client resolves is known only inside its
 * middleware, hence the middleware.
 */
export function onClientEndpoint<TCommand extends SqsCommand>(
  command: TCommand,
  queue: Queue,
  tellUrl: (queueUrl: string) => void,
): TCommand {
  command.middlewareStack.addRelativeTo(queueUrlOnClientEndpoint(queue, tellUrl), {
    name: "partialBatchQueueUrl",
    relation: "after",
    toMiddleware: "endpointV2Middleware",
  });
  return command;
}

function queueUrlOnClientEndpoint(queue: Queue, tellUrl: (queueUrl: string) => void) {
  return <TArgs extends { input: object }, TOutput>(
    next: (args: TArgs) => Promise<TOutput>,
    context: { readonly endpointV2?: { readonly url: URL } },
  ) =>
  // deno-lint-ignore require-await -- what it throws must be a rejection
  async (args: TArgs): Promise<TOutput> => {
    const endpoint = context.endpointV2?.url;
    if (endpoint) checkRegion(endpoint, queue);
    const QueueUrl = queue.url(endpoint);
    tellUrl(shownUrl(QueueUrl));
    return next({ ...args, input: { ...args.input, QueueUrl } });
  };
}

/**
 * A client of another region would ask for a queue of the same name there, and find none or, worse, a
 * wrong one.
 */
function checkRegion({ hostname }: URL, { region, id }: Queue): void {
  const clientRegion = regionOfHost(hostname);
  if (clientRegion === undefined || clientRegion === region) return;
  throw new StepError(`the client's region is ${clientRegion}, but ${id} is in ${region}`);
}

/** Publishes a request to SQS, if anybody listens. */
export function publishBatchRequest<TEntry extends BatchEntry>(
  action: BatchAction<TEntry>,
  { queue, entries }: BatchRequest<TEntry>,
  { unconfirmed, ...more }: Pick<RequestMessage, "queueUrl" | "attempt" | "durationMs"> & {
    /** Why, for each entry that SQS did not confirm. */
    readonly unconfirmed: readonly string[];
  },
): void {
  publishRequest(() => ({
    action: action.name,
    queue: queue.id,
    messageIds: entries.flatMap(({ messageIds }) => messageIds),
    entryCount: entries.length,
    unconfirmedCount: unconfirmed.length,
    reasons: [...new Set(unconfirmed)],
    ...more,
  }));
}

/** What a chunk may hold. */
export interface ChunkLimits<T> {
  /** How many items at most. */
  readonly count: number;
  /** How much in all, by `sizeOf`. An item over it gets a chunk of its own. */
  readonly size: number;
  readonly sizeOf: (item: T) => number;
}

/** Cuts items into runs within the limits, in order, each as long as it can be. */
export function chunk<T>(items: readonly T[], { count, size, sizeOf }: ChunkLimits<T>): T[][] {
  const chunks: T[][] = [];
  let last: T[] = [];
  let lastSize = 0;
  for (const item of items) {
    const itemSize = sizeOf(item);
    if (chunks.length === 0 || last.length === count || lastSize + itemSize > size) {
      last = [];
      lastSize = 0;
      chunks.push(last);
    }
    last.push(item);
    lastSize += itemSize;
  }
  return chunks;
}
