import { assertEquals } from "@std/assert";
import { recordsToDelete } from "./event_source_mapping.ts";
import { makeRecords } from "./factories.ts";

const records = makeRecords("a", "b");
const [first, second] = records;
const listing = (...ids: unknown[]) => ({
  batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })),
});

Deno.test("Lambda deletes the whole batch after a return, whatever it is, without ReportBatchItemFailures", () => {
  for (const response of [undefined, null, listing(first!.messageId), "text"]) {
    assertEquals(recordsToDelete(records, response, false), records);
  }
});

Deno.test("Lambda deletes all but the listed messages with ReportBatchItemFailures", () => {
  assertEquals(recordsToDelete(records, listing(first!.messageId), true), [second!]);
  for (const response of [undefined, null, {}, { batchItemFailures: null }, listing()]) {
    assertEquals(recordsToDelete(records, response, true), records);
  }
});

Deno.test("Lambda deletes nothing after a malformed response", () => {
  for (
    const response of [listing(""), listing(null), listing("unknown"), { batchItemFailures: 1 }]
  ) {
    assertEquals(recordsToDelete(records, response, true), []);
  }
});
