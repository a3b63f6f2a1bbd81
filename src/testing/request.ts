import type {
  ChangeMessageVisibilityBatchCommandInput,
  DeleteMessageBatchCommandInput,
  GetQueueAttributesCommandInput,
  SendMessageBatchCommandInput,
} from "@aws-sdk/client-sqs";
import type { RequestMessage } from "../diagnostics.ts";
import { describeShape, isObject } from "../internal/shape.ts";

/**
 * The actions of the SQS API that the library uses.
 *
 * @category Testing
 */
export type FakeSqsAction = RequestMessage["action"];

/**
 * A request that a {@linkcode FakeSqsClient} got: what was asked, and with which input.
 *
 * @category Testing
 */
export type FakeSqsRequest =
  | {
    /** What was asked. */
    readonly action: "DeleteMessageBatch";
    /** The command's input. */
    readonly input: DeleteMessageBatchCommandInput;
  }
  | {
    /** What was asked. */
    readonly action: "SendMessageBatch";
    /** The command's input. */
    readonly input: SendMessageBatchCommandInput;
  }
  | {
    /** What was asked. */
    readonly action: "ChangeMessageVisibilityBatch";
    /** The command's input. */
    readonly input: ChangeMessageVisibilityBatchCommandInput;
  }
  | {
    /** What was asked. */
    readonly action: "GetQueueAttributes";
    /** The command's input. */
    readonly input: GetQueueAttributesCommandInput;
  };

/** All actions. */
export const ACTIONS: readonly FakeSqsAction[] = [
  "DeleteMessageBatch",
  "SendMessageBatch",
  "ChangeMessageVisibilityBatch",
  "GetQueueAttributes",
];

/**
 * Reads a command of any copy of the AWS SDK: by its class's name or, where a minifier has changed that, by
 * its input.
 *
 * @throws {TypeError} If it is a command of another action, or none.
 */
export function readCommand(command: unknown): FakeSqsRequest {
  if (!isObject(command) || !isObject(command.input)) {
    throw new TypeError(
      `Cannot answer: expected a command of @aws-sdk/client-sqs, got ${describeShape(command)}`,
    );
  }
  const { input } = command;
  const [, name] = /^(\w+)Command$/.exec(command.constructor?.name ?? "") ?? [];
  const action = ACTIONS.find((each) => each === name) ??
    (name === undefined ? actionByInput(input) : undefined);
  if (action !== undefined) return { action, input } as unknown as FakeSqsRequest;
  throw new TypeError(
    `Cannot answer ${name ?? "this command"}: expected one of ${ACTIONS.join(", ")}`,
  );
}

function actionByInput(input: Record<PropertyKey, unknown>): FakeSqsAction | undefined {
  if (typeof input.QueueUrl !== "string") return undefined;
  if (!Array.isArray(input.Entries)) {
    return Array.isArray(input.AttributeNames) && Object.keys(input).length === 2
      ? "GetQueueAttributes"
      : undefined;
  }
  const entry: unknown = input.Entries[0];
  if (!isObject(entry)) return undefined;
  if ("MessageBody" in entry) return "SendMessageBatch";
  if (!("ReceiptHandle" in entry)) return undefined;
  return "VisibilityTimeout" in entry ? "ChangeMessageVisibilityBatch" : "DeleteMessageBatch";
}
