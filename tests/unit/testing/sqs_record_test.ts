import { createSqsRecord, type SqsRecordOverrides } from "@partial-batch/sqs/testing";
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { createHash } from "node:crypto";
import { receiveRecords } from "../../../src/lifecycle/open.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

Deno.test("createSqsRecord() makes a complete record of a standard queue", () => {
  const before = Date.now();
  const record = createSqsRecord({ body: "hello" });
  assertMatch(record.messageId, UUID);
  assertEquals(record.md5OfBody, createHash("md5").update("hello").digest("hex"));
  assertEquals(Object.keys(record.attributes).toSorted(), [
    "ApproximateFirstReceiveTimestamp",
    "ApproximateReceiveCount",
    "SenderId",
    "SentTimestamp",
  ]);
  assertEquals(record.attributes.ApproximateReceiveCount, "1");
  assert(Number(record.attributes.SentTimestamp) >= before);
  const { messageAttributes, eventSource, eventSourceARN, awsRegion } = record;
  assertEquals([messageAttributes, eventSource, eventSourceARN, awsRegion], [
    {},
    "aws:sqs",
    "arn:aws:sqs:us-east-1:123456789012:orders",
    "us-east-1",
  ]);
  assertEquals(receiveRecords([record]).length, 1);
});

Deno.test("createSqsRecord() makes no id, receipt handle or sequence number twice", () => {
  const eventSourceARN = "arn:aws:sqs:us-east-1:123456789012:orders.fifo";
  const records = Array.from({ length: 100 }, () => createSqsRecord({ eventSourceARN }));
  for (
    const values of [
      records.map(({ messageId }) => messageId),
      records.map(({ receiptHandle }) => receiptHandle),
      records.map(({ attributes }) => attributes.SequenceNumber!),
    ]
  ) assertEquals(new Set(values).size, 100);
  const numbers = records.map(({ attributes }) => attributes.SequenceNumber!);
  assertEquals(numbers, numbers.toSorted());
  assertMatch(numbers[0]!, /^\d{20}$/);
});

Deno.test("createSqsRecord() writes the message's id into the receipt handle", () => {
  const { receiptHandle } = createSqsRecord({ messageId: "m/1" });
  assert(receiptHandle.includes("/m/1/"));
  assert(receiptHandle !== createSqsRecord({ messageId: "m/1" }).receiptHandle);
});

Deno.test("createSqsRecord() gives a FIFO queue's record group, sequence number and deduplication id", () => {
  const { attributes, awsRegion } = createSqsRecord({
    body: "hello",
    eventSourceARN: "arn:aws:sqs:eu-west-1:123456789012:orders.fifo",
    attributes: { MessageGroupId: "a" },
  });
  assertEquals(attributes.MessageGroupId, "a");
  const sha256 = createHash("sha256").update("hello").digest("hex");
  assertEquals(attributes.MessageDeduplicationId, sha256);
  assertEquals(awsRegion, "eu-west-1");
});

Deno.test("createSqsRecord() writes as JSON what is not a string", () => {
  for (
    const [body, text] of [
      [{ id: 1 }, '{"id":1}'],
      [[1, 2], "[1,2]"],
      [17, "17"],
      [null, "null"],
      ["text", "text"],
      ["", ""],
      [undefined, "{}"],
    ]
  ) assertEquals(createSqsRecord({ body }).body, text);
});

Deno.test("createSqsRecord() takes every member of a record, and a whole record", () => {
  const overrides = {
    messageId: "m1",
    receiptHandle: "h1",
    body: "b",
    messageAttributes: { tenant: { dataType: "String", stringValue: "a" } },
    md5OfBody: "x",
    md5OfMessageAttributes: "y",
    eventSource: "other",
    eventSourceARN: "arn:aws:sqs:us-east-1:123456789012:orders",
    awsRegion: "us-west-2",
  };
  const { attributes, ...rest } = createSqsRecord({
    ...overrides,
    attributes: { ApproximateReceiveCount: "3", SequenceNumber: undefined },
  });
  assertEquals(rest, overrides);
  assertEquals([attributes.ApproximateReceiveCount, attributes.SenderId.length > 0], ["3", true]);
  assert(!("SequenceNumber" in attributes));
  const record = createSqsRecord();
  assertEquals(createSqsRecord(record), record);
});

Deno.test("createSqsRecord() refuses what would not be a record", () => {
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  for (
    const [overrides, text] of [
      [[], "Cannot read the options of createSqsRecord(): expected an object"],
      [{ mesageId: "m1" }, 'Cannot use the option "mesageId" of createSqsRecord()'],
      [{ messageId: 1 }, "Cannot use messageId: expected a string, got 1"],
      [{ messageId: "" }, "Cannot use messageId: expected a string, got an empty string"],
      [{ body: () => {} }, "expected a string or something to write as JSON, got a function"],
      [{ body: 1n }, "expected a string or something to write as JSON, got a bigint"],
      [{ body: circular }, "expected a string or something to write as JSON, got an object"],
      [{ eventSourceARN: "orders/x" }, "Cannot use eventSourceARN: expected the ARN of a"],
      [{ eventSourceARN: "orders.fifo" }, "Cannot use eventSourceARN: expected the ARN of a"],
      [{ eventSourceARN: "arn:aws:sns:a:b:c" }, "Cannot use eventSourceARN: expected the ARN of a"],
      [{ attributes: [] }, "Cannot use attributes: expected an object, got an array of length 0"],
      [{ attributes: { receiveCount: "1" } }, 'Cannot use the option "receiveCount" of the record'],
      [
        { attributes: { ApproximateReceiveCount: 3 } },
        "Cannot use attributes.ApproximateReceiveCount: expected a string, got 3",
      ],
      [{ messageAttributes: 1 }, "Cannot use messageAttributes: expected an object, got 1"],
    ] as const
  ) {
    assertThrows(() => createSqsRecord(overrides as SqsRecordOverrides), TypeError, text);
  }
});
