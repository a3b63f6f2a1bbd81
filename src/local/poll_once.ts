import { withClient } from "./client.ts";
import { type Invocation, invoke } from "./invocation.ts";
import { checkPollOnceOptions, type PollOnceOptions } from "./options.ts";
import { lookAtQueue } from "./queue.ts";
import { receiveBatch } from "./receive.ts";

/**
 * Plays one round of Lambda's event source mapping: receives a batch, invokes the handler with it, and
 * deletes what Lambda would delete.
 *
 * Lambda's rules are those of {@linkcode startEventSourceMapping}.
 *
 * @category Local
 * @param options The queue, the handler, and how to invoke it.
 * @returns What happened; `undefined` if there was no message.
 * @throws {TypeError} If an option is of the wrong type or does not exist.
 * @throws {RangeError} If a number is out of its limits.
 * @throws {Error} If SQS cannot be asked. What the handler throws is in the invocation's `error`.
 *
 * @example One round in a test
 * ```ts
 * import { withSqsBatch } from "@partial-batch/sqs";
 * import { pollOnce } from "@partial-batch/sqs/local";
 * import { startFauxqs } from "fauxqs";
 * import assert from "node:assert/strict";
 *
 * const server = await startFauxqs({ port: 0, logger: false });
 * server.createQueue("orders");
 * server.sendMessage("orders", '{"id":"A1"}');
 *
 * const invocation = await pollOnce({
 *   queueUrl: `http://127.0.0.1:${server.port}/000000000000/orders`,
 *   handler: withSqsBatch((record) => JSON.parse(record.body)),
 * });
 * assert.equal(invocation?.deletedByLambda.length, 1);
 * await server.stop();
 * ```
 */
export async function pollOnce(options: PollOnceOptions): Promise<Invocation | undefined> {
  const checked = checkPollOnceOptions(options);
  return await withClient(checked, async (client) => {
    const queue = await lookAtQueue(client, checked.queueUrl, checked.visibilityTimeoutSeconds);
    const records = await receiveBatch({ ...checked, client, queue });
    if (records.length === 0) return undefined;
    return await invoke({ client, queue, options: checked }, records);
  });
}
