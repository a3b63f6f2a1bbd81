import { SQSClient } from "@aws-sdk/client-sqs";
import { clientConfig, endpointOf } from "../local/client.ts";
import { reasonOf } from "../sqs/requests/reason.ts";
import type { DevQueue, QueueState } from "./dev_queue.ts";
import { credentialsWhereNone } from "./local_queue.ts";
import type { GivenQueueOptions } from "./options.ts";
import { attributesOf, countOf } from "./queue_access.ts";
import { UsageError } from "./usage_error.ts";

/**
 * Looks at a queue of the user's own. Its messages can be counted, but not looked into.
 *
 * @throws {UsageError} If SQS cannot be asked for it.
 */
export async function openGivenQueue(options: GivenQueueOptions): Promise<DevQueue> {
  const endpoint = endpointOf(options);
  const config = clientConfig(options);
  const client = new SQSClient({
    ...config,
    maxAttempts: 2,
    requestHandler: { connectionTimeout: 3_000 },
  });
  const url = options.queueUrl;
  let policy: { readonly deadLetterTargetArn?: string; readonly maxReceiveCount?: unknown };
  let region: string;
  try {
    const { RedrivePolicy, QueueArn = "" } = await attributesOf(client, url);
    policy = RedrivePolicy ? JSON.parse(RedrivePolicy) : {};
    region = QueueArn.split(":")[3] || await client.config.region();
  } catch (error) {
    client.destroy();
    throw new UsageError(`Cannot use --queue-url: ${reasonOf(error)}`);
  }
  const isEmulator = endpoint !== undefined && config.credentials !== undefined;
  return {
    url,
    client,
    description: endpoint === undefined ? "on AWS" : `at ${endpoint}`,
    maxReceiveCount: policy.maxReceiveCount === undefined
      ? undefined
      : Number(policy.maxReceiveCount),
    deadLetterQueueName: policy.deadLetterTargetArn?.split(":").at(-1),
    env: {
      AWS_REGION: region,
      ...(endpoint === undefined ? {} : { AWS_ENDPOINT_URL_SQS: endpoint }),
      ...(isEmulator ? credentialsWhereNone() : {}),
    },
    async look(): Promise<QueueState> {
      return { count: await countOf(client, url), left: undefined, deadLettered: undefined };
    },
    close() {
      client.destroy();
      return Promise.resolve();
    },
  };
}
