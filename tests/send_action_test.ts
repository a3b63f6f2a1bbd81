import { assertEquals } from "@std/assert";
import { bytesOf } from "../src/sqs/send_action.ts";
import { queueByArn } from "../src/sqs/queue.ts";
import { makeRecord, QUEUE_ARN } from "./_factories.ts";

function sizeOf(over: Parameters<typeof makeRecord>[0]): number {
  const record = makeRecord(over);
  return bytesOf({ queue: queueByArn(QUEUE_ARN), records: [record], record });
}

Deno.test("bytesOf() counts the body's bytes, not its characters", () => {
  assertEquals(sizeOf({ body: "äöü€" }), 9);
});

Deno.test("bytesOf() counts name, type and value of each attribute, a binary one no less than it has", () => {
  const attributes = {
    tenant: { dataType: "String", stringValue: "ä" },
    key: { dataType: "Binary", binaryValue: btoa("\0".repeat(300)) },
  };
  assertEquals(sizeOf({ body: "", messageAttributes: attributes }), 6 + 6 + 2 + 3 + 6 + 400);
});
