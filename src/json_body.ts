import type { SQSRecord } from "aws-lambda";
import { checkHandler } from "./internal/check_options.ts";
import { describeShape } from "./internal/shape.ts";
import { SqsBodyError } from "./sqs_body_error.ts";
import type { InferBody, StandardSchemaLike } from "./standard_schema.ts";
import type { RecordContext, RecordHandler } from "./types.ts";

/**
 * Handles the parsed body of one message.
 *
 * @category Typed bodies
 * @typeParam TBody What the body is.
 * @typeParam TResult What it returns, or what its promise resolves to.
 * @typeParam TRecordContext What it learns in addition to body and record.
 */
export type JsonBodyHandler<
  TBody,
  TResult = unknown,
  TRecordContext extends RecordContext = RecordContext,
> = (body: TBody, record: SQSRecord, recordContext: TRecordContext) => TResult | Promise<TResult>;

/**
 * Makes a record handler that parses `record.body` as JSON and validates it with a schema.
 *
 * - The schema is any Standard Schema, version 1: Zod, Valibot, ArkType, sync or async. The handler
 *   gets what the schema makes of the body, transformations and defaults included.
 * - A body that is not JSON, or that the schema refuses, fails its record with an
 *   {@linkcode SqsBodyError}, which names the message and the paths, never a value.
 * - Without a schema it only parses, and the body is `unknown`.
 *
 * @category Typed bodies
 * @typeParam TSchema The schema.
 * @typeParam TResult What the handler returns.
 * @typeParam TRecordContext What the handler learns in addition to body and record.
 * @param schema Validates the parsed body.
 * @param handler Handles the validated body.
 * @returns A record handler, for `withSqsBatch()` or `open()`.
 * @throws {TypeError} If `schema` is not a Standard Schema or `handler` is not a function, or is a
 * generator function.
 *
 * @example With a schema
 * ```ts
 * import { jsonBody, PartialSQSProcessor } from "@partial-batch/sqs";
 * import assert from "node:assert/strict";
 * import * as z from "zod";
 * import type { SQSRecord } from "aws-lambda";
 *
 * const Order = z.object({ id: z.string(), quantity: z.number().int() });
 * const record = {
 *   messageId: "m1",
 *   receiptHandle: "r1",
 *   body: '{"id":"A1","quantity":2}',
 *   eventSourceARN: "arn:aws:sqs:eu-west-1:123456789012:orders",
 * } as SQSRecord;
 *
 * const shipped: string[] = [];
 * await new PartialSQSProcessor().run(
 *   [record],
 *   jsonBody(Order, (order) => shipped.push(`${order.quantity} of ${order.id}`)),
 * );
 * assert.deepEqual(shipped, ["2 of A1"]);
 * ```
 */
export function jsonBody<
  TSchema extends StandardSchemaLike,
  TResult,
  TRecordContext extends RecordContext = RecordContext,
>(
  schema: TSchema,
  handler: JsonBodyHandler<InferBody<TSchema>, TResult, TRecordContext>,
): RecordHandler<TResult, TRecordContext>;
/**
 * Makes a record handler that only parses `record.body` as JSON. The body is `unknown`; one that is not
 * JSON fails its record with an {@linkcode SqsBodyError}.
 *
 * @category Typed bodies
 * @typeParam TResult What the handler returns.
 * @typeParam TRecordContext What the handler learns in addition to body and record.
 * @param handler Handles the parsed body.
 * @returns A record handler, for `withSqsBatch()` or `open()`.
 * @throws {TypeError} If `handler` is not a function, or is a generator function.
 */
export function jsonBody<TResult, TRecordContext extends RecordContext = RecordContext>(
  handler: JsonBodyHandler<unknown, TResult, TRecordContext>,
): RecordHandler<TResult, TRecordContext>;
export function jsonBody<TResult, TRecordContext extends RecordContext>(
  ...args:
    | [StandardSchemaLike, JsonBodyHandler<unknown, TResult, TRecordContext>]
    | [JsonBodyHandler<unknown, TResult, TRecordContext>]
): RecordHandler<TResult, TRecordContext> {
  const [schema, handler] = args.length === 1 ? [undefined, args[0]] : args;
  if (args.length !== 1) checkSchema(schema);
  checkHandler(handler, "the handler of jsonBody()");
  return async (record, recordContext) => {
    const parsed = parse(record);
    const body = schema ? await validate(schema, parsed, record) : parsed;
    return await handler(body, record, recordContext);
  };
}

function parse({ body, messageId }: SQSRecord): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new SqsBodyError(messageId);
  }
}

async function validate<TBody>(
  schema: StandardSchemaLike<TBody>,
  body: unknown,
  { messageId }: SQSRecord,
): Promise<TBody> {
  const result = await schema["~standard"].validate(body);
  if (result.issues) throw new SqsBodyError(messageId, result.issues);
  return result.value;
}

/** ArkType's schemas are functions. */
function checkSchema(schema: unknown): void {
  const standard = (schema as Partial<StandardSchemaLike> | null | undefined)?.["~standard"];
  if (typeof standard?.validate === "function") return;
  throw new TypeError(
    `Cannot use the schema of jsonBody(): expected a Standard Schema, got ${describeShape(schema)}`,
  );
}
