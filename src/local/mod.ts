/**
 * Lambda's event source mapping for SQS, on your machine: it receives batches from a queue, invokes
 * your handler with them, and deletes what Lambda would delete. It runs on any SQS endpoint: fauxqs,
 * LocalStack, or AWS itself.
 *
 * Not for production, and not loaded by the library itself.
 *
 * @example Watching a handler at work
 * ```ts
 * import { withSqsBatch } from "@partial-batch/sqs";
 * import { startEventSourceMapping } from "@partial-batch/sqs/local";
 * import { startFauxqs } from "fauxqs";
 *
 * const server = await startFauxqs({ port: 0, logger: false });
 * server.createQueue("orders");
 * server.sendMessage("orders", '{"id":"A1"}');
 * {
 *   await using mapping = startEventSourceMapping({
 *     queueUrl: `http://127.0.0.1:${server.port}/000000000000/orders`,
 *     handler: withSqsBatch((record) => console.log(record.body)),
 *   });
 *   for await (const { records, deletedByLambda, reason } of mapping) {
 *     console.log(records.length, "received,", deletedByLambda.length, "deleted", reason ?? "");
 *     break;
 *   }
 * }
 * await server.stop();
 * ```
 *
 * @module
 */
export { type EventSourceMapping, startEventSourceMapping } from "./event_source_mapping.ts";
export type { Invocation } from "./invocation.ts";
export type { EventSourceMappingOptions, InvokedHandler, PollOnceOptions } from "./options.ts";
export { pollOnce } from "./poll_once.ts";
export type { SqsClientLike } from "../sqs_client_like.ts";
