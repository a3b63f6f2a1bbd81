import {
  createFakeSqsClient,
  createLambdaContext,
  createSqsEvent,
} from "@partial-batch/sqs/testing";
import { afterEach, expect, jest, test } from "@jest/globals";
import { makeHandler } from "./orders.js";

afterEach(() => {
  jest.useRealTimers();
});

test("an order that does not exist returns, the others are deleted", async () => {
  const client = createFakeSqsClient();
  const event = createSqsEvent([{ id: 1 }, { id: -1 }, { id: 3 }]);
  const [first, second, third] = event.Records;

  await expect(makeHandler({ client })(event, createLambdaContext())).rejects.toMatchObject({
    failures: [{ record: second }],
    undeleted: [],
  });
  expect(client.deleted).toEqual([first.messageId, third.messageId]);
});

test("a body that is no JSON goes to the dead-letter queue", async () => {
  const client = createFakeSqsClient({ deadLetterQueue: "orders-dlq" });
  const event = createSqsEvent(["no JSON"]);

  await makeHandler({ client })(event, createLambdaContext());
  expect(client.moved).toMatchObject([{ messageId: event.Records[0].messageId }]);
});

test("an order that takes too long returns", async () => {
  jest.useFakeTimers();
  const client = createFakeSqsClient();
  const event = createSqsEvent([{ id: 1 }, { id: 2, slow: true }]);

  const ended = makeHandler({ client })(event, createLambdaContext({ remainingMs: 60_000 }));
  const expected = expect(ended).rejects.toMatchObject({ unprocessed: [{ reason: "deadline" }] });
  await jest.advanceTimersByTimeAsync(60_000);
  await expected;
  expect(client.deleted).toEqual([event.Records[0].messageId]);
});
