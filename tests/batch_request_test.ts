import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { readBatchAnswer } from "../src/sqs/batch_answer.ts";
import { batchRequests } from "../src/sqs/batch_request.ts";
import { chunk } from "../src/sqs/chunk.ts";

Deno.test("chunk() keeps every item once, in order, and fills all chunks but the last", () => {
  fc.assert(fc.property(fc.array(fc.integer()), fc.integer({ min: 1, max: 12 }), (items, size) => {
    const chunks = chunk(items, size);
    assertEquals(chunks.flat(), items);
    assert(chunks.slice(0, -1).every((each) => each.length === size));
    assert(chunks.every((each) => each.length > 0 && each.length <= size));
  }));
});

Deno.test("batchRequests() cuts at ten entries a request", () => {
  for (const [count, requests] of [[0, 0], [1, 1], [9, 1], [10, 1], [11, 2], [20, 2], [21, 3]]) {
    const entries = Array.from({ length: count! }, () => ({ queueArn: "a", records: [] }));
    assertEquals(batchRequests(entries).length, requests!);
  }
});

Deno.test("batchRequests() never mixes queues and keeps every entry once", () => {
  const entry = fc.record({
    queueArn: fc.constantFrom("a", "b", "c"),
    id: fc.integer(),
    records: fc.constant([]),
  });
  fc.assert(fc.property(fc.array(entry, { maxLength: 60 }), (entries) => {
    const requests = batchRequests(entries);
    for (const request of requests) {
      assert(request.entries.length <= 10);
      assert(request.entries.every(({ queueArn }) => queueArn === request.queueArn));
    }
    const byQueue = (queue: string) => entries.filter(({ queueArn }) => queueArn === queue);
    for (const queue of ["a", "b", "c"]) {
      const sent = requests.filter(({ queueArn }) => queueArn === queue);
      assertEquals(sent.flatMap((request) => request.entries), byQueue(queue));
    }
  }));
});

Deno.test("readBatchAnswer() confirms only what SQS lists as successful", () => {
  const answer = {
    Successful: [{ Id: "0" }],
    Failed: [{ Id: "1", Code: "InternalError", SenderFault: false, Message: "handle-1" }],
  };
  assertEquals(readBatchAnswer(answer, 3), [
    { confirmed: true },
    { confirmed: false, code: "InternalError", senderFault: false },
    { confirmed: false, code: "not in the answer", senderFault: true },
  ]);
});

Deno.test("readBatchAnswer() confirms nothing for an answer that is none", () => {
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
    { confirmed: false, code: "no error code", senderFault: true },
  ]);
});
