import type { SQSRecord } from "aws-lambda";

/** How often SQS has handed out a message; 1 if the record does not say. */
export function receiveCountOf({ attributes }: Partial<SQSRecord>): number {
  const count: unknown = attributes?.ApproximateReceiveCount;
  return typeof count === "string" ? Number(count) || 1 : 1;
}
