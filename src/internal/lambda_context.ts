import type { Context } from "aws-lambda";

/** What an invocation's context is made from. */
export interface ContextOptions {
  readonly functionName: string;
  /** The invocation's id. */
  readonly awsRequestId: string;
  /** How long the invocation may take, from now. */
  readonly timeoutMs: number;
  /** The region and the account of the function: those of the queue. */
  readonly region: string;
  readonly accountId: string;
}

/** Lambda's context, whose clock runs. */
export function lambdaContext(
  { functionName, awsRequestId, timeoutMs, region, accountId }: ContextOptions,
): Context {
  const deadline = Date.now() + timeoutMs;
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName,
    functionVersion: "$LATEST",
    invokedFunctionArn: `arn:aws:lambda:${region}:${accountId}:function:${functionName}`,
    memoryLimitInMB: "128",
    awsRequestId,
    logGroupName: `/aws/lambda/${functionName}`,
    logStreamName: "local",
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
    done: () => {},
    fail: () => {},
    succeed: () => {},
  };
}
