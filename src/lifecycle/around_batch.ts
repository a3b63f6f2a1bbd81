import type { SQSMessageAttributes } from "aws-lambda";
import type { QueueArn } from "../internal/queue_arn.ts";
import { type Around, callWithin } from "./call_within.ts";

/** The part of a record's snapshot that entry points may read. */
export interface SurroundedRecord {
  readonly messageId: string;
  readonly queue: QueueArn;
  readonly traceHeader: string | undefined;
  readonly messageAttributes: SQSMessageAttributes | undefined;
}

/** Called for each batch that is opened. Returns what to put around its `process()` and its close. */
export type SurroundBatch = (received: readonly SurroundedRecord[]) => Around;

/** Calls `process()` or the close of a batch with everything around it. */
export type Within = <T>(work: () => T) => T;

const surrounders = new Set<SurroundBatch>();

/**
 * Puts something around batches that are opened from now on: the slot for entry points that make something
 * active while a batch is processed and closed.
 *
 * @returns Takes it off again, for all batches.
 */
export function putAroundBatches(surround: SurroundBatch): Disposable {
  const own: SurroundBatch = (received) => {
    const around = surround(received);
    return (work) => surrounders.has(own) ? around(work) : work();
  };
  surrounders.add(own);
  return { [Symbol.dispose]: () => void surrounders.delete(own) };
}

/** Collects what to put around a batch that is being opened. */
export function surroundBatch(received: readonly SurroundedRecord[]): Within {
  if (surrounders.size === 0) return (work) => work();
  const arounds = Array.from(surrounders).flatMap((surround) => {
    try {
      return [surround(received)];
    } catch {
      return [];
    }
  });
  return (work) => callWithin(arounds, work);
}
