import { parseQueueArn } from "./queue_arn.ts";

/**
 * The URL of a queue: account and name from its ARN, host (and path) from `endpoint`.
 *
 * Without `endpoint` it is the public one of the ARN's region and partition.
 *
 * @throws {TypeError} If `arn` is no ARN of a queue.
 */
export function queueUrlFromArn(arn: string, endpoint?: URL): string {
  const { partition, region, accountId, name } = parseQueueArn(arn);
  const suffix = partition === "aws-cn" ? "amazonaws.com.cn" : "amazonaws.com";
  const base = endpoint ?? new URL(`https://sqs.${region}.${suffix}`);
  return `${base.origin}${base.pathname.replace(/\/+$/, "")}/${accountId}/${name}`;
}
