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
  return {
    id: shownUrl(url),
    region: regionOfHost(new URL(url).hostname) ?? region,
    fifo: pathOf(url).at(-1)?.endsWith(".fifo") ?? false,
    url: () => url,
  };
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
  const [urlAccountId, urlName] = pathOf(url).slice(-2);
  return urlAccountId === accountId && urlName === name &&
    (regionOfHost(new URL(url).hostname) ?? region) === region;
}

function pathOf(url: string): string[] {
  return new URL(url).pathname.split("/").filter((part) => part !== "");
}

/** The region that a host of SQS names: today's hosts, or the legacy ones. */
function regionOfHost(hostname: string): string | undefined {
  if (hostname === "queue.amazonaws.com") return "us-east-1";
  const [, region, legacyRegion] =
    /^(?:sqs(?:-fips)?\.([a-z0-9-]+)\.|([a-z0-9-]+)\.queue\.amazonaws\.)/.exec(hostname) ?? [];
  return region ?? legacyRegion;
}

/** A URL as texts may show it: without user, password and query, which may be signed. */
export function shownUrl(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}
