import type { SQSEvent, SQSRecord } from "aws-lambda";
import { checkBoolean, checkOptionNames } from "../internal/check_options.ts";
import { describeShape, isObject } from "../internal/shape.ts";
import { readQueue } from "./queue_name.ts";
import { createSqsRecord } from "./sqs_record.ts";

/**
 * Options of {@linkcode createSqsEvent}: where the messages of its bodies come from.
 *
 * @category Testing
 */
export interface SqsEventOptions {
  /**
   * The queue's name or ARN. A named queue is in `us-east-1`, of the account `123456789012`.
   *
   * @default {"orders"}
   */
  readonly queue?: string;
  /**
   * Whether it is a FIFO queue: a name without `.fifo` gets it.
   *
   * @default What the queue's name says.
   */
  readonly fifo?: boolean;
  /**
   * The message group of each body. Those of a standard queue make it a fair queue.
   *
   * @default In a FIFO queue the group `group-1` for all.
   */
  readonly groups?: readonly string[];
}

/**
 * Makes an event of SQS as Lambda hands it to a function.
 *
 * @category Testing
 *
 * @param messages A body for each message (a string as it is, anything else as JSON), or records.
 * @param options Where the messages of the bodies come from. Records have their own queue.
 * @returns The event.
 * @throws {TypeError} If `messages` is not an array, if a body cannot be written as JSON, if an option does
 * not exist or is of the wrong type, or if there are options beside records.
 * @throws {RangeError} If there are not as many `groups` as bodies.
 *
 * @example A FIFO queue with two message groups
 * ```ts
 * import { createSqsEvent } from "@partial-batch/sqs/testing";
 * import assert from "node:assert/strict";
 *
 * const { Records } = createSqsEvent([{ id: 1 }, { id: 2 }, { id: 3 }], {
 *   fifo: true,
 *   groups: ["customer-7", "customer-7", "customer-8"],
 * });
 *
 * assert.deepEqual(
 *   Records.map(({ attributes }) => attributes.MessageGroupId),
 *   ["customer-7", "customer-7", "customer-8"],
 * );
 * ```
 */
export function createSqsEvent(
  messages: readonly unknown[],
  options: SqsEventOptions = {},
): SQSEvent {
  if (!Array.isArray(messages)) {
    throw new TypeError(
      `Cannot make an event: expected an array of bodies or records, got ${
        describeShape(messages)
      }`,
    );
  }
  checkOptionNames(options, ["queue", "fifo", "groups"], "createSqsEvent()");
  const isGiven = Object.values(options).some((value) => value !== undefined);
  if (isGiven && messages.some(isRecord)) {
    throw new TypeError("Cannot use options of createSqsEvent() for records: they have a queue");
  }
  const eventSourceARN = arnOf(options);
  const groups = groupsOf(options, messages.length);
  // Not map(): it skips the holes of a sparse array.
  return {
    Records: Array.from(messages, (message, index) => {
      if (isRecord(message)) return message;
      const MessageGroupId = groups?.[index];
      return createSqsRecord({
        body: checkBody(message, index),
        eventSourceARN,
        ...(MessageGroupId !== undefined && { attributes: { MessageGroupId } }),
      });
    }),
  };
}

/** What has a receipt handle is no body of anybody's. */
function isRecord(message: unknown): message is SQSRecord {
  return isObject(message) && typeof message.receiptHandle === "string" &&
    typeof message.messageId === "string";
}

function checkBody(body: unknown, index: number): unknown {
  if (body !== undefined) return body;
  throw new TypeError(`Cannot make an event: message ${index} is undefined`);
}

function arnOf({ queue = "orders", fifo }: SqsEventOptions): string {
  const named = readQueue(queue, "queue");
  if (fifo === undefined) return named.arn;
  checkBoolean(fifo, "fifo");
  if (fifo === named.fifo) return named.arn;
  if (fifo && !queue.startsWith("arn:")) return readQueue(`${queue}.fifo`, "queue").arn;
  throw new TypeError(
    fifo
      ? "Cannot use fifo with this queue: the ARN of a FIFO queue ends in .fifo"
      : "Cannot use fifo: false with this queue: its name ends in .fifo",
  );
}

function groupsOf({ groups }: SqsEventOptions, count: number): readonly string[] | undefined {
  if (groups === undefined) return undefined;
  if (!Array.isArray(groups)) throw groupsRefusal(groups);
  // Not every(): it skips the holes of a sparse array.
  const wrong = Array.from(groups).findIndex((group) => typeof group !== "string");
  if (wrong !== -1) throw groupsRefusal(groups[wrong], ` for message ${wrong}`);
  if (groups.length === count) return groups;
  throw new RangeError(
    `Cannot use groups: expected one for each of ${count} bodies, got ${groups.length}`,
  );
}

function groupsRefusal(got: unknown, where = ""): TypeError {
  return new TypeError(
    `Cannot use groups: expected an array of strings, got ${describeShape(got)}${where}`,
  );
}
