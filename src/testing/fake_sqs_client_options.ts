import type { SQSRecord } from "aws-lambda";
import { checkOptionNames } from "../internal/check_options.ts";
import { describeShape, isObject } from "../internal/shape.ts";
import { checkFault, type FakeSqsFault } from "./fault.ts";
import { readQueue } from "./queue_name.ts";

/**
 * Options of {@linkcode createFakeSqsClient}.
 *
 * @category Testing
 */
export interface FakeSqsClientOptions {
  /**
   * The dead-letter queue that every queue's redrive policy names, by its name (in the queue's own account
   * and region) or its ARN. As at SQS, a FIFO queue has a FIFO queue for it (a name that ends in `.fifo`)
   * and a standard queue a standard one; a queue of the other kind has no redrive policy.
   *
   * @default {undefined} No queue has a redrive policy.
   */
  readonly deadLetterQueue?: string;
  /**
   * Records whose receipt handles are valid too, beside those of {@linkcode createSqsRecord}: records of
   * your own, which have handles of your own.
   *
   * @default None.
   */
  readonly records?: readonly SQSRecord[];
  /**
   * What goes wrong at SQS.
   *
   * @default Nothing.
   */
  readonly faults?: readonly FakeSqsFault[];
}

/** {@linkcode FakeSqsClientOptions}, checked. */
export interface CheckedFakeSqsClientOptions {
  readonly deadLetterQueue: string | undefined;
  /** The message of each receipt handle. */
  readonly messageIds: ReadonlyMap<string, string>;
  readonly faults: readonly FakeSqsFault[];
}

/**
 * Checks the options of a fake client.
 *
 * @throws {TypeError} If an option does not exist or is of the wrong type, or if two messages have the
 * same receipt handle: the client could not tell which of them was meant.
 * @throws {RangeError} If a fault's `times` is not an integer of at least 1.
 */
export function checkFakeSqsClientOptions(
  options: FakeSqsClientOptions,
): CheckedFakeSqsClientOptions {
  checkOptionNames(options, ["deadLetterQueue", "records", "faults"], "createFakeSqsClient()");
  const { deadLetterQueue, records = [], faults = [] } = options;
  if (deadLetterQueue !== undefined) readQueue(deadLetterQueue, "deadLetterQueue");
  checkArray(records, "records");
  checkArray(faults, "faults");
  faults.forEach(checkFault);
  return { deadLetterQueue, messageIds: byReceiptHandle(records), faults };
}

function byReceiptHandle(records: readonly unknown[]): Map<string, string> {
  const messageIds = new Map<string, string>();
  records.forEach((record, index) => {
    const { messageId, receiptHandle } = isObject(record) ? record : {} as Record<string, unknown>;
    if (typeof messageId !== "string" || typeof receiptHandle !== "string") {
      throw new TypeError(
        `Cannot use records: expected SQS records, got ${describeShape(record)} at index ${index}`,
      );
    }
    const other = messageIds.get(receiptHandle) ?? messageId;
    if (other !== messageId) {
      throw new TypeError(
        `Cannot use records: ${other} and ${messageId} have the same receipt handle`,
      );
    }
    messageIds.set(receiptHandle, messageId);
  });
  return messageIds;
}

function checkArray(value: unknown, name: string): void {
  if (Array.isArray(value)) return;
  throw new TypeError(`Cannot use ${name}: expected an array, got ${describeShape(value)}`);
}
