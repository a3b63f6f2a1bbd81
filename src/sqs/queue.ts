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

/** The hosts of SQS itself, in any partition. An endpoint of one's own is on another host. */
const AWS_HOST = new RegExp(
  String.raw`^sqs(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.(?:com|com\.cn|eu)|api\.aws|` +
    String.raw`api\.amazonwebservices\.com\.cn|c2s\.ic\.gov|sc2s\.sgov\.gov|csp\.hci\.ic\.gov|` +
    String.raw`cloud\.adc-e\.uk)$`,
);

const LEGACY_HOST = /^([a-z0-9-]+)\.queue\.amazonaws\.com(?:\.cn)?$/;

/** The region that a host of SQS itself names: today's hosts, or the legacy ones. */
export function regionOfHost(hostname: string): string | undefined {
  if (hostname === "queue.amazonaws.com") return "us-east-1";
  const [, region] = AWS_HOST.exec(hostname) ?? LEGACY_HOST.exec(hostname) ?? [];
  return region;
}

/** A URL as texts may show it: without user, password and query, which may be signed. */
export function shownUrl(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}
