import { SQSBatchProcessingError } from "@partial-batch/sqs";
import {
  createFakeSqsClient,
  createLambdaContext,
  createSqsEvent,
} from "@partial-batch/sqs/testing";
import assert from "node:assert/strict";
import { handleAll, makeHandler } from "./orders.ts";

Deno.test("an order that does not exist returns, the others are deleted", async () => {
  const client = createFakeSqsClient();
  const event = createSqsEvent([{ id: 1 }, { id: -1 }, { id: 3 }]);
  const [first, second, third] = event.Records;

  await assert.rejects(makeHandler({ client })(event, createLambdaContext()), (error) => {
    assert(error instanceof SQSBatchProcessingError);
    assert.deepEqual(error.failures.map(({ record }) => record), [second]);
    return true;
  });
  assert.deepEqual(client.deleted, [first?.messageId, third?.messageId]);
});

Deno.test("a body that is no JSON goes to the dead-letter queue", async () => {
  const client = createFakeSqsClient({ deadLetterQueue: "orders-dlq" });
  const event = createSqsEvent(["no JSON"]);

  await makeHandler({ client })(event, createLambdaContext());
  assert.deepEqual(
    client.moved.map(({ messageId }) => messageId),
    [event.Records[0]?.messageId],
  );
});

Deno.test("plain using deletes before it returns", async () => {
  const client = createFakeSqsClient();
  const { Records } = createSqsEvent([{ id: 1 }, { id: -1 }]);

  await assert.rejects(handleAll(Records, { client }), SQSBatchProcessingError);
  assert.deepEqual(client.deleted, [Records[0]?.messageId]);
});
