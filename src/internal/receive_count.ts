import type { SQSRecord } from "aws-lambda";

/** How often SQS has handed out a message; 1 if the record does not say. */
export function receiveCountOf({ attributes }: SQSRecord): number {
  return Number(attributes?.ApproximateReceiveCount) || 1;
}
