import type { SQSRecord } from "aws-lambda";
import { publishRequest, type RequestMessage } from "../diagnostics.ts";
import { groupBy } from "../group_by.ts";
import { chunk } from "./chunk.ts";
import { queueUrlFromArn } from "./queue_url.ts";
import type { Sdk } from "./sdk.ts";

/** How many entries one request may have (Amazon SQS API reference, DeleteMessageBatch). */
const MAX_ENTRIES = 10;

/** What is to be done with one message, in one entry of a batch request. */
export interface BatchEntry {
  readonly queueArn: string;
  /** The records it is about: SQS may hand out one message twice. */
  readonly records: readonly SQSRecord[];
}

/** Up to ten entries for one queue. An entry's id is its index. */
export interface BatchRequest<TEntry extends BatchEntry> {
  readonly queueArn: string;
  readonly entries: readonly TEntry[];
}

/** A command of the SDK, as far as the library uses it. */
export type SqsCommand = InstanceType<Sdk["DeleteMessageBatchCommand"]>;

/** One of the batch actions of the SQS API. */
export interface BatchAction<TEntry extends BatchEntry> {
  readonly name: RequestMessage["action"];
  command(sdk: Sdk, queueUrl: string, entries: readonly TEntry[]): SqsCommand;
}

/** Packs entries into as few requests as SQS takes, each for one queue. */
export function batchRequests<TEntry extends BatchEntry>(
  entries: readonly TEntry[],
): BatchRequest<TEntry>[] {
  return [...groupBy(entries, ({ queueArn }) => queueArn)].flatMap(([queueArn, group]) =>
    chunk(group, MAX_ENTRIES).map((entries) => ({ queueArn, entries }))
  );
}

/**
 * Makes the command for a request, with the queue's URL on the endpoint that the client resolves.
 *
 * With a URL on any other host, SDK v3 sends the request to that host and so ignores
 * `AWS_ENDPOINT_URL_SQS` and `useFipsEndpoint`. What the client resolves is known only inside its
 * middleware, hence the middleware.
 */
export function makeCommand<TEntry extends BatchEntry>(
  sdk: Sdk,
  action: BatchAction<TEntry>,
  { queueArn, entries }: BatchRequest<TEntry>,
): SqsCommand {
  const command = action.command(sdk, queueUrlFromArn(queueArn), entries);
  command.middlewareStack.addRelativeTo(queueUrlOnClientEndpoint(queueArn), {
    name: "partialBatchQueueUrl",
    relation: "after",
    toMiddleware: "endpointV2Middleware",
  });
  return command;
}

function queueUrlOnClientEndpoint(queueArn: string) {
  return <TArgs extends { input: object }, TOutput>(
    next: (args: TArgs) => Promise<TOutput>,
    context: { readonly endpointV2?: { readonly url: URL } },
  ) =>
  (args: TArgs): Promise<TOutput> => {
    const QueueUrl = queueUrlFromArn(queueArn, context.endpointV2?.url);
    return next({ ...args, input: { ...args.input, QueueUrl } });
  };
}

/** Tells of a request to SQS, if somebody listens. */
export function publishBatchRequest<TEntry extends BatchEntry>(
  action: BatchAction<TEntry>,
  { queueArn, entries }: BatchRequest<TEntry>,
  more: Pick<RequestMessage, "unconfirmedCount" | "attempt" | "durationMs">,
): void {
  publishRequest(() => ({
    action: action.name,
    queueArn,
    messageIds: entries.flatMap(({ records }) => records.map(({ messageId }) => messageId)),
    entryCount: entries.length,
    ...more,
  }));
}
