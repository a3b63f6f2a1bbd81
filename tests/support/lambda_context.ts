import type { Context } from "aws-lambda";
import { lambdaContext as makeContext } from "../../src/internal/lambda_context.ts";

/** Lambda's context, with a deadline `timeoutMs` from now. */
export function lambdaContext(timeoutMs: number): Context {
  return makeContext({
    functionName: "orders",
    awsRequestId: crypto.randomUUID(),
    timeoutMs,
    region: "us-east-1",
    accountId: "123456789012",
  });
}
