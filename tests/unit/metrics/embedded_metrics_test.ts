import type { ClosedRecord, CloseMessage, Outcome, UnconfirmedRecords } from "@partial-batch/sqs";
import { assertEquals } from "@std/assert";
import type { SQSRecord } from "aws-lambda";
import * as fc from "fast-check";
import { countByStatus } from "../../../src/diagnostics.ts";
import { embeddedMetrics } from "../../../src/metrics/embedded_metrics.ts";
import { readEmbeddedMetrics } from "../../support/embedded_metrics.ts";
import { makeRecord, QUEUE_ARN } from "../../support/factories.ts";

const OPENED_AT = 1_700_000_060_000;
const DURATION_MS = 1_234.56789;
const CLOSED_AT = 1_700_000_061_235;

const ORDERS = { namespace: "Orders", dimensions: {} };

const STATUSES = ["success", "fail", "unprocessed", "dead-lettered", "discarded"] as const;

function outcomeOf(status: Outcome["status"], record: SQSRecord): Outcome {
  switch (status) {
    case "success":
      return { status, record, result: undefined };
    case "unprocessed":
      return { status, record, reason: "deadline" };
    default:
      return { status, record, error: new Error("no such order") };
  }
}

function closed(status: Outcome["status"], over: Partial<ClosedRecord> = {}): ClosedRecord {
  const record = over.record ?? makeRecord();
  const { messageId } = record;
  const outcome = outcomeOf(status, record);
  return {
    record,
    messageId,
    queueArn: QUEUE_ARN,
    receiveCount: 1,
    outcome,
    isDeleted: false,
    ...over,
  };
}

const NONE: UnconfirmedRecords = { undeleted: [], unmoved: [], undelayed: [] };

function messageOf(
  records: readonly ClosedRecord[],
  unconfirmed: Partial<UnconfirmedRecords> = {},
): CloseMessage {
  return {
    records,
    counts: countByStatus(records.map(({ outcome }) => outcome)),
    unconfirmed: { ...NONE, ...unconfirmed },
    durationMs: DURATION_MS,
  };
}

/** What is written of a batch, checked against the format. */
function written(message: CloseMessage, target = ORDERS) {
  return readEmbeddedMetrics(JSON.stringify(embeddedMetrics(message, target, CLOSED_AT)));
}

function sentAt(SentTimestamp: string): SQSRecord {
  const record = makeRecord();
  return { ...record, attributes: { ...record.attributes, SentTimestamp } };
}

Deno.test("embeddedMetrics() writes one directive, with every metric and its unit", () => {
  const records = STATUSES.flatMap((status, index) =>
    Array.from({ length: index + 1 }, () => closed(status))
  );
  const undeleted = records.slice(0, 3).map(({ record }) => ({ record, reason: "AccessDenied" }));
  const { _aws, ...members } = written(messageOf(records, {
    undeleted,
    unmoved: undeleted.slice(1),
    undelayed: undeleted.slice(2),
  }));
  const count = (Name: string) => ({ Name, Unit: "Count" });
  assertEquals(_aws, {
    Timestamp: CLOSED_AT,
    CloudWatchMetrics: [{
      Namespace: "Orders",
      Dimensions: [["QueueName"]],
      Metrics: [
        count("Handled"),
        count("Failed"),
        count("Unprocessed"),
        count("DeadLettered"),
        count("Discarded"),
        count("Undeleted"),
        count("Unmoved"),
        count("Undelayed"),
        { Name: "Duration", Unit: "Milliseconds" },
        { Name: "OldestMessageAge", Unit: "Seconds" },
        count("HighestReceiveCount"),
      ],
    }],
  });
  assertEquals(members, {
    QueueName: "orders",
    Handled: 1,
    Failed: 2,
    Unprocessed: 3,
    DeadLettered: 4,
    Discarded: 5,
    Undeleted: 3,
    Unmoved: 2,
    Undelayed: 1,
    Duration: 1234.568,
    OldestMessageAge: 60,
    HighestReceiveCount: 1,
  });
});

Deno.test("embeddedMetrics() puts fixed dimensions beside QueueName, in one set", () => {
  const dimensions = { Service: "shop", Stage: "prod" };
  const { _aws, ...members } = written(messageOf([closed("success")]), { ...ORDERS, dimensions });
  assertEquals(_aws.CloudWatchMetrics[0]!.Dimensions, [["QueueName", "Service", "Stage"]]);
  assertEquals([members.QueueName, members.Service, members.Stage], ["orders", "shop", "prod"]);
});

