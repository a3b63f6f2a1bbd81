import {
  GetQueueAttributesCommand,
  type GetQueueAttributesCommandOutput,
} from "@aws-sdk/client-sqs";
import { parseQueueArn, type QueueArn } from "../internal/queue_arn.ts";
import type { SqsClientLike } from "../sqs_client_like.ts";
import { send } from "./client.ts";

/** What a mapping knows of its queue. */
export interface SourceQueue {
  readonly url: string;
  readonly arn: QueueArn;
  /** For how long a received message is hidden, in milliseconds. */
  readonly visibilityTimeoutMs: number;
  /** What to ask for on receiving; `undefined` for the queue's own. */
  readonly visibilityTimeoutSeconds: number | undefined;
}

/** Looks at a queue. */
export async function lookAtQueue(
  client: SqsClientLike,
  url: string,
  visibilityTimeoutSeconds: number | undefined,
  abortSignal?: AbortSignal,
): Promise<SourceQueue> {
  const { Attributes = {} } = await send<GetQueueAttributesCommandOutput>(
    client,
    new GetQueueAttributesCommand({
      QueueUrl: url,
      AttributeNames: ["QueueArn", "VisibilityTimeout"],
    }),
    abortSignal,
  );
  const seconds = visibilityTimeoutSeconds ?? Number(Attributes.VisibilityTimeout ?? 30);
  return {
    url,
    arn: parseQueueArn(Attributes.QueueArn ?? ""),
    visibilityTimeoutMs: seconds * 1_000,
    visibilityTimeoutSeconds,
  };
}
