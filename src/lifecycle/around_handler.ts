import type { SQSRecord } from "aws-lambda";
import type { RecordMessage } from "../diagnostics.ts";
import { callWithin } from "./call_within.ts";

/** A call of a record's handler. */
export interface HandlerCall {
  readonly record: SQSRecord;
  readonly messageId: string;
  readonly receiveCount: number;
  /** What the record channel publishes of it, if anybody listens. Its subscribers may have written to it. */
  readonly message: RecordMessage;
}

/** Calls a record's handler with something active around it: `handle()`, at once and once. */
export type Around = (call: HandlerCall, handle: () => void) => void;

const arounds = new Set<Around>();

/**
 * Puts something around the record handlers of batches that are opened from now on: the slot for entry
 * points that make something active inside a handler.
 *
 * @returns Takes it off again, for all batches.
 */
export function putAround(around: Around): Disposable {
  const own: Around = (call, handle) => around(call, handle);
  arounds.add(own);
  return { [Symbol.dispose]: () => void arounds.delete(own) };
}

/** Whether there is anything to be active around a handler. */
export function isAnythingAround(): boolean {
  return arounds.size > 0;
}

/** Calls a handler with everything around it. */
export function handleWithin<T>(call: HandlerCall, handle: () => T): T {
  return callWithin(
    Array.from(arounds, (around) => (work: () => void) => around(call, work)),
    handle,
  );
}
