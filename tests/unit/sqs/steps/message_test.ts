import { assertEquals, assertThrows } from "@std/assert";
import type { SQSMessageAttributes } from "aws-lambda";
import { receiveRecords } from "../../../../src/lifecycle/open.ts";
import { readMessage } from "../../../../src/sqs/steps/message.ts";
import { makeRecord } from "../../../support/factories.ts";

function read(over: Parameters<typeof makeRecord>[0]) {
  return readMessage(receiveRecords([makeRecord(over)])[0]!);
}

Deno.test("readMessage() counts the body's bytes, not its characters", () => {
  assertEquals(read({ body: "äöü€" }).bytes, 9);
});

Deno.test("readMessage() counts name, type and value of each attribute, a binary one no less than it has", () => {
  const messageAttributes = {
    tenant: { dataType: "String", stringValue: "ä" },
    key: { dataType: "Binary", binaryValue: btoa("\0".repeat(300)) },
  };
  assertEquals(read({ body: "", messageAttributes }).bytes, 6 + 6 + 2 + 3 + 6 + 400);
});

Deno.test("readMessage() refuses a message that it cannot read", () => {
  const unreadable: unknown[] = [
    { key: null },
    { key: "text" },
    { key: {} },
    { key: { dataType: "String" } },
    { key: { dataType: 7, stringValue: "x" } },
    { key: { dataType: "Binary", binaryValue: "not base64!" } },
    Object.defineProperty({}, "key", {
      enumerable: true,
      get() {
        throw new Error("no");
      },
    }),
  ];
  for (const messageAttributes of unreadable) {
    const over = { messageAttributes: messageAttributes as SQSMessageAttributes };
    assertThrows(() => read(over), Error, "a message attribute cannot be read");
  }
  assertThrows(() => read({ body: {} as string }), Error, "the body is not a string");
});
