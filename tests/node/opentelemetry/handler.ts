/** A user's function: traced, with spans of its own inside the record handler. */
import { trace } from "@opentelemetry/api";
import { type SqsLambdaHandler, withSqsBatch } from "@partial-batch/sqs";
import { traceRecords } from "@partial-batch/sqs/opentelemetry";
import process from "node:process";

traceRecords();

export const handler: SqsLambdaHandler = withSqsBatch(async ({ messageId, body }) => {
  await new Promise((resolve) => setTimeout(resolve));
  trace.getTracer("orders").startSpan(`ship ${messageId}`).end();
  if (body.startsWith("fail")) throw new RangeError("no such order");
}, { config: JSON.parse(process.env.SQS_CONFIG!) });
