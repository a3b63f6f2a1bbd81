import { shapeOf } from "../shape.ts";

/** The parts of a queue's ARN. */
export interface QueueArn {
  readonly partition: string;
  readonly region: string;
  readonly accountId: string;
  readonly name: string;
}

/**
 * Takes a queue's ARN apart: `arn:aws:sqs:eu-west-1:123456789012:orders`.
 *
 * @throws {TypeError} If it is no ARN of a queue.
 */
export function parseQueueArn(arn: string): QueueArn {
  const [prefix, partition, service, region, accountId, name, ...rest] = arn.split(":");
  if (
    prefix !== "arn" || !partition || service !== "sqs" || !region || !accountId || !name ||
    rest.length > 0
  ) {
    // What is no ARN at all may be anything that was put in its place: a receipt handle, a body.
    const got = prefix === "arn" ? `"${arn}"` : shapeOf(arn);
    throw new TypeError(
      `expected the ARN of a queue (arn:aws:sqs:<region>:<account>:<name>), got ${got}`,
    );
  }
  return { partition, region, accountId, name };
}
