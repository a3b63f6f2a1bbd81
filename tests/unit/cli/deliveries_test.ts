import { assertEquals } from "@std/assert";
import type { Invocation } from "@partial-batch/sqs/local";
import type { SQSRecord } from "aws-lambda";
import { Deliveries } from "../../../src/cli/deliveries.ts";
import type { QueueState } from "../../../src/cli/dev_queue.ts";
import { makeRecords } from "../../support/factories.ts";

const UNSEEN: QueueState = { count: 1, left: undefined, deadLettered: undefined };

function invocation(
  records: readonly SQSRecord[],
  deletedByLambda: readonly SQSRecord[] = [],
  reason?: string,
): Invocation {
  return {
    requestId: "r",
    records,
    result: undefined,
    error: undefined,
    timedOut: false,
    reason,
    deletedByLambda,
    durationMs: 9,
  };
}

function request(action: string, records: readonly SQSRecord[], isConfirmed = true) {
  const messageIds = records.map(({ messageId }) => messageId);
  return { type: "request", action, messageIds, isConfirmed } as const;
}

const statuses = (deliveries: readonly { status: string }[]) =>
  deliveries.map(({ status }) => status);

Deno.test("Deliveries knows what Lambda and the library deleted, and takes the rest for returned", () => {
  const deliveries = new Deliveries();
  const [a, b, c, d] = makeRecords("a", "b", "c", "d") as [
    SQSRecord,
    SQSRecord,
    SQSRecord,
    SQSRecord,
  ];
  deliveries.received([a, b, c, d]);
  deliveries.told(request("DeleteMessageBatch", [b]));
  deliveries.told(request("DeleteMessageBatch", [c], false));
  deliveries.told({ type: "record", messageId: d.messageId, durationMs: 5, error: "Error: no" });
  const ended = deliveries.ended(invocation([a, b, c, d], [a], "it threw"), UNSEEN);
  assertEquals(statuses(ended), [
    "deleted-by-lambda",
    "deleted-by-library",
    "returned",
    "returned",
  ]);
  assertEquals(ended.map(({ reason }) => reason), [undefined, undefined, "it threw", "Error: no"]);
  assertEquals(ended.map(({ durationMs }) => durationMs), [9, 9, 9, 5]);
  assertEquals(deliveries.sums(), { handled: 2, deadLettered: 0, left: 2 });
});

Deno.test("Deliveries takes what is no longer in the queue for deleted, by whoever asked for it", () => {
  const deliveries = new Deliveries();
  const [a, b, c] = makeRecords("a", "b", "c") as [SQSRecord, SQSRecord, SQSRecord];
  deliveries.received([a, b, c]);
  deliveries.told(request("DeleteMessageBatch", [a], false));
  const state = { count: 1, left: new Set([c.messageId]), deadLettered: new Set<string>() };
  assertEquals(statuses(deliveries.ended(invocation([a, b, c]), state)), [
    "deleted-by-library",
    "deleted-by-handler",
    "returned",
  ]);
});

Deno.test("Deliveries takes what the library moved and deleted for dead-lettered", () => {
  const deliveries = new Deliveries();
  const records = makeRecords("a", "b", "c");
  const [a, b, c] = records as [SQSRecord, SQSRecord, SQSRecord];
  deliveries.received(records);
  deliveries.told(request("SendMessageBatch", [a, b, c]));
  deliveries.told(request("DeleteMessageBatch", [a]));
  assertEquals(statuses(deliveries.ended(invocation(records, [b]), UNSEEN)), [
    "dead-lettered",
    "dead-lettered",
    "returned",
  ]);
});

Deno.test("Deliveries learns what became of returned messages from the queues, or from their counts", () => {
  const often = (records: SQSRecord[]) =>
    records.map((record, index) => ({
      ...record,
      attributes: { ...record.attributes, ApproximateReceiveCount: `${index + 1}` },
    }));
  const records = often(makeRecords("a", "b", "c"));
  const ids = records.map(({ messageId }) => messageId);
  const returned = () => {
    const deliveries = new Deliveries();
    deliveries.received(records);
    deliveries.ended(invocation(records), UNSEEN);
    return deliveries;
  };
  assertEquals(returned().settled(UNSEEN, 3), []);
  const counted = returned();
  assertEquals(statuses(counted.settled({ ...UNSEEN, count: 0 }, 3)), [
    "deleted-by-handler",
    "deleted-by-handler",
    "dead-lettered",
  ]);
  assertEquals(counted.sums(), { handled: 2, deadLettered: 1, left: 0 });
  const seen = { count: 1, left: new Set([ids[0]!]), deadLettered: new Set([ids[1]!]) };
  assertEquals(statuses(returned().settled(seen)), ["dead-lettered", "deleted-by-handler"]);
  assertEquals(returned().countOften(2), 2);
});
