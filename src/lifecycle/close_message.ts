import { type CloseMessage, countByStatus } from "../diagnostics.ts";
import type { Outcome } from "../types.ts";
import type { Hooks } from "./hooks.ts";
import type { Ledger } from "./ledger.ts";
import type { BatchSetup } from "./open.ts";

/** A batch that is closed. */
interface ClosedBatch<TResult> {
  readonly setup: BatchSetup<TResult>;
  readonly ledger: Ledger<TResult>;
  readonly outcomes: readonly Outcome[];
  readonly hooks: Hooks<TResult>;
}

/** What is published of a batch that is closed. `failure` is what its close throws. */
export function closeMessage<TResult>(
  { setup, ledger, outcomes, hooks }: ClosedBatch<TResult>,
  failure: { readonly error: unknown } | undefined,
): CloseMessage {
  const deleted = new Set(hooks.steps?.deletedIndexes());
  return {
    records: Object.freeze(
      setup.received.map(({ messageId, queue, receiveCount }, index) =>
        Object.freeze({
          record: setup.records[index]!,
          messageId,
          queueArn: queue.arn,
          receiveCount,
          outcome: outcomes[index]!,
          isDeleted: deleted.has(index),
        })
      ),
    ),
    counts: Object.freeze(countByStatus(outcomes)),
    unconfirmed: ledger.unconfirmed.all(),
    ...(failure && { error: failure.error }),
    durationMs: setup.openedAt === undefined ? 0 : performance.now() - setup.openedAt,
  };
}
