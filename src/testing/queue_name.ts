import { describeShape } from "../internal/shape.ts";
import { parseQueueArn, type QueueArn } from "../internal/queue_arn.ts";

/** Where queues are that are only named. */
export interface QueuePlace {
  readonly partition: string;
  readonly region: string;
  readonly accountId: string;
}

/** Where queues are if nothing says otherwise. */
export const DEFAULT_PLACE: QueuePlace = {
  partition: "aws",
  region: "us-east-1",
  accountId: "123456789012",
};

/** A queue's name (Amazon SQS API reference, CreateQueue): at most 80 characters. */
const NAME = /^(?=.{1,80}$)[\w-]+(?:\.fifo)?$/;

/**
 * Reads a queue that is given by its ARN or by its name. `option` is how texts call it.
 *
 * @throws {TypeError} If it is neither.
 */
export function readQueue(
  queue: unknown,
  option: string,
  place: QueuePlace = DEFAULT_PLACE,
): QueueArn {
  const isArn = typeof queue === "string" && queue.startsWith("arn:");
  if (!isArn && !(typeof queue === "string" && NAME.test(queue))) {
    const got = typeof queue === "string" && queue !== "" ? `"${queue}"` : describeShape(queue);
    throw new TypeError(
      `Cannot use ${option}: expected the name or the ARN of a queue, got ${got}`,
    );
  }
  const { partition, region, accountId } = place;
  return readQueueArn(
    isArn ? queue : `arn:${partition}:sqs:${region}:${accountId}:${queue}`,
    option,
  );
}

/**
 * Reads a queue that is given by its ARN. `option` is how texts call it.
 *
 * @throws {TypeError} If it is none.
 */
export function readQueueArn(arn: string, option: string): QueueArn {
  try {
    return parseQueueArn(arn);
  } catch (cause) {
    throw new TypeError(`Cannot use ${option}: ${(cause as Error).message}`, { cause });
  }
}
