import type { SQSRecord } from "aws-lambda";
import { parseQueueArn } from "./sqs/queue_arn.ts";
import { isObject, shapeOf } from "./shape.ts";

/**
 * Checks that a batch is an array of SQS records with all that deleting them needs.
 *
 * @throws {TypeError} If it is anything else; the text says what, and where.
 */
export function checkRecords(records: unknown): asserts records is readonly SQSRecord[] {
  if (!Array.isArray(records)) {
    const hint = isObject(records) && "Records" in records ? ", pass event.Records" : "";
    throw new TypeError(
      `Cannot open a batch: expected an array of SQS records, got ${shapeOf(records)}${hint}`,
    );
  }
  // Not forEach(): it skips the holes of a sparse array.
  for (let index = 0; index < records.length; index++) checkRecord(records[index], index);
}

function checkRecord(record: unknown, index: number): void {
  const where = `Cannot open a batch: record ${index}`;
  if (!isObject(record)) {
    throw new TypeError(`${where}: expected an SQS record, got ${shapeOf(record)}`);
  }
  // SNS writes EventSource, everyone else eventSource.
  const source = record.eventSource ?? record.EventSource;
  if (source !== undefined && source !== "aws:sqs") {
    const name = typeof source === "string" ? `"${source}"` : shapeOf(source);
    throw new TypeError(`${where}: expected an event of "aws:sqs", got one of ${name}`);
  }
  for (const name of ["messageId", "receiptHandle", "eventSourceARN"]) {
    const value = record[name];
    if (typeof value === "string" && value !== "") continue;
    throw new TypeError(`${where}: expected ${name} to be a string, got ${shapeOf(value)}`);
  }
  try {
    parseQueueArn(record.eventSourceARN as string);
  } catch (cause) {
    throw new TypeError(`${where}: ${(cause as Error).message}`);
  }
}
