import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { CloseMessage } from "../diagnostics.ts";
import { embeddedMetrics } from "./embedded_metrics.ts";
import { noteUse } from "./in_use.ts";
import { type CheckedMetricsOptions, checkOptions, type EmitMetricsOptions } from "./options.ts";
import { warnOnce } from "../internal/warn.ts";

const CLOSE_CHANNEL = "partial-batch.sqs.close";

/**
 * Writes the metrics of every batch of the process that is closed from now on: one line a batch, in
 * CloudWatch's embedded metric format, with the name of its queue as the dimension `QueueName`.
 *
 * | metric                                                          | unit         | what it is                                      |
 * | --------------------------------------------------------------- | ------------ | ----------------------------------------------- |
 * | `Handled`, `Failed`, `Unprocessed`, `DeadLettered`, `Discarded` | Count        | records by status; together, those of the batch |
 * | `Undeleted`, `Unmoved`, `Undelayed`                             | Count        | records for which SQS did not confirm that step |
 * | `Duration`                                                      | Milliseconds | how long the batch was open                     |
 * | `OldestMessageAge`                                              | Seconds      | age of its oldest message when it was opened    |
 * | `HighestReceiveCount`                                           | Count        | of the message that was received most often     |
 *
 * - Call it once, at the top level of your module. Each call writes lines of its own; if one with the
 *   same namespace and dimensions is still in use, so that all is counted twice, a process warning says so.
 * - `OldestMessageAge` is left out if no record has a readable `SentTimestamp` when the batch is closed.
 * - A batch without records writes nothing.
 * - It never changes a batch. The first error that keeps a line from being written is a process warning.
 *
 * @category Metrics
 *
 * @param options The namespace, further dimensions, and where lines go.
 * @returns Stops it when it is disposed.
 * @throws {TypeError} If an option does not exist, is missing, or is of another type.
 * @throws {RangeError} If CloudWatch would refuse the namespace or a dimension.
 *
 * @example What a line says
 * ```ts
 * import { withSqsBatch } from "@partial-batch/sqs";
 * import { emitMetrics } from "@partial-batch/sqs/metrics";
 * import { createLambdaContext, createSqsEvent } from "@partial-batch/sqs/testing";
 * import assert from "node:assert/strict";
 *
 * const lines: string[] = [];
 * using _metrics = emitMetrics({
 *   namespace: "Orders",
 *   dimensions: { Stage: "test" },
 *   write: (line) => void lines.push(line),
 * });
 *
 * const handler = withSqsBatch(() => {});
 * await handler(createSqsEvent(["first", "second"], { queue: "orders" }), createLambdaContext());
 *
 * const { QueueName, Stage, Handled, Failed } = JSON.parse(lines[0]!);
 * assert.deepEqual([QueueName, Stage, Handled, Failed], ["orders", "test", 2, 0]);
 * ```
 */
export function emitMetrics(options: EmitMetricsOptions): Disposable {
  const checked = checkOptions(options);
  const warn = warnOnce("Cannot write the metrics of a batch");
  const subscriber = (message: unknown) => {
    try {
      // Node types the messages of all channels as unknown.
      const pending = writeMetrics(message as CloseMessage, checked);
      Promise.resolve(pending).catch(warn);
    } catch (error) {
      // If a subscriber throws, the process ends.
      warn(error);
    }
  };
  const release = noteUse(checked);
  subscribe(CLOSE_CHANNEL, subscriber);
  return {
    [Symbol.dispose]: () => {
      unsubscribe(CLOSE_CHANNEL, subscriber);
      release();
    },
  };
}

function writeMetrics(
  message: CloseMessage,
  { write, ...target }: CheckedMetricsOptions,
): unknown {
  if (message.records.length === 0) return undefined;
  return write(JSON.stringify(embeddedMetrics(message, target, Date.now())));
}
