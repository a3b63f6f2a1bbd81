import { SQSBatchProcessingError } from "@partial-batch/sqs";
import {
  createFakeSqsClient,
  createLambdaContext,
  createSqsEvent,
} from "@partial-batch/sqs/testing";
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { makeHandler } from "./orders.js";

test("an order that does not exist returns, the others are deleted", async () => {
  const client = createFakeSqsClient();
  const event = createSqsEvent([{ id: 1 }, { id: -1 }, { id: 3 }]);
  const [first, second, third] = event.Records.map(({ messageId }) => messageId);

  await assert.rejects(makeHandler({ client })(event, createLambdaContext()), (error) => {
    assert(error instanceof SQSBatchProcessingError);
    assert.deepEqual(error.failures.map(({ record }) => record.messageId), [second]);
    return true;
  });
  assert.deepEqual(client.deleted, [first, third]);
});

test("a body that is no JSON goes to the dead-letter queue", async () => {
  const client = createFakeSqsClient({ deadLetterQueue: "orders-dlq" });
  const event = createSqsEvent(["no JSON"]);

  await makeHandler({ client })(event, createLambdaContext());
  assert.deepEqual(client.moved.map(({ messageId }) => messageId), [event.Records[0].messageId]);
});

test("an order that takes too long returns", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const client = createFakeSqsClient();
  const event = createSqsEvent([{ id: 1 }, { id: 2, slow: true }]);

  const ended = assert.rejects(
    makeHandler({ client })(event, createLambdaContext({ remainingMs: 60_000 })),
    (error) => error.unprocessed[0].reason === "deadline",
  );
  await setImmediate(); // the first order is handled
  t.mock.timers.tick(59_000);
  await ended;
  assert.deepEqual(client.deleted, [event.Records[0].messageId]);
});
