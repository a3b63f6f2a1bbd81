import { mapConcurrently } from "../../internal/map_concurrently.ts";
import { isObject } from "../../internal/shape.ts";
import type { TimeLimit } from "../../lifecycle/clock.ts";
import {
  type BatchAction,
  type BatchEntry,
  type BatchRequest,
  makeCommand,
  type SqsCommand,
} from "../requests/batch_request.ts";
import { loadSdk, type SqsClients } from "../requests/clients.ts";
import { reasonOf } from "../requests/reason.ts";
import { MAX_CONCURRENT_REQUESTS } from "../requests/retry_policy.ts";

/** A stub in a test has no middleware that would sign. */
const NOT_SIGNED =
  "the client signed no request: plain `using` needs a real SQSClient, or a stub with sendSync()";

/** An HTTP request that anybody can send for about five minutes. */
export interface HttpRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer> | string;
}

/** A batch request with its signed HTTP request, or with the reason why there is none. */
export type SignedRequest<TEntry extends BatchEntry> =
  & BatchRequest<TEntry>
  & { readonly queueUrl?: string }
  & ({ readonly http: HttpRequest } | { readonly reason: string; readonly error?: unknown });

/**
 * Has the user's own client sign batch requests instead of sending them, so that credentials, endpoint
 * and middleware are all the client's. Never rejects.
 */
export function signRequests<TEntry extends BatchEntry>(
  clients: SqsClients,
  action: BatchAction<TEntry>,
  requests: readonly BatchRequest<TEntry>[],
  limit: TimeLimit,
): Promise<SignedRequest<TEntry>[]> {
  return mapConcurrently(requests, MAX_CONCURRENT_REQUESTS, async (request) => {
    let queueUrl: string | undefined;
    const tellUrl = (url: string) => queueUrl = url;
    const signed = () => ({ ...request, ...(queueUrl !== undefined && { queueUrl }) });
    try {
      const http = await limit.waitFor((signal) =>
        signRequest(clients, action, request, tellUrl, signal)
      );
      return http ? { ...signed(), http } : { ...signed(), reason: NOT_SIGNED };
    } catch (error) {
      const reason = limit.isOver
        ? "not signed within the time limit"
        : reasonOf(error, { permission: action.permission, queue: request.queue, queueUrl });
      return { ...signed(), reason, error };
    }
  });
}

async function signRequest<TEntry extends BatchEntry>(
  clients: SqsClients,
  action: BatchAction<TEntry>,
  request: BatchRequest<TEntry>,
  tellUrl: (queueUrl: string) => void,
  abortSignal: AbortSignal,
): Promise<HttpRequest | undefined> {
  const sdk = await loadSdk();
  const client = await clients.get(request.queue.region);
  const command = makeCommand(sdk, action, request, tellUrl);
  let captured: unknown;
  captureRequest(command, (request) => captured = request);
  await client.send(command, { abortSignal });
  return toHttpRequest(captured);
}

/** Stops the command where it would be sent: after everything that signs or adds a header. */
function captureRequest(command: SqsCommand, capture: (request: unknown) => void): void {
  command.middlewareStack.add(
    () => ({ request }: { readonly request: unknown }) => {
      capture(request);
      const body = new TextEncoder().encode("{}");
      return Promise.resolve({
        response: { statusCode: 200, headers: {}, body },
        output: { $metadata: {}, Successful: [], Failed: [] },
      });
    },
    { name: "partialBatchCapture", step: "deserialize", priority: "low" },
  );
}

function toHttpRequest(request: unknown): HttpRequest | undefined {
  if (!isObject(request)) return undefined;
  const { protocol, hostname, port, path, query, headers, body } = request;
  const bytes = typeof body === "string" || body instanceof Uint8Array ? body : undefined;
  if (typeof hostname !== "string" || !isObject(headers) || bytes === undefined) return undefined;
  const url = new URL(`${protocol}//${hostname}`);
  url.port = port === undefined ? "" : String(port);
  url.pathname = String(path);
  for (const [name, value] of Object.entries(isObject(query) ? query : {})) {
    url.searchParams.append(name, String(value));
  }
  return {
    url: url.href,
    // fetch() sets the host itself, from the URL, as it was signed.
    headers: Object.fromEntries(
      Object.entries(headers)
        .filter(([name]) => name.toLowerCase() !== "host")
        .map(([name, value]) => [name, String(value)]),
    ),
    body: typeof bytes === "string" ? bytes : new Uint8Array(bytes),
  };
}
