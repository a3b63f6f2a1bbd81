import { assert, assertEquals } from "@std/assert";
import { judgeResponse } from "../../../src/local/response.ts";
import { makeRecords } from "../../support/factories.ts";

const records = makeRecords("a", "b");
const [first, second] = records;
const listing = (...ids: unknown[]) => ({
  batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })),
});

Deno.test("judgeResponse() deletes the whole batch, whatever the response, without ReportBatchItemFailures", () => {
  for (const response of [undefined, null, listing(first!.messageId), listing(""), "text", 1]) {
    assertEquals(judgeResponse(records, response, false), {
      toDelete: records,
      malformed: undefined,
    });
  }
});

Deno.test("judgeResponse() deletes all but the listed messages with ReportBatchItemFailures", () => {
  const { toDelete, malformed } = judgeResponse(records, listing(first!.messageId), true);
  assertEquals(toDelete, [second!]);
  assertEquals(malformed, undefined);
  const all = listing(first!.messageId, second!.messageId, first!.messageId);
  assertEquals(judgeResponse(records, all, true), { toDelete: [], malformed: undefined });
});

Deno.test("judgeResponse() takes an empty list, null or no response for a success", () => {
  for (
    const response of [
      undefined,
      null,
      {},
      { batchItemFailures: null },
      { batchItemFailures: undefined },
      { statusCode: 200 },
      listing(),
      () => {},
    ]
  ) {
    assertEquals(judgeResponse(records, response, true).toDelete, records);
  }
});

Deno.test("judgeResponse() deletes nothing after a malformed response, and says what is wrong", () => {
  const cases: [unknown, string][] = [
    [listing(""), "batchItemFailures[0].itemIdentifier is an empty string"],
    [listing(first!.messageId, null), "batchItemFailures[1].itemIdentifier is null"],
    [listing("no such id"), "batchItemFailures[0].itemIdentifier is the id of no message"],
    [listing(7), "batchItemFailures[0].itemIdentifier is a number, not a string"],
    [listing(undefined), "batchItemFailures[0] has no itemIdentifier"],
    [{ batchItemFailures: [{ messageId: first!.messageId }] }, "[0] has no itemIdentifier"],
    [{ batchItemFailures: [first!.messageId] }, "batchItemFailures[0] is a string, not an object"],
    [{ batchItemFailures: {} }, "batchItemFailures is an object, not an array"],
    [{ batchItemFailures: 1 }, "batchItemFailures is a number, not an array"],
    ["text", "the response is a string, not an object"],
    [[], "the response is an array, not an object"],
  ];
  for (const [response, text] of cases) {
    const { toDelete, malformed } = judgeResponse(records, response, true);
    assertEquals(toDelete, []);
    assert(malformed!.includes(text), malformed);
  }
});
