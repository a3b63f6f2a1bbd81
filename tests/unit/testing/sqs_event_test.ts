import { createSqsEvent, createSqsRecord } from "@partial-batch/sqs/testing";
import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";

const ARN = "arn:aws:sqs:us-east-1:123456789012:orders";

Deno.test("createSqsEvent() makes a record for each body, in order", () => {
  const { Records } = createSqsEvent(["text", { id: 1 }, null]);
  assertEquals(Records.map(({ body }) => body), ["text", '{"id":1}', "null"]);
  assertEquals(new Set(Records.map(({ eventSourceARN }) => eventSourceARN)), new Set([ARN]));
  assertEquals(createSqsEvent([]), { Records: [] });
});

Deno.test("createSqsEvent() takes records as they are, beside bodies too", () => {
  const record = createSqsRecord();
  const { Records } = createSqsEvent([record, "text"]);
  assertStrictEquals(Records[0], record);
  assertEquals(Records[1]?.body, "text");
});

Deno.test("createSqsEvent() takes a queue by name or ARN", () => {
  const eu = "arn:aws:sqs:eu-west-1:123456789012:orders.fifo";
  for (
    const [options, arn] of [
      [{}, ARN],
      [{ queue: undefined }, ARN],
      [{ queue: "bills" }, ARN.replace("orders", "bills")],
      [{ queue: eu }, eu],
      [{ queue: eu, fifo: true }, eu],
      [{ fifo: true }, `${ARN}.fifo`],
      [{ queue: "orders.fifo" }, `${ARN}.fifo`],
      [{ fifo: false }, ARN],
    ] as const
  ) {
    const { Records: [record] } = createSqsEvent(["a"], options as object);
    assertEquals(record?.eventSourceARN, arn);
    const group = arn.endsWith(".fifo") ? "group-1" : undefined;
    assertEquals(record?.attributes.MessageGroupId, group);
  }
});

Deno.test("createSqsEvent() gives each body its message group", () => {
  for (const fifo of [true, false]) {
    const { Records } = createSqsEvent(["1", "2"], { fifo, groups: ["a", "b"] });
    assertEquals(Records.map(({ attributes }) => attributes.MessageGroupId), ["a", "b"]);
  }
});

Deno.test("createSqsEvent() refuses what would not be an event", () => {
  const any = createSqsEvent as (...args: unknown[]) => unknown;
  for (
    const [args, text] of [
      [[{ Records: [] }], "expected an array of bodies or records, got an object with Records"],
      [[["a", undefined]], "Cannot make an event: message 1 is undefined"],
      [[new Array(1)], "Cannot make an event: message 0 is undefined"],
      [[[], { fifoo: true }], 'Cannot use the option "fifoo" of createSqsEvent()'],
      [[[], { queue: 1 }], "Cannot use queue: expected the name or the ARN of a queue, got 1"],
      [[[], { queue: "a b" }], 'expected the name or the ARN of a queue, got "a b"'],
      [[[], { queue: "https://sqs/1/a" }], 'the ARN of a queue, got "https://sqs/1/a"'],
      [[[], { queue: "" }], "the ARN of a queue, got an empty string"],
      [[[], { fifo: 1 }], "Cannot use fifo: expected a boolean, got 1"],
      [[[], { queue: ARN, fifo: true }], "the ARN of a FIFO queue ends in .fifo"],
      [[[], { queue: "a.fifo", fifo: false }], "its name ends in .fifo"],
      [[[], { groups: "a" }], "Cannot use groups: expected an array of strings, got a string"],
      [[["1", "2"], { groups: ["a", undefined] }], "of strings, got undefined for message 1"],
      [[["1"], { groups: new Array(1) }], "of strings, got undefined for message 0"],
      [[[createSqsRecord()], { fifo: true }], "Cannot use options of createSqsEvent() for records"],
    ] as const
  ) assertThrows(() => any(...args), TypeError, text);
  assertThrows(
    () => createSqsEvent(["1", "2"], { groups: ["a"] }),
    RangeError,
    "Cannot use groups: expected one for each of 2 bodies, got 1",
  );
});
