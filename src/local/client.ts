import { SQSClient, type SQSClientConfig } from "@aws-sdk/client-sqs";
import process from "node:process";
import { regionOfHost } from "../sqs/queue.ts";
import type { SqsClientLike } from "../sqs_client_like.ts";

/** How to reach a queue. */
export interface QueueAddress {
  readonly queueUrl: string;
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
}

/** Sends a command of the SDK; `TOutput` is what that command gives. */
export async function send<TOutput>(
  client: SqsClientLike,
  command: { readonly input: object },
  abortSignal?: AbortSignal,
): Promise<TOutput> {
  return await client.send(command, abortSignal ? { abortSignal } : {}) as TOutput;
}

/** The endpoint to ask for a queue; `undefined` for AWS itself. */
export function endpointOf({ queueUrl, endpoint }: QueueAddress): string | undefined {
  const { AWS_ENDPOINT_URL_SQS, AWS_ENDPOINT_URL } = process.env;
  const set = endpoint ?? (AWS_ENDPOINT_URL_SQS || AWS_ENDPOINT_URL);
  if (set) return set;
  const { hostname, origin } = new URL(queueUrl);
  return isAwsHost(hostname) ? undefined : origin;
}

/** The configuration of a client for a queue: made-up credentials where the host is not one of AWS. */
export function clientConfig(address: QueueAddress): SQSClientConfig {
  const endpoint = endpointOf(address);
  const region = address.region ?? regionOfUrl(address.queueUrl);
  if (endpoint === undefined) return region === undefined ? {} : { region };
  // Else the SDK sends requests to the host of the queue's URL.
  const config = { endpoint, useQueueUrlAsEndpoint: false };
  if (isAwsHost(new URL(endpoint).hostname)) {
    return region === undefined ? config : { ...config, region };
  }
  const { AWS_REGION, AWS_DEFAULT_REGION } = process.env;
  return {
    ...config,
    region: region ?? (AWS_REGION || AWS_DEFAULT_REGION || "us-east-1"),
    credentials: LOCAL_CREDENTIALS,
  };
}

/** Does something with a client: the one that is given, or one that is made, and destroyed at the end. */
export async function withClient<TResult>(
  { client, ...address }: QueueAddress & { readonly client: SqsClientLike | undefined },
  use: (client: SqsClientLike) => Promise<TResult>,
): Promise<TResult> {
  if (client) return await use(client);
  const made = new SQSClient(clientConfig(address));
  try {
    return await use(made);
  } finally {
    made.destroy();
  }
}

/** What emulators are told; they accept anything. */
export const LOCAL_CREDENTIALS = { accessKeyId: "local", secretAccessKey: "local" } as const;

function regionOfUrl(url: string): string | undefined {
  return URL.canParse(url) ? regionOfHost(new URL(url).hostname) : undefined;
}

function isAwsHost(hostname: string): boolean {
  return regionOfHost(hostname) !== undefined ||
    /\.(?:amazonaws\.(?:com|com\.cn|eu)|api\.aws)$/.test(hostname);
}
