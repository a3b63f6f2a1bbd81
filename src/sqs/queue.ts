import { parseQueueArn, type QueueArn } from "../internal/queue_arn.ts";

/** A queue, as a request needs it. */
export interface Queue {
  /** How texts name it: its ARN or, where only that is known, its URL without user and password. */
  readonly id: string;
  /** The region to ask in. */
  readonly region: string;
  readonly fifo: boolean;
  /** Its URL, for a client with this endpoint. */
  url(endpoint?: URL): string;
}

/**
 * A queue by its ARN.
 *
 * @throws {TypeError} If `arn` is not the ARN of a queue.
 */
export function queueByArn(arn: string | QueueArn): Queue {
  const parts = typeof arn === "string" ? parseQueueArn(arn) : arn;
  const { region, fifo } = parts;
  return { id: parts.arn, region, fifo, url: (endpoint) => queueUrl(parts, endpoint) };
}

/** A queue by its URL, taken as it is. `region` is for hosts that do not tell. */
export function queueByUrl(url: string, region: string): Queue {
  const { hostname } = new URL(url);
  const [, told] = /^sqs(?:-fips)?\.([a-z0-9-]+)\./.exec(hostname) ?? [];
  const id = withoutCredentials(url);
  return { id, region: told ?? region, fifo: url.endsWith(".fifo"), url: () => url };
}

/**
 * The URL of a queue: account and name from its ARN, host (and path) from `endpoint`. Without
 * `endpoint` it is the public one of its region and partition.
 */
export function queueUrl(
  { partition, region, accountId, name }: QueueArn,
  endpoint?: URL,
): string {
  const suffix = partition === "aws-cn" ? "amazonaws.com.cn" : "amazonaws.com";
  const base = endpoint ?? new URL(`https://sqs.${region}.${suffix}`);
  return `${base.origin}${base.pathname.replace(/\/+$/, "")}/${accountId}/${name}`;
}

/** Whether a queue's URL leads to the queue with this ARN: hosts have many names, paths do not. */
export function isSameQueue(url: string, { region, accountId, name }: QueueArn): boolean {
  const path = new URL(url).pathname.replace(/\/+$/, "");
  return path.endsWith(`/${accountId}/${name}`) && queueByUrl(url, region).region === region;
}

/** A URL as texts may show it. */
function withoutCredentials(url: string): string {
  const shown = new URL(url);
  if (shown.username === "" && shown.password === "") return url;
  shown.username = "";
  shown.password = "";
  return shown.href;
}
