import { groupBy } from "../internal/group_by.ts";
import type { ReceivedRecord } from "./open.ts";

/**
 * Lists the records that must be handled one after another, by their indexes: each record of a
 * standard queue by itself, the records of a FIFO queue by message group.
 */
export function messageGroups(received: readonly ReceivedRecord[]): readonly number[][] {
  if (!received.some(({ queue }) => queue.fifo)) return received.map((_, index) => [index]);
  return [...groupBy(received.keys(), (index) => groupKey(received[index]!, index)).values()];
}

function groupKey({ queue, groupId }: ReceivedRecord, index: number): string | number {
  return queue.fifo ? `${queue.arn} ${groupId ?? ""}` : index;
}
