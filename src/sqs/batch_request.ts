import { groupBy } from "../group_by.ts";
import { chunk } from "./chunk.ts";
import { queueUrlFromArn } from "./queue_url.ts";
import type { Sdk } from "./sdk.ts";

/** How many entries one request may have (Amazon SQS API reference, DeleteMessageBatch). */
const MAX_ENTRIES = 10;

/** Up to ten entries for one queue. An entry's id is its index. */
export interface BatchRequest<TEntry> {
  readonly queueArn: string;
  readonly entries: readonly TEntry[];
}

/** A command of the SDK, as far as the library uses it. */
export type SqsCommand = InstanceType<Sdk["DeleteMessageBatchCommand"]>;

/** Makes the command for a request. */
export type MakeCommand<TEntry> = (
  sdk: Sdk,
  queueUrl: string,
  entries: readonly TEntry[],
) => SqsCommand;

/** Packs entries into as few requests as SQS takes, each for one queue. */
export function batchRequests<TEntry extends { readonly queueArn: string }>(
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
export function makeCommand<TEntry>(
  sdk: Sdk,
  { queueArn, entries }: BatchRequest<TEntry>,
  make: MakeCommand<TEntry>,
): SqsCommand {
  const command = make(sdk, queueUrlFromArn(queueArn), entries);
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
