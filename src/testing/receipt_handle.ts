import { randomUUID } from "node:crypto";

const PREFIX = "made-by-createSqsRecord";
const MADE = new RegExp(`^${PREFIX}/(.+)/[0-9a-f-]{36}$`, "s");

/** A receipt handle that no other record has, and that says which message it is of. */
export function makeReceiptHandle(messageId: string): string {
  return `${PREFIX}/${messageId}/${randomUUID()}`;
}

/** The message that a receipt handle is of; `undefined` if it was not made here. */
export function messageIdIn(receiptHandle: string): string | undefined {
  return MADE.exec(receiptHandle)?.[1];
}
