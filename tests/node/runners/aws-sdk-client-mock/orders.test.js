import { DeleteMessageBatchCommand, SQSClient } from "@aws-sdk/client-sqs";
import { createLambdaContext, createSqsEvent } from "@partial-batch/sqs/testing";
import { mockClient } from "aws-sdk-client-mock";
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { handler } from "./orders.js";

const sqs = mockClient(SQSClient);
beforeEach(() => sqs.reset());

test("an order that does not exist returns, the others are deleted", async () => {
  sqs.on(DeleteMessageBatchCommand).callsFake(({ Entries }) => ({
    Successful: Entries.map(({ Id }) => ({ Id })),
  }));
  const event = createSqsEvent([{ id: 1 }, { id: -1 }]);

  await assert.rejects(handler(event, createLambdaContext()), (error) => {
    assert.deepEqual(error.undeleted, []);
    return true;
  });
  const [call] = sqs.commandCalls(DeleteMessageBatchCommand);
  assert.deepEqual(
    call.args[0].input.Entries.map(({ ReceiptHandle }) => ReceiptHandle),
    [event.Records[0].receiptHandle],
  );
});

test("a mock that confirms nothing leaves the messages undeleted", async () => {
  sqs.on(DeleteMessageBatchCommand).resolves({});
  const event = createSqsEvent([{ id: 1 }, { id: -1 }]);

  await assert.rejects(handler(event, createLambdaContext()), (error) => {
    assert.equal(error.undeleted[0].reason, "not among Successful in the answer");
    return true;
  });
});
