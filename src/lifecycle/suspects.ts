import { messageGroups } from "./groups.ts";
import type { ReceivedRecord } from "./open.ts";

/** The records of a batch, by their indexes: what is handled concurrently, and what comes last. */
export interface Division {
  /** Message groups or, of a group with a suspect, what stands before it. */
  readonly ordinary: readonly (readonly number[])[];
  /** Handled after everything else, one after another, in this order. */
  readonly suspects: readonly Suspect[];
}

/** A suspect or, in a FIFO queue, a record that stands behind one in its message group. */
export interface Suspect {
  readonly index: number;
  /** What stands before it in its group. */
  readonly earlier: readonly number[];
}

/**
 * Divides a batch. Suspects are the messages that SQS has handed out `suspectAfter` times or more: one
 * of them may have ended the process each time, and the others may only have been there.
 *
 * They go by message id, ascending if the highest receive count of the batch is even and descending if
 * it is odd. So two that always return together change places each time, and in one of two rounds the
 * harmless one comes before the one that ends the process.
 */
export function divide(
  received: readonly ReceivedRecord[],
  suspectAfter: number | undefined,
): Division {
  const groups = messageGroups(received);
  if (suspectAfter === undefined) return { ordinary: groups, suspects: [] };
  // SQS may hand out a message twice in a batch. The higher of its two receive counts decides.
  const ids = new Set<string>();
  let highest = 0;
  for (const { messageId, receiveCount } of received) {
    if (receiveCount >= suspectAfter) ids.add(messageId);
    highest = Math.max(highest, receiveCount);
  }
  if (ids.size === 0) return { ordinary: groups, suspects: [] };
  const ordinary: (readonly number[])[] = [];
  const units: (readonly [first: Suspect, ...rest: Suspect[]])[] = [];
  for (const group of groups) {
    const start = group.findIndex((index) => ids.has(received[index]!.messageId));
    const earlier = start === -1 ? group : group.slice(0, start);
    if (earlier.length > 0) ordinary.push(earlier);
    if (start === -1) continue;
    const suspectAt = (position: number): Suspect => ({
      index: group[position]!,
      earlier: group.slice(0, position),
    });
    const rest = group.slice(start + 1).map((_, offset) => suspectAt(start + 1 + offset));
    units.push([suspectAt(start), ...rest]);
  }
  const direction = highest % 2 === 0 ? 1 : -1;
  const idOf = ([{ index }]: typeof units[number]) => received[index]!.messageId;
  units.sort((a, b) => direction * compare(idOf(a), idOf(b)));
  return { ordinary, suspects: units.flat() };
}

/** Compares texts by their code units: the order must be the same in every process. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
