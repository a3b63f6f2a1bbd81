import type { Outcome } from "@partial-batch/sqs";
import { assertEquals } from "@std/assert";
import type { SQSRecord } from "aws-lambda";
import { receiveRecords } from "../../../../src/lifecycle/open.ts";
import { handledEntries } from "../../../../src/sqs/steps/delete.ts";
import { makeFifoRecord, makeRecord } from "../../../support/factories.ts";

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

function entriesFor(outcomes: readonly Outcome[]) {
  return handledEntries(outcomes, receiveRecords(outcomes.map(({ record }) => record)));
}

function recordsFor(outcomes: readonly Outcome[]): SQSRecord[] {
  return entriesFor(outcomes).flatMap(({ indexes }) => indexes.map((i) => outcomes[i]!.record));
}

Deno.test("handledEntries() takes handled, dead-lettered and discarded records, and no other", () => {
  const taken = ["success", "fail", "unprocessed", "dead-lettered", "discarded"] as const;
  const outcomes = taken.map((status) => outcomeOf(status));
  assertEquals(recordsFor(outcomes), [0, 3, 4].map((index) => outcomes[index]!.record));
});

Deno.test("handledEntries() takes no status that it does not know", () => {
  for (const status of ["SUCCESS", "ok", undefined, 1]) {
    const outcome = { ...outcomeOf("success"), status } as unknown as Outcome;
    assertEquals(entriesFor([outcome, outcomeOf("fail")]), []);
  }
});

Deno.test("handledEntries() takes a receipt handle once", () => {
  const record = makeRecord();
  const twin = makeRecord({ receiptHandle: record.receiptHandle });
  const outcomes = [outcomeOf("success", record), outcomeOf("success", twin)];
  const entries = entriesFor(outcomes).map(({ queue, ...rest }) => ({ queue: queue.id, ...rest }));
  assertEquals(entries, [{
    queue: record.eventSourceARN,
    indexes: [0, 1],
    messageIds: [record.messageId, twin.messageId],
    receiptHandle: record.receiptHandle,
  }]);
});

Deno.test("handledEntries() leaves a receipt handle out if any record with it was not handled", () => {
  for (const status of ["fail", "unprocessed"] as const) {
    const record = makeRecord();
    const twin = makeRecord({ receiptHandle: record.receiptHandle });
    const outcomes = [outcomeOf("success", record), outcomeOf(status, twin)];
    assertEquals(entriesFor(outcomes), []);
    assertEquals(entriesFor(outcomes.toReversed()), []);
  }
});

Deno.test("handledEntries() takes nothing after a record that was not handled, in a message group", () => {
  for (const status of ["fail", "unprocessed"] as const) {
    const outcomes = [
      outcomeOf("success", makeFifoRecord("a")),
      outcomeOf(status, makeFifoRecord("a")),
      outcomeOf("success", makeFifoRecord("a")),
      outcomeOf("success", makeFifoRecord("b")),
    ];
    assertEquals(recordsFor(outcomes), [outcomes[0]!.record, outcomes[3]!.record]);
  }
});
