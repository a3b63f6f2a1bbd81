import type { Context } from "aws-lambda";
import { nodeProcess } from "../internal/node_process.ts";
import { isThenable } from "../internal/promises.ts";
import type { BatchSetup } from "../lifecycle/open.ts";
import type { Verdict } from "../lifecycle/hooks.ts";
import { reasonOf } from "../sqs/requests/reason.ts";
import { verdictOn } from "./lookups.ts";

/**
 * Finds out whether Lambda reads the response of a batch's function, for every queue of the batch: the most
 * doubtful one decides. Never rejects.
 */
export function verifyMappings(
  { received, lambdaContext, clock }: Pick<
    BatchSetup<unknown>,
    "received" | "lambdaContext" | "clock"
  >,
): Verdict | Promise<Verdict> {
  const functionArn = readFunctionArn(lambdaContext);
  if (functionArn === undefined) {
    return { doubt: "the batch has no Lambda context that names its function" };
  }
  const hindrance = whyNotAsked();
  if (hindrance !== undefined) return { doubt: hindrance };
  const queues = [...new Set(received.map(({ queue }) => queue))];
  const verdicts = queues.map((queue) => verdictOn(functionArn, queue, clock));
  const known = verdicts.filter(isKnown);
  const soFar = mostDoubtful(known);
  if (soFar.doubt !== undefined || known.length === verdicts.length) return soFar;
  return Promise.all(verdicts).then(mostDoubtful);
}

function isKnown(verdict: Verdict | Promise<Verdict>): verdict is Verdict {
  return !isThenable(verdict);
}

function mostDoubtful(verdicts: readonly Verdict[]): Verdict {
  return verdicts.find(({ doubt }) => doubt !== undefined) ?? { doubt: undefined };
}

function readFunctionArn(context: Context | undefined): string | undefined {
  try {
    const arn: unknown = context?.invokedFunctionArn;
    return typeof arn === "string" && arn !== "" ? arn : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Outside Lambda no mapping reads a response, and a test must not ask AWS with the credentials that it
 * happens to find; an endpoint shows that somebody means to be asked. Lambda sets the function's name
 * (AWS Lambda developer guide, "Working with Lambda environment variables").
 */
function whyNotAsked(): string | undefined {
  try {
    const { AWS_LAMBDA_FUNCTION_NAME, AWS_ENDPOINT_URL_LAMBDA, AWS_ENDPOINT_URL } =
      nodeProcess().env;
    if (AWS_LAMBDA_FUNCTION_NAME || AWS_ENDPOINT_URL_LAMBDA || AWS_ENDPOINT_URL) return undefined;
    return "the process does not run in Lambda, and AWS_ENDPOINT_URL_LAMBDA is not set";
  } catch (error) {
    return `the environment cannot be read: ${reasonOf(error)}`;
  }
}
