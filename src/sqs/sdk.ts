/** The AWS SDK's module for SQS. */
export type Sdk = typeof import("@aws-sdk/client-sqs");

/** Loads the AWS SDK. Only a batch with something to tell SQS needs it. */
export function loadSdk(): Promise<Sdk> {
  return import("@aws-sdk/client-sqs");
}
