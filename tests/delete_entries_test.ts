import type { Outcome } from "@partial-batch/sqs";
import { assertEquals } from "@std/assert";
import { deleteEntries } from "../src/sqs/delete_entries.ts";
import { makeRecord } from "./_factories.ts";

function outcomeOf(status: Outcome["status"], record = makeRecord()): Outcome {
  switch (status) {
    case "success":
      return { status, record, result: undefined };
    case "unprocessed":
      return { status, record, reason: "deadline" };
    default:
      return { status, record, error: new Error("x") };
  }
}

Deno.test("deleteEntries() takes handled, dead-lettered and discarded records, and no other", () => {
  const taken = ["success", "fail", "unprocessed", "dead-lettered", "discarded"] as const;
  const outcomes = taken.map((status) => outcomeOf(status));
  const records = deleteEntries(outcomes).flatMap((entry) => entry.records);
  assertEquals(records, [outcomes[0]!.record, outcomes[3]!.record, outcomes[4]!.record]);
});

Deno.test("deleteEntries() takes a receipt handle once", () => {
  const record = makeRecord();
  const twin = makeRecord({ receiptHandle: record.receiptHandle });
  const outcomes = [outcomeOf("success", record), outcomeOf("success", twin)];
  const entries = deleteEntries(outcomes).map(({ queue, ...rest }) => ({
    queue: queue.id,
    ...rest,
  }));
  assertEquals(entries, [
    {
      queue: record.eventSourceARN,
      receiptHandle: record.receiptHandle,
      records: [record, twin],
    },
  ]);
});

Deno.test("deleteEntries() leaves a receipt handle out if any record with it was not handled", () => {
  for (const status of ["fail", "unprocessed"] as const) {
    const record = makeRecord();
    const twin = makeRecord({ receiptHandle: record.receiptHandle });
    const outcomes = [outcomeOf("success", record), outcomeOf(status, twin)];
    assertEquals(deleteEntries(outcomes), []);
    assertEquals(deleteEntries(outcomes.toReversed()), []);
  }
});

Deno.test("deleteEntries() takes nothing after a record that was not handled, in a message group", () => {
  const make = (group: string) =>
    makeRecord({
      eventSourceARN: "arn:aws:sqs:us-east-1:123456789012:orders.fifo",
      attributes: { ...makeRecord().attributes, MessageGroupId: group },
    });
  for (const status of ["fail", "unprocessed"] as const) {
    const outcomes = [
      outcomeOf("success", make("a")),
      outcomeOf(status, make("a")),
      outcomeOf("success", make("a")),
      outcomeOf("success", make("b")),
    ];
    const records = deleteEntries(outcomes).flatMap((entry) => entry.records);
    assertEquals(records, [outcomes[0]!.record, outcomes[3]!.record]);
  }
});