Deno.test("embeddedMetrics() takes a QueueName that is given for the queue's own", () => {
  const target = { ...ORDERS, dimensions: { QueueName: "Orders" } };
  const { _aws, QueueName } = written(messageOf([closed("success")]), target);
  assertEquals([_aws.CloudWatchMetrics[0]!.Dimensions, QueueName], [[["QueueName"]], "Orders"]);
});

Deno.test("embeddedMetrics() has the names of all queues as QueueName, as long as it may be", () => {
  const name = QUEUE_ARN.split(":").at(-1);
  const of = (suffix: string) => closed("success", { queueArn: `${QUEUE_ARN}${suffix}` });
  const { _aws, Handled, QueueName } = written(messageOf([of(""), of("-2"), of("")]));
  assertEquals(_aws.CloudWatchMetrics[0]!.Dimensions, [["QueueName"]]);
  assertEquals([Handled, QueueName], [3, `${name},${name}-2`]);
  const many = Array.from({ length: 30 }, (_, index) => of(`-${index}`.padEnd(80, "x")));
  assertEquals(String(written(messageOf(many)).QueueName).length, 1_024);
});

Deno.test("OldestMessageAge is the age of the oldest message when the batch was opened", () => {
  const times = ["1700000059000", "1700000000500", "1700000060000"];
  const records = times.map((time) => closed("success", { record: sentAt(time) }));
  assertEquals(written(messageOf(records)).OldestMessageAge, 59.5);
});

Deno.test("OldestMessageAge is 0 if the clock of SQS is ahead", () => {
  const record = sentAt(String(OPENED_AT + 5_000));
  assertEquals(written(messageOf([closed("success", { record })])).OldestMessageAge, 0);
});

Deno.test("OldestMessageAge leaves out what cannot be read, and is no metric if nothing can", () => {
  const unreadable = [
    {
      ...makeRecord(),
      get attributes(): never {
        throw new Error("no attributes");
      },
    },
    JSON.parse('{"messageId":"m"}'),
    ...["", "soon", "-1", "1e400", "Infinity", "9".repeat(400)].map(sentAt),
  ].map((record) => closed("fail", { record }));
  const one = written(messageOf([...unreadable, closed("success")]));
  assertEquals(one.OldestMessageAge, 60);
  const none = written(messageOf(unreadable));
  const names = none._aws.CloudWatchMetrics[0]!.Metrics.map(({ Name }) => Name);
  assertEquals(["OldestMessageAge" in none, names.includes("OldestMessageAge")], [false, false]);
  assertEquals(none.Failed, unreadable.length);
});

Deno.test("HighestReceiveCount is the highest of the batch, and no metric if none is a count", () => {
  const counts = (...all: readonly number[]) =>
    written(messageOf(all.map((receiveCount) => closed("success", { receiveCount }))))
      .HighestReceiveCount;
  assertEquals([counts(1, 7, 3), counts(Infinity, 2), counts(Infinity)], [7, 2, undefined]);
});

Deno.test("embeddedMetrics() holds for 10,000 records", () => {
  const records = Array.from({ length: 10_000 }, () => closed("success"));
  assertEquals(written(messageOf(records)).Handled, 10_000);
});

Deno.test("embeddedMetrics() counts each record once, in the format, whatever the batch", () => {
  const anyRecord = fc.record({
    status: fc.constantFrom(...STATUSES),
    sent: fc.oneof(fc.string(), fc.nat().map(String)),
    receiveCount: fc.oneof(fc.integer({ min: 1 }), fc.double()),
    queueArn: fc.constantFrom(QUEUE_ARN, `${QUEUE_ARN}.fifo`),
  });
  fc.assert(fc.property(fc.array(anyRecord, { minLength: 1, maxLength: 20 }), (given) => {
    const records = given.map(({ status, sent, ...over }) =>
      closed(status, { ...over, record: sentAt(sent) })
    );
    const { Handled, Failed, Unprocessed, DeadLettered, Discarded } = written(messageOf(records));
    const counts = [Handled, Failed, Unprocessed, DeadLettered, Discarded].map(Number);
    assertEquals(counts.reduce((sum, count) => sum + count), records.length);
  }));
});
