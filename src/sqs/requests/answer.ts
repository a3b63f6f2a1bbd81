import { isObject } from "../../internal/shape.ts";
import { shownCode } from "./reason.ts";

/** What SQS said about one entry of a batch request. */
export type EntryAnswer =
  | { readonly confirmed: true }
  | { readonly confirmed: false; readonly reason: string; readonly senderFault: boolean };

const CONFIRMED: EntryAnswer = { confirmed: true };

/**
 * Reads the answer to a batch request whose entries had the ids `"0"` to `count - 1`.
 *
 * An entry is confirmed only if SQS lists it as successful: a stub's `{}` or a proxy's page of HTML
 * confirms nothing. Of a message no more is taken than whether it says that the handle has expired,
 * because SQS quotes the receipt handle in it.
 */
export function readBatchAnswer(answer: unknown, count: number): EntryAnswer[] {
  const successful = entriesById(isObject(answer) ? answer.Successful : undefined);
  const failed = entriesById(isObject(answer) ? answer.Failed : undefined);
  const answers: EntryAnswer[] = [];
  for (let index = 0; index < count; index++) {
    const id = String(index);
    answers.push(readEntryAnswer(successful.has(id), failed.get(id)));
  }
  return answers;
}

function readEntryAnswer(
  isSuccessful: boolean,
  failure: Record<PropertyKey, unknown> | undefined,
): EntryAnswer {
  if (failure) {
    const senderFault = failure.SenderFault !== false;
    return { confirmed: false, reason: failureReason(failure), senderFault };
  }
  if (isSuccessful) return CONFIRMED;
  return { confirmed: false, reason: "not among Successful in the answer", senderFault: true };
}

function failureReason({ Code, Message }: Record<PropertyKey, unknown>): string {
  const code = shownCode(Code);
  const isLate = /MessageNotInflight/.test(code) ||
    (typeof Message === "string" && /expired/i.test(Message));
  return isLate ? `${code}, the message's visibility timeout was over` : code;
}

function entriesById(entries: unknown): Map<string, Record<PropertyKey, unknown>> {
  const byId = new Map<string, Record<PropertyKey, unknown>>();
  const list: unknown[] = Array.isArray(entries) ? entries : [];
  for (const entry of list) if (isObject(entry)) byId.set(String(entry.Id), entry);
  return byId;
}
