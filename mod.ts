/**
 * Partial batch processing of SQS messages in AWS Lambda: each message is handled individually, and
 * only those that were not handled return to the queue.
 *
 * @example A Lambda handler
 * ```ts
 * import { withSqsBatch } from "@partial-batch/sqs";
 *
 * export const handler = withSqsBatch(async (record) => {
 *   await ship(JSON.parse(record.body));
 * });
 *
 * async function ship(_order: unknown) {}
 * ```
 *
 * @module
 */
export type { BasePartialProcessorOptions, OpenOptions } from "./src/base_options.ts";
export { BasePartialProcessor } from "./src/base_partial_processor.ts";
export type { Batch } from "./src/batch.ts";
export type {
  BatchMessage,
  ClosedRecord,
  CloseMessage,
  RecordMessage,
  RequestMessage,
} from "./src/diagnostics.ts";
export { SQSBatchProcessingError, type SQSBatchProcessingErrorOptions } from "./src/errors.ts";
export { jsonBody, type JsonBodyHandler } from "./src/json_body.ts";
export { PartialSQSProcessor } from "./src/partial_sqs_processor.ts";
export { SqsBodyError } from "./src/sqs_body_error.ts";
export type {
  InferBody,
  StandardSchemaLike,
  ValidationIssue,
  ValidationResult,
} from "./src/standard_schema.ts";
export type { ErrorClass, NonRetryable } from "./src/non_retryable.ts";
export {
  exponentialBackoff,
  type ExponentialBackoffOptions,
  type RetryDelay,
} from "./src/retry_delay.ts";
export { StopBatchError, type StopBatchErrorOptions } from "./src/stop_batch_error.ts";
export type { SqsClientLike } from "./src/sqs_client_like.ts";
export type { PartialSQSProcessorOptions } from "./src/sqs_options.ts";
export type {
  DeadLetteredOutcome,
  DiscardedOutcome,
  FailOutcome,
  LambdaRecordContext,
  Outcome,
  RecordContext,
  RecordHandler,
  SuccessOutcome,
  UnconfirmedRecord,
  UnconfirmedRecords,
  UnconfirmedStep,
  UnprocessedOutcome,
  UnprocessedReason,
} from "./src/types.ts";
export {
  type LambdaHandlerAfterBatch,
  type SqsLambdaHandler,
  withBatchProcessor,
  type WithBatchProcessorOptions,
} from "./src/with_batch_processor.ts";
export {
  type Refused,
  type SqsBatchReturn,
  withSqsBatch,
  type WithSqsBatchOptions,
} from "./src/with_sqs_batch.ts";
