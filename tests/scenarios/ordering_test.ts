import {
  BasePartialProcessor,
  type Batch,
  type Outcome,
  PartialSQSProcessor,
  type RecordContext,
  SQSBatchProcessingError,
} from "@partial-batch/sqs";
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import type { SQSRecord } from "aws-lambda";
import * as fc from "fast-check";
import { receiveRecords } from "../../src/lifecycle/open.ts";
import { handledEntries } from "../../src/sqs/steps/delete.ts";
import { handleBody, makeFifoRecord, QUEUE_ARN } from "../support/factories.ts";
import { holding, HOLDS } from "../support/hold.ts";
import { giveSteps } from "../support/steps.ts";
import { testSqs } from "../support/test_sqs.ts";

class Processor extends BasePartialProcessor {}

// ------------------------------------------------------------------------------ message groups

Deno.test("a failed record stops the rest of its message group, and no other group", async () => {
  const records = [
    makeFifoRecord("a", "ok-a1"),
    makeFifoRecord("b", "ok-b1"),
    makeFifoRecord("a", "fail-a2"),
    makeFifoRecord("b", "ok-b2"),
    makeFifoRecord("a", "ok-a3"),
    makeFifoRecord("a", "ok-a4"),
  ];
  const handled: string[] = [];
  const { batch, thrown } = await holding({
    hold: "await using",
    processor: new Processor(),
    records,
    handler: (record) => {
      handled.push(record.body);
      return handleBody(record);
    },
  });
  assertInstanceOf(thrown, SQSBatchProcessingError);
  assertEquals(batch.outcomes.map(({ status }) => status), [
    "success",
    "success",
    "fail",
    "success",
    "unprocessed",
    "unprocessed",
  ]);
  assertEquals(thrown.unprocessed.map(({ reason }) => reason), [
    "message-group-failed",
    "message-group-failed",
  ]);
  assertEquals(handled.toSorted(), ["fail-a2", "ok-a1", "ok-b1", "ok-b2"]);
});

Deno.test("a record that a hook gives as unprocessed stops the rest of its message group", async () => {
  class Skipping extends BasePartialProcessor {
    protected override async _processRecord<T>(
      record: SQSRecord,
      batch: Batch<T>,
      recordContext: RecordContext,
    ): Promise<Outcome<T>> {
      if (record.body === "skip") return { status: "unprocessed", record, reason: "deadline" };
      return await super._processRecord(record, batch, recordContext);
    }
  }
  const processor = new Skipping({ suppressException: true, concurrency: 1 });
  let expected = 0;
  giveSteps(processor, { expectFailure: () => expected++ });
  const records = [
    makeFifoRecord("a", "ok-a1"),
    makeFifoRecord("a", "skip"),
    makeFifoRecord("a", "ok-a3"),
    makeFifoRecord("b", "ok-b1"),
  ];
  const { batch } = await holding({ hold: "await using", processor, records, handler: handleBody });
  assertEquals(
    batch.outcomes.map((each) => each.status === "unprocessed" ? each.reason : each.status),
    ["success", "deadline", "message-group-failed", "success"],
  );
  assertEquals(expected, 1);
});

Deno.test("with suppressException a failed record does not stop its message group", async () => {
  const records = [makeFifoRecord("a", "fail"), makeFifoRecord("a", "ok")];
  const processor = new Processor({ suppressException: true });
  const outcomes = await processor.run(records, handleBody);
  assertEquals(outcomes.map(({ status }) => status), ["fail", "success"]);
});

Deno.test("a failed record of a standard queue stops nothing", async () => {
  const records = ["fail", "ok"].map((body) => ({
    ...makeFifoRecord("a", body),
    eventSourceARN: QUEUE_ARN,
  }));
  const { batch } = await holding({
    hold: "await using",
    processor: new Processor(),
    records,
    handler: handleBody,
  });
  assertEquals(batch.outcomes.map(({ status }) => status), ["fail", "success"]);
});

