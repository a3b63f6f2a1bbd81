import type { SQSRecord } from "aws-lambda";
import { asReceived } from "./as_received.ts";
import { groupBy } from "./group_by.ts";

/**
 * The records that must be handled one after another, as lists of their indexes: each record of a
 * standard queue by itself, the records of a FIFO queue by message group.
 *
 * A queue is FIFO if its ARN ends in `.fifo`. `MessageGroupId` does not tell: the messages of a
 * standard queue have one too where it is a fair queue.
 */
export function lanesOf(records: readonly SQSRecord[]): number[][] {
  return [...groupBy(records.keys(), (index) => laneOf(records[index]!, index)).values()];
}

function laneOf(record: SQSRecord, index: number): string | number {
  const { eventSourceARN, attributes } = asReceived(record);
  if (!eventSourceARN.endsWith(".fifo")) return index;
  return `${eventSourceARN} ${attributes?.MessageGroupId ?? ""}`;
}
