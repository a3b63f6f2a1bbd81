import { StepError } from "./reason.ts";

/** The AWS SDK's module for SQS. */
export type Sdk = typeof import("@aws-sdk/client-sqs");

/**
 * Loads the AWS SDK. Only a batch with something to tell SQS needs it, so what is wrong with it shows
 * only then; the error says so.
 */
export async function loadSdk(): Promise<Sdk> {
  try {
    return await import("@aws-sdk/client-sqs");
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    throw new StepError(`the AWS SDK could not be loaded: ${why}`, { cause });
  }
}
