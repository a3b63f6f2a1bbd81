import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { readBatchAnswer } from "../../../../src/sqs/requests/answer.ts";
import { batchRequests } from "../../../../src/sqs/requests/batch_request.ts";
import { chunk } from "../../../../src/sqs/requests/batch_request.ts";
import { queueByArn, queueByUrl } from "../../../../src/sqs/queue.ts";

Deno.test("chunk() keeps every item once, in order, within the limits, and never one chunk too many", () => {
  const sizes = fc.array(fc.nat({ max: 12 }));
  fc.assert(
    fc.property(
      sizes,
      fc.integer({ min: 1, max: 12 }),
      fc.nat({ max: 20 }),
      (items, count, size) => {
        const sum = (chunk: readonly number[]) => chunk.reduce((a, b) => a + b, 0);
        const chunks = chunk(items, { count, size, sizeOf: (item) => item });
        assertEquals(chunks.flat(), items);
        assert(chunks.every((each) => each.length > 0 && each.length <= count));
        assert(chunks.every((each) => each.length === 1 || sum(each) <= size));
        chunks.slice(1).forEach((each, before) => {
          const previous = chunks[before]!;
          assert(previous.length === count || sum(previous) + each[0]! > size);
        });
      },
    ),
  );
});

const NO_RECORDS = { indexes: [], messageIds: [] };
const queueA = queueByArn("arn:aws:sqs:us-east-1:123456789012:a");

Deno.test("batchRequests() cuts at ten entries a request", () => {
  for (const [count, requests] of [[0, 0], [1, 1], [9, 1], [10, 1], [11, 2], [20, 2], [21, 3]]) {
    const entries = Array.from({ length: count! }, () => ({ queue: queueA, ...NO_RECORDS }));
    assertEquals(batchRequests(entries).length, requests!);
  }
});

Deno.test("batchRequests() cuts at 1 MiB a request", () => {
  const requestsFor = (...sizes: number[]) => {
    const entries = sizes.map((size) => ({ queue: queueA, ...NO_RECORDS, size }));
    return batchRequests(entries, ({ size }) => size).map((request) => request.entries.length);
  };
  assertEquals(requestsFor(1_048_575, 1), [2]);
  assertEquals(requestsFor(1_048_576, 1), [1, 1]);
  assertEquals(requestsFor(1, 1_048_576, 1), [1, 1, 1]);
});

Deno.test("batchRequests() never mixes queues and keeps every entry once", () => {
  const queues = ["a", "b", "c"].map((name) => queueByArn(`arn:aws:sqs:us-east-1:1:${name}`));
  const entry = fc.record({
    queue: fc.constantFrom(...queues),
    id: fc.integer(),
    indexes: fc.constant([]),
    messageIds: fc.constant([]),
  });
  fc.assert(fc.property(fc.array(entry, { maxLength: 60 }), (entries) => {
    const requests = batchRequests(entries);
    for (const request of requests) {
      assert(request.entries.length <= 10);
      assert(request.entries.every(({ queue }) => queue === request.queue));
    }
    for (const queue of queues) {
      const sent = requests.filter((request) => request.queue === queue);
      assertEquals(
        sent.flatMap((request) => request.entries),
        entries.filter((each) => each.queue === queue),
      );
    }
  }));
});

Deno.test("queueByUrl() takes the region from the host where that tells it", () => {
  const cases = [
    ["https://sqs.eu-west-1.amazonaws.com/123456789012/orders", "eu-west-1", false],
    ["https://sqs-fips.us-gov-west-1.amazonaws.com/1/orders.fifo", "us-gov-west-1", true],
    ["https://sqs.cn-north-1.amazonaws.com.cn/123456789012/orders", "cn-north-1", false],
    ["http://127.0.0.1:4566/000000000000/orders", "us-east-1", false],
  ] as const;
  for (const [url, region, fifo] of cases) {
    const queue = queueByUrl(url, "us-east-1");
    assertEquals([queue.region, queue.fifo, queue.url(), queue.id], [region, fifo, url, url]);
  }
});

Deno.test("readBatchAnswer() confirms only what SQS lists as successful", () => {
  const answer = {
    Successful: [{ Id: "0" }],
    Failed: [{ Id: "1", Code: "InternalError", SenderFault: false, Message: "handle-1" }],
  };
  assertEquals(readBatchAnswer(answer, 3), [
    { confirmed: true },
    { confirmed: false, reason: "InternalError", senderFault: false },
    { confirmed: false, reason: "not among Successful in the answer", senderFault: true },
  ]);
});

Deno.test("readBatchAnswer() confirms nothing for what is not an answer", () => {
  const answers = [undefined, null, "", "<html>", 0, [], {}, { Successful: "0" }, {
    Successful: [null, "0", 0],
  }];
  for (const answer of answers) {
    const entries = readBatchAnswer(answer, 2);
    assertEquals(entries.map(({ confirmed }) => confirmed), [false, false]);
  }
});

Deno.test("readBatchAnswer() takes an entry in both lists as failed", () => {
  const answer = { Successful: [{ Id: "0" }], Failed: [{ Id: "0" }] };
  assertEquals(readBatchAnswer(answer, 1), [
    { confirmed: false, reason: "no error code", senderFault: true },
  ]);
});