for (const hold of HOLDS) {
  Deno.test(`local-aws-sqs, ${hold}: a FIFO batch is deleted up to the failure of each group`, async () => {
    const sqs = await testSqs("local-aws-sqs");
    const queue = await sqs.createQueue({ FifoQueue: "true" });
    const message = (MessageGroupId: string, MessageBody: string) => ({
      MessageGroupId,
      MessageBody,
      MessageDeduplicationId: MessageBody,
    });
    const records = await queue.records(
      message("a", "ok-a1"),
      message("a", "fail-a2"),
      message("b", "ok-b1"),
      message("a", "ok-a3"),
      message("b", "ok-b2"),
    );
    const processor = new PartialSQSProcessor({ config: sqs.config });
    const { thrown } = await holding({ hold, processor, records, handler: handleBody });
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertEquals(thrown.undeleted, []);
    assertEquals(await queue.left(), 2);
    const [request] = await sqs.proxy.requests("DeleteMessageBatch");
    const deleted = request!.input.Entries.map((entry: { ReceiptHandle: string }) =>
      records.find(({ receiptHandle }) => receiptHandle === entry.ReceiptHandle)?.body
    );
    assertEquals(deleted, ["ok-a1", "ok-b1", "ok-b2"]);
  });

  Deno.test(`local-aws-sqs, ${hold}: a FIFO handle that has expired is undeleted, and its message stays`, async () => {
    const sqs = await testSqs("local-aws-sqs");
    const queue = await sqs.createQueue({ FifoQueue: "true" });
    const [ok, fail] = await queue.records(
      { MessageBody: "ok", MessageGroupId: "a", MessageDeduplicationId: "1" },
      { MessageBody: "fail", MessageGroupId: "b", MessageDeduplicationId: "2" },
    );
    await queue.makeVisible(ok!);
    assertEquals((await queue.receive(1)).map(({ body }) => body), ["ok"]);
    const processor = new PartialSQSProcessor({ config: sqs.config });
    const { thrown } = await holding({
      hold,
      processor,
      records: [ok!, fail!],
      handler: handleBody,
    });
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertEquals(thrown.undeleted.map(({ reason }) => reason), [
      "InvalidParameterValue, the message's visibility timeout was over",
    ]);
    assertEquals(await queue.left(), 2);
  });
}

// ----------------------------------------------------------------------------------- the laws

const anyRecord = fc.record({
  fifo: fc.boolean(),
  group: fc.constantFrom("a", "b", "c"),
  fails: fc.boolean(),
  turns: fc.nat({ max: 4 }),
});

Deno.test("order in a group is kept, nothing after a failure runs, every record has one outcome", async () => {
  const batch = fc.array(anyRecord, { maxLength: 30 });
  const concurrency = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constant(Infinity));
  await fc.assert(fc.asyncProperty(batch, concurrency, async (inputs, concurrency) => {
    const records = inputs.map(({ fifo, group }) =>
      fifo ? makeFifoRecord(group) : { ...makeFifoRecord(group), eventSourceARN: QUEUE_ARN }
    );
    const log: string[] = [];
    const { batch, thrown } = await holding({
      hold: "await using",
      processor: new Processor({ concurrency }),
      records,
      handler: async (record) => {
        const index = records.indexOf(record);
        log.push(`start ${index}`);
        for (let turn = 0; turn < inputs[index]!.turns; turn++) await Promise.resolve();
        log.push(`end ${index}`);
        if (inputs[index]!.fails) throw new Error("no such order");
      },
    });

    assertEquals(batch.outcomes.map(({ record }) => record), records);
    batch.outcomes.forEach((outcome, index) => {
      const { fifo, group, fails } = inputs[index]!;
      const before = inputs.slice(0, index).filter((each) => each.fifo && each.group === group);
      const blocked = fifo && before.some((each) => each.fails);
      const expected = blocked ? "unprocessed" : fails ? "fail" : "success";
      assertEquals(outcome.status, expected);
      assertEquals(log.includes(`start ${index}`), !blocked);
    });
    for (const group of ["a", "b", "c"]) {
      const ofGroup = log.filter((entry) => {
        const input = inputs[Number(entry.split(" ")[1])]!;
        return input.fifo && input.group === group;
      });
      const inOrder = ofGroup.filter((_, position) => position % 2 === 0).flatMap((entry) => {
        const index = entry.split(" ")[1];
        return [`start ${index}`, `end ${index}`];
      });
      assertEquals(ofGroup, inOrder);
      const indexes = inOrder.map((entry) => Number(entry.split(" ")[1]));
      assertEquals(indexes, indexes.toSorted((a, b) => a - b));
    }

    const entries = handledEntries(batch.outcomes, receiveRecords(records));
    const deleted = new Set(entries.flatMap(({ indexes }) => indexes.map((i) => records[i]!)));
    const returned = new Set([...batch.failMessages, ...batch.unprocessedMessages]);
    assertEquals(deleted.size + returned.size, records.length);
    assert(records.every((record) => deleted.has(record) !== returned.has(record)));
    assertEquals(thrown instanceof SQSBatchProcessingError, returned.size > 0);
  }));
});
