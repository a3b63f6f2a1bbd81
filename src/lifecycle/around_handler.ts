import type { RecordMessage } from "../diagnostics.ts";
import { callWithin } from "./call_within.ts";

/** Calls a record's handler with something active around it: `handle()`, at once and once. */
export type Around = (message: RecordMessage, handle: () => void) => void;

const arounds = new Set<Around>();

/**
 * Puts something around the record handlers of batches that are opened from now on: the slot for entry
 * points that make something active inside a handler.
 *
 * @returns Takes it off again, for all batches.
 */
export function putAround(around: Around): Disposable {
  const own: Around = (message, handle) => around(message, handle);
  arounds.add(own);
  return { [Symbol.dispose]: () => void arounds.delete(own) };
}

/** Whether there is anything to be active around a handler. */
export function isAnythingAround(): boolean {
  return arounds.size > 0;
}

/** Calls a handler with everything around it that there is. */
export function handleWithin<T>(message: RecordMessage, handle: () => T): T {
  return callWithin(
    Array.from(arounds, (around) => (work: () => void) => around(message, work)),
    handle,
  );
}
