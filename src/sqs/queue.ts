import { parseQueueArn } from "./queue_arn.ts";
import { queueUrlFromArn } from "./queue_url.ts";

/** A queue, as a request needs it. */
export interface Queue {
  /** Its ARN or, where only that is known, its URL. */
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
 * @throws {TypeError} If `arn` is no ARN of a queue.
 */
export function queueByArn(arn: string): Queue {
  const { region } = parseQueueArn(arn);
  const url = (endpoint?: URL) => queueUrlFromArn(arn, endpoint);
  return { id: arn, region, fifo: arn.endsWith(".fifo"), url };
}

/** A queue by its URL, taken as it is. `region` is for hosts that do not tell. */
export function queueByUrl(url: string, region: string): Queue {
  const { hostname } = new URL(url);
  const [, told] = /^sqs(?:-fips)?\.([a-z0-9-]+)\./.exec(hostname) ?? [];
  return { id: url, region: told ?? region, fifo: url.endsWith(".fifo"), url: () => url };
}
