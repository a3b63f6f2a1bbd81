import { pollOnce, type PollOnceOptions, startEventSourceMapping } from "@partial-batch/sqs/local";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { clientConfig, endpointOf } from "../../../src/local/client.ts";

const queueUrl = "http://127.0.0.1:1/000000000000/orders";
const fifoUrl = `${queueUrl}.fifo`;
const handler = () => {};

Deno.test("startEventSourceMapping() refuses options of the wrong type", () => {
  const wrong: Record<string, unknown>[] = [
    { queueUrl: undefined },
    { queueUrl: "orders" },
    { queueUrl: "arn:aws:sqs:us-east-1:000000000000:orders" },
    { handler: undefined },
    { client: {} },
    { client: { send() {} }, endpoint: "http://localhost:4566" },
    { client: { send() {} }, region: "us-east-1" },
    { endpoint: "localhost:4566" },
    { region: 1 },
    { functionName: 1 },
    { batchSize: "10" },
    { reportBatchItemFailures: 1 },
    { batchsize: 10 },
  ];
  for (const options of wrong) {
    const given = { queueUrl, handler, ...options } as unknown as PollOnceOptions;
    assertThrows(() => startEventSourceMapping(given), TypeError);
  }
});

Deno.test("startEventSourceMapping() refuses numbers that Lambda or SQS would refuse", () => {
  const wrong: Record<string, number>[] = [
    ...[0, 1.5, 10_001, NaN].map((batchSize) => ({ batchSize })),
    ...[-1, 301].map((maximumBatchingWindowSeconds) => ({ maximumBatchingWindowSeconds })),
    ...[0, 1_001].map((maximumConcurrency) => ({ maximumConcurrency })),
    ...[0, 900_001].map((functionTimeoutMs) => ({ functionTimeoutMs })),
    ...[-1, 43_201].map((visibilityTimeoutSeconds) => ({ visibilityTimeoutSeconds })),
    ...[-1, 21].map((waitTimeSeconds) => ({ waitTimeSeconds })),
  ];
  for (const options of wrong) {
    assertThrows(() => startEventSourceMapping({ queueUrl, handler, ...options }), RangeError);
  }
  for (const options of [{ batchSize: 11 }, { maximumBatchingWindowSeconds: 1 }]) {
    assertThrows(
      () => startEventSourceMapping({ queueUrl: fifoUrl, handler, ...options }),
      RangeError,
    );
  }
});

Deno.test("pollOnce() has no maximumConcurrency", async () => {
  const options = { queueUrl, handler, maximumConcurrency: 1 };
  await assertRejects(() => pollOnce(options), TypeError, "maximumConcurrency");
});

Deno.test("clientConfig() gives made-up credentials to every host but those of AWS", () => {
  const aws = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders";
  assertEquals(clientConfig({ queueUrl: aws }), { region: "eu-west-1" });
  const endpoint = "https://vpce-1.sqs.eu-west-1.vpce.amazonaws.com";
  assertEquals(clientConfig({ queueUrl: aws, endpoint }).credentials, undefined);
  for (const address of [{ queueUrl }, { queueUrl: aws, endpoint: "http://127.0.0.1:4566" }]) {
    assertEquals(clientConfig(address).credentials, {
      accessKeyId: "local",
      secretAccessKey: "local",
    });
  }
});

Deno.test("endpointOf() is the host of the queue's URL, unless another is given or it is one of AWS", () => {
  assertEquals(endpointOf({ queueUrl }), "http://127.0.0.1:1");
  assertEquals(endpointOf({ queueUrl, endpoint: "http://localhost:2" }), "http://localhost:2");
  const aws = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders";
  assertEquals(endpointOf({ queueUrl: aws }), undefined);
});
