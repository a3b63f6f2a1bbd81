import { assertEquals } from "@std/assert";
import type { SQSRecord } from "aws-lambda";
import { messageGroups } from "../../../src/lifecycle/groups.ts";
import { receiveRecords } from "../../../src/lifecycle/open.ts";
import { makeFifoRecord, QUEUE_ARN } from "../../support/factories.ts";

Deno.test("messageGroups() lists the records of a FIFO queue by message group", () => {
  const records = ["a", "b", "a", "c", "b"].map((group) => makeFifoRecord(group));
  assertEquals(messageGroups(receiveRecords(records)), [[0, 2], [1, 4], [3]]);
});

Deno.test("messageGroups() lists each record of a standard queue by itself, also in a fair queue", () => {
  const records = ["a", "a", undefined].map((group) => ({
    ...makeFifoRecord(group),
    eventSourceARN: QUEUE_ARN,
  }));
  assertEquals(messageGroups(receiveRecords(records)), [[0], [1], [2]]);
});

Deno.test("messageGroups() keeps FIFO records without a group in order, and queues apart", () => {
  const other = { ...makeFifoRecord("a"), eventSourceARN: `${QUEUE_ARN}-other.fifo` };
  const bare = { ...makeFifoRecord(undefined), attributes: undefined } as unknown as SQSRecord;
  const records = [bare, makeFifoRecord("a"), other, makeFifoRecord(undefined)];
  assertEquals(messageGroups(receiveRecords(records)), [[0, 3], [1], [2]]);
});
