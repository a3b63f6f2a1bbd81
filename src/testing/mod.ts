/**
 * For the tests of a function that uses `@partial-batch/sqs`: events and records as Lambda makes them, a
 * context whose clock runs, and a client that stands for SQS. It needs no server, no AWS account, and no
 * particular test runner. Not for production: the library itself never loads it.
 *
 * @example One order fails, the others are deleted
 * ```ts
 * import { SQSBatchProcessingError, withSqsBatch } from "@partial-batch/sqs";
 * import {
 *   createFakeSqsClient,
 *   createLambdaContext,
 *   createSqsEvent,
 * } from "@partial-batch/sqs/testing";
 * import assert from "node:assert/strict";
 *
 * const client = createFakeSqsClient();
 * const handler = withSqsBatch((record) => ship(JSON.parse(record.body)), { client });
 *
 * const event = createSqsEvent([{ id: 1 }, { id: -1 }, { id: 3 }]);
 * await assert.rejects(handler(event, createLambdaContext()), SQSBatchProcessingError);
 *
 * const [first, , third] = event.Records;
 * assert.deepEqual(client.deleted, [first?.messageId, third?.messageId]);
 *
 * function ship(order: { id: number }) {
 *   if (order.id < 0) throw new RangeError("no such order");
 * }
 * ```
 *
 * @module
 */
export type { DelayedMessage, MovedMessage } from "./fake_queues.ts";
export { createFakeSqsClient, type FakeSqsClient } from "./fake_sqs_client.ts";
export type { FakeSqsClientOptions } from "./fake_sqs_client_options.ts";
export type { FakeSqsFault } from "./fault.ts";
export type { FakeSqsAction, FakeSqsRequest } from "./request.ts";
export { createLambdaContext, type LambdaContextOptions } from "./lambda_context.ts";
export { createSqsEvent, type SqsEventOptions } from "./sqs_event.ts";
export { createSqsRecord, type SqsRecordOverrides } from "./sqs_record.ts";
