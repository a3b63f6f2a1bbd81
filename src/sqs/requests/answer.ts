import { isObject } from "../../internal/shape.ts";

/** What SQS said about one entry of a batch request. */
export type EntryAnswer =
  | { readonly confirmed: true }
  | { readonly confirmed: false; readonly code: string; readonly senderFault: boolean };

/**
 * Reads the answer to a batch request whose entries had the ids `"0"` to `count - 1`.
 *
 * An entry is confirmed only if SQS lists it as successful: a stub's `{}` or a proxy's page of HTML
 * confirms nothing. Only the codes are taken, because SQS quotes the receipt handle in its messages.
 */
export function readBatchAnswer(answer: unknown, count: number): EntryAnswer[] {
  const successful = entriesById(isObject(answer) ? answer.Successful : undefined);
  const failed = entriesById(isObject(answer) ? answer.Failed : undefined);
  return Array.from({ length: count }, (_, index) => {
    const id = String(index);
    const failure = failed.get(id);
    if (failure) {
      return {
        confirmed: false,
        code: typeof failure.Code === "string" ? failure.Code : "no error code",
        senderFault: failure.SenderFault !== false,
      };
    }
    if (successful.has(id)) return { confirmed: true };
    return { confirmed: false, code: "not among Successful in the answer", senderFault: true };
  });
}

function entriesById(entries: unknown): Map<string, Record<PropertyKey, unknown>> {
  const list: unknown[] = Array.isArray(entries) ? entries : [];
  return new Map(list.filter(isObject).map((entry) => [String(entry.Id), entry]));
}
