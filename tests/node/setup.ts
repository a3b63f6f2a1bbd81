import { SQSClient, type SQSClientConfig } from "@aws-sdk/client-sqs";
import type { SQSRecord } from "aws-lambda";
import process from "node:process";
import { type ServerName, TestQueue } from "../support/test_queue.ts";

/** How to reach a server that the runner started. */
export function configOf(server: ServerName): SQSClientConfig & { readonly endpoint: string } {
  const variable = { "fauxqs": "FAUXQS_ENDPOINT", "local-aws-sqs": "LOCAL_AWS_SQS_ENDPOINT" };
  return {
    endpoint: process.env[variable[server]]!,
    region: "us-east-1",
    credentials: { accessKeyId: "AKIATEST", secretAccessKey: "secret-of-the-test" },
  };
}

/** A new queue. */
export function createQueue(
  server: ServerName = "fauxqs",
  attributes: Record<string, string> = {},
): Promise<TestQueue> {
  return TestQueue.create(server, new SQSClient(configOf(server)), attributes);
}

/** Fails for a body of `fail…`. */
export function handle({ body, messageId }: SQSRecord): string {
  if (body.startsWith("fail")) throw new RangeError(`no such order: ${messageId}`);
  return body;
}

/** What a promise rejects with. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("Expected a rejection");
}
