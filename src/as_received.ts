import type { SQSRecord } from "aws-lambda";

const received = new WeakMap<SQSRecord, SQSRecord>();

/**
 * Keeps what a record says when its batch is opened. A handler may write to its record (many parse
 * the body in place, or black out the receipt handle for a log); what is told to SQS must not change
 * by that.
 */
export function keepAsReceived(record: SQSRecord): void {
  received.set(record, {
    ...record,
    attributes: { ...record.attributes },
    messageAttributes: Object.fromEntries(
      Object.entries(record.messageAttributes ?? {}).map(([name, value]) => [name, { ...value }]),
    ),
  });
}

/** A record as it was when its batch was opened. */
export function asReceived(record: SQSRecord): SQSRecord {
  return received.get(record) ?? record;
}
