import {
  PartialSQSProcessor,
  type RequestMessage,
  SQSBatchProcessingError,
} from "@partial-batch/sqs";
import { assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { handleBody, makeRecords, QUEUE_ARN } from "../support/factories.ts";
import { holding, HOLDS } from "../support/hold.ts";
import { testSqs } from "../support/test_sqs.ts";

// The same words for the same fault, whichever way the batch is held.

/** The reason of the one undeleted message. */
async function reasonWith(
  hold: typeof HOLDS[number],
  options: ConstructorParameters<typeof PartialSQSProcessor>[0],
  records = makeRecords("ok", "fail"),
): Promise<string> {
  const processor = new PartialSQSProcessor(options);
  const { thrown } = await holding({ hold, processor, records, handler: handleBody });
  assertInstanceOf(thrown, SQSBatchProcessingError);
  assertEquals(thrown.undeleted.length, 1);
  return thrown.undeleted[0]!.reason;
}

for (const hold of HOLDS) {
  for (
    const [what, fault, reason] of [
      [
        "a 503 without a body",
        { kind: "status", status: 503, body: "" },
        "no error code (HTTP 503)",
      ],
      [
        "a 502 of HTML",
        { kind: "status", status: 502, body: "<html>" },
        "no error code (HTTP 502)",
      ],
      [
        "a page of HTML",
        { kind: "status", status: 200, body: "<html>Welcome to the hotel</html>" },
        "the answer cannot be read (HTTP 200)",
      ],
      [
        "an empty answer",
        { kind: "status", status: 200, body: "" },
        "not among Successful in the answer",
      ],
      [
        "an error of SQS",
        { kind: "status", status: 400, code: "com.amazonaws.sqs#RequestThrottled" },
        "RequestThrottled (HTTP 400)",
      ],
    ] as const
  ) {
    Deno.test(`fauxqs, ${hold}: ${what} is ${reason}`, async () => {
      const sqs = await testSqs();
      const queue = await sqs.createQueue();
      const records = await queue.records("ok", "fail");
      await sqs.proxy.set({ action: "DeleteMessageBatch", ...fault });
      const config = { ...sqs.config, maxAttempts: 1 };
      assertEquals(await reasonWith(hold, { config }, records), reason);
    });
  }

  Deno.test(`fauxqs, ${hold}: a connection that is dropped is ECONNRESET, and says where`, async () => {
    const sqs = await testSqs();
    const queue = await sqs.createQueue();
    const records = await queue.records("ok", "fail");
    await sqs.proxy.set({ action: "DeleteMessageBatch", kind: "drop" });
    const config = { ...sqs.config, maxAttempts: 1 };
    const url = await queue.urlAt(sqs.proxy.endpoint);
    assertEquals(await reasonWith(hold, { config }, records), `ECONNRESET at ${url}`);
  });

  for (const port of [1, 59_999]) {
    Deno.test(`${hold}: nobody listening at port ${port} is ECONNREFUSED, and says where`, async () => {
      const credentials = { accessKeyId: "AKIATEST", secretAccessKey: "secret-of-the-test" };
      const endpoint = `http://127.0.0.1:${port}`;
      assertEquals(
        await reasonWith(hold, { config: { endpoint, credentials, maxAttempts: 1 } }),
        `ECONNREFUSED at ${endpoint}/123456789012/orders`,
      );
    });
  }

  Deno.test(`fauxqs, ${hold}: a queue that does not exist is named with its URL and its ARN`, async () => {
    const sqs = await testSqs();
    await sqs.proxy.reset();
    const reason = await reasonWith(hold, { config: sqs.config });
    const url = `${new URL(sqs.proxy.endpoint).origin}/123456789012/orders`;
    assertEquals(
      reason,
      `QueueDoesNotExist (HTTP 400), queue URL ${url} of ${QUEUE_ARN} not found`,
    );
  });

  Deno.test(`fauxqs, ${hold}: the request channel has the queue's ARN and its URL`, async () => {
    const sqs = await testSqs();
    const queue = await sqs.createQueue();
    const records = await queue.records("ok", "fail");
    const messages: RequestMessage[] = [];
    const listener = (message: unknown) => void messages.push(message as RequestMessage);
    subscribe("partial-batch.sqs.request", listener);
    const processor = new PartialSQSProcessor({ config: sqs.config });
    await holding({ hold, processor, records, handler: handleBody });
    unsubscribe("partial-batch.sqs.request", listener);
    const url = await queue.urlAt(sqs.proxy.endpoint);
    assertEquals(messages.map(({ queue, queueUrl }) => [queue, queueUrl]), [
      [await queue.arn(), url],
    ]);
  });

  Deno.test(`fauxqs, ${hold}: an answer with a wrong MD5 says so`, async () => {
    const sqs = await testSqs();
    const queue = await sqs.createQueue();
    const target = await sqs.createQueue();
    const records = await queue.records("fail");
    const body = JSON.stringify({
      Successful: [{ Id: "0", MessageId: "m", MD5OfMessageBody: "not the right one" }],
    });
    await sqs.proxy.set({ action: "SendMessageBatch", kind: "status", status: 200, body });
    const processor = new PartialSQSProcessor({
      config: sqs.config,
      nonRetryable: {
        when: () => true,
        to: { queueUrl: await target.urlAt(sqs.proxy.endpoint) },
      },
    });
    const { thrown } = await holding({ hold, processor, records, handler: handleBody });
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertEquals(thrown.unmoved.map(({ reason }) => reason), [
      "the answer has a wrong MD5 checksum",
    ]);
  });
}

Deno.test("using: a server that never answers on this machine gets a hint about its thread", async () => {
  const sqs = await testSqs();
  const queue = await sqs.createQueue();
  const records = await queue.records("ok", "fail");
  await sqs.proxy.set({ action: "DeleteMessageBatch", kind: "hang" });
  const options = { config: sqs.config, closeTimeoutMs: 200 };
  const reason = await reasonWith("using", options, records);
  assertStringIncludes(
    reason,
    "if the server runs in this process, it cannot answer while `using` blocks",
  );
  await sqs.proxy.killSockets();
});
