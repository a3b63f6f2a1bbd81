import { readBatchAnswer } from "./answer.ts";
import type { BatchEntry } from "./batch_request.ts";
import { MAX_ATTEMPTS } from "./retry_policy.ts";

/** An entry that SQS did not confirm, and why. */
export interface UnconfirmedEntry<TEntry extends BatchEntry> {
  readonly entry: TEntry;
  readonly reason: string;
  readonly error?: unknown;
}

/** An entry that one attempt did not get confirmed. */
export interface RefusedEntry<TEntry extends BatchEntry> extends UnconfirmedEntry<TEntry> {
  /** Whether another attempt may help: it failed on SQS's side. */
  readonly resend: boolean;
}

/** The entries that an answer does not confirm. */
export function refusedEntries<TEntry extends BatchEntry>(
  entries: readonly TEntry[],
  answer: unknown,
): RefusedEntry<TEntry>[] {
  return readBatchAnswer(answer, entries.length).flatMap((said, index) =>
    said.confirmed
      ? []
      : [{ entry: entries[index]!, reason: said.reason, resend: !said.senderFault }]
  );
}

/** All entries of a request that failed as a whole: what can be repeated of it, the client has repeated. */
export function failedEntries<TEntry extends BatchEntry>(
  entries: readonly TEntry[],
  reason: string,
  error: unknown,
): RefusedEntry<TEntry>[] {
  return entries.map((entry) => ({ entry, reason, error, resend: false }));
}

/** After an attempt (1, 2, …): the entries that are refused for good, and those to send again. */
export function afterAttempt<TEntry extends BatchEntry>(
  attempt: number,
  unconfirmed: readonly RefusedEntry<TEntry>[],
): { readonly refused: readonly UnconfirmedEntry<TEntry>[]; readonly pending: readonly TEntry[] } {
  const isFinal = ({ resend }: RefusedEntry<TEntry>) => !resend || attempt === MAX_ATTEMPTS;
  return {
    refused: unconfirmed.filter(isFinal).map(({ resend: _, ...each }) => each),
    pending: unconfirmed.filter((each) => !isFinal(each)).map(({ entry }) => entry),
  };
}
