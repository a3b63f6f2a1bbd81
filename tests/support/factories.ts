import type { SQSRecord } from "aws-lambda";

/** The queue of records that never saw one. */
export const QUEUE_ARN = "arn:aws:sqs:us-east-1:123456789012:orders";

let made = 0;

/** A record as Lambda makes it, of no real queue. */
export function makeRecord(over: Partial<SQSRecord> = {}): SQSRecord {
  const id = `m${++made}`;
  return {
    messageId: id,
    receiptHandle: `handle-of-${id}`,
    body: "ok",
    attributes: {
      ApproximateReceiveCount: "1",
      SentTimestamp: "1700000000000",
      SenderId: "AIDATEST",
      ApproximateFirstReceiveTimestamp: "1700000000001",
    },
    messageAttributes: {},
    md5OfBody: "",
    eventSource: "aws:sqs",
    eventSourceARN: QUEUE_ARN,
    awsRegion: "us-east-1",
    ...over,
  };
}

/** Records with these bodies. */
export function makeRecords(...bodies: readonly string[]): SQSRecord[] {
  return bodies.map((body) => makeRecord({ body }));
}

/** A record of a FIFO queue. */
export function makeFifoRecord(MessageGroupId: string | undefined, body = "ok"): SQSRecord {
  const { attributes, ...record } = makeRecord({ body, eventSourceARN: `${QUEUE_ARN}.fifo` });
  return { ...record, attributes: { ...attributes, MessageGroupId } };
}

/** A record handler that fails for a body of `fail…` and else gives the body back. */
export function handleBody(record: SQSRecord): string {
  if (record.body.startsWith("fail")) throw new RangeError(`no such order: ${record.messageId}`);
  return record.body;
}

/** `fail1`, `fail2`, … */
export function bodies(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`);
}
