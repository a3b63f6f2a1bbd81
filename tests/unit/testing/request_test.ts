import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
} from "@aws-sdk/client-sqs";
import { assertEquals, assertThrows } from "@std/assert";
import { readCommand } from "../../../src/testing/request.ts";

const QueueUrl = "https://sqs.us-east-1.amazonaws.com/123456789012/orders";

const COMMANDS = [
  new DeleteMessageBatchCommand({ QueueUrl, Entries: [{ Id: "0", ReceiptHandle: "h" }] }),
  new SendMessageBatchCommand({ QueueUrl, Entries: [{ Id: "0", MessageBody: "b" }] }),
  new ChangeMessageVisibilityBatchCommand({
    QueueUrl,
    Entries: [{ Id: "0", ReceiptHandle: "h", VisibilityTimeout: 5 }],
  }),
  new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["RedrivePolicy"] }),
];

Deno.test("readCommand() knows a command by its class's name, and a minified one by its input", () => {
  for (const command of COMMANDS) {
    const name = command.constructor.name.replace(/Command$/, "");
    const { input } = command;
    // deno-lint-ignore no-explicit-any -- the union of four inputs
    const expected: any = { action: name, input };
    assertEquals(readCommand(command), expected);
    class a {
      input = input;
    }
    assertEquals(readCommand(new a()), expected);
    assertEquals(readCommand({ input }), expected);
  }
});

Deno.test("readCommand() refuses every other command, by name and by input", () => {
  const input = { QueueUrl, AttributeNames: ["All" as const], MaxNumberOfMessages: 10 };
  for (
    const [command, text] of [
      [new ReceiveMessageCommand(input), "Cannot answer ReceiveMessage: expected one of Delete"],
      [{ input }, "Cannot answer this command: expected one of"],
      [{ input: { QueueUrl, Entries: [] } }, "Cannot answer this command"],
      [{ input: { QueueUrl, Entries: [{ Id: "0" }] } }, "Cannot answer this command"],
      [{ input: {} }, "Cannot answer this command"],
      [{}, "expected a command of @aws-sdk/client-sqs, got an object without keys"],
      [undefined, "expected a command of @aws-sdk/client-sqs, got undefined"],
    ] as const
  ) assertThrows(() => readCommand(command), TypeError, text);
});
