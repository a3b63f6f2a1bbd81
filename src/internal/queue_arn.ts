import { describeShape } from "./shape.ts";

/** The parts of a queue's ARN. */
export interface QueueArn {
  readonly arn: string;
  readonly partition: string;
  readonly region: string;
  readonly accountId: string;
  readonly name: string;
  /**
   * Whether it is a FIFO queue. Its name says so; `MessageGroupId` does not, because the messages of
   * a fair queue, which is a standard queue, have one too.
   */
  readonly fifo: boolean;
}

/**
 * Parses the ARN of a queue: `arn:aws:sqs:eu-west-1:123456789012:orders`.
 *
 * @throws {TypeError} If it is not the ARN of a queue.
 */
export function parseQueueArn(arn: string): QueueArn {
  const [prefix, partition, service, region, accountId, name, ...rest] = arn.split(":");
  if (
    prefix !== "arn" || !partition || service !== "sqs" || !region || !accountId || !name ||
    rest.length > 0
  ) {
    // Anything that is not an ARN may be a receipt handle or a body in the wrong place.
    const got = prefix === "arn" ? `"${arn}"` : describeShape(arn);
    throw new TypeError(
      `expected the ARN of a queue (arn:aws:sqs:<region>:<account>:<name>), got ${got}`,
    );
  }
  return { arn, partition, region, accountId, name, fifo: name.endsWith(".fifo") };
}
