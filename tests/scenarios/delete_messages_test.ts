import {
  BasePartialProcessor,
  type Batch,
  type Outcome,
  PartialSQSProcessor,
  type RecordContext,
  SQSBatchProcessingError,
} from "@partial-batch/sqs";
import { createFakeSqsClient, createSqsEvent } from "@partial-batch/sqs/testing";
import { assertEquals, assertInstanceOf, assertRejects, assertStringIncludes } from "@std/assert";
import type { SQSRecord } from "aws-lambda";
import { handleBody, makeFifoRecord, makeRecord, makeRecords } from "../support/factories.ts";
import { holding, HOLDS } from "../support/hold.ts";
import { testSqs } from "../support/test_sqs.ts";

// _deleteMessages(): a processor that deletes by its own rules.

const handled = ({ outcomes }: Batch) => outcomes.filter(({ status }) => status === "success");

/** Deletes in `_clean` what a function chooses. */
class ChoosingProcessor extends PartialSQSProcessor {
  choose: (batch: Batch) => readonly Outcome[] = handled;

  protected override async _clean(batch: Batch): Promise<void> {
    await this._deleteMessages(batch, this.choose(batch));
  }
}

/** Deletes, before each record, what is handled already. */
class EagerProcessor extends PartialSQSProcessor {
  protected override async _processRecord<T>(
    record: SQSRecord,
    batch: Batch<T>,
    recordContext: RecordContext,
  ): Promise<Outcome<T>> {
    await this._deleteMessages(batch, handled(batch));
    return await super._processRecord(record, batch, recordContext);
  }
}

/** What `_deleteMessages` throws in `_clean`, with a client that must not be asked. */
async function refusalOf(
  records: readonly SQSRecord[],
  choose: (batch: Batch) => readonly Outcome[],
): Promise<Error> {
  const client = { send: () => Promise.reject(new Error("SQS must not be called")) };
  const processor = new ChoosingProcessor({ client });
  processor.choose = choose;
  const { thrown } = await holding({
    hold: "await using",
    processor,
    records,
    handler: handleBody,
  });
  assertInstanceOf(thrown, SQSBatchProcessingError);
  assertInstanceOf(thrown.cause, Error);
  return thrown.cause;
}

Deno.test("fauxqs: _deleteMessages() deletes in _clean what is chosen, and the rest is undeleted", async () => {
  const sqs = await testSqs();
  const queue = await sqs.createQueue();
  const records = await queue.records("ok1", "ok2", "fail");
  const processor = new ChoosingProcessor({ config: sqs.config });
  processor.choose = (batch) => handled(batch).slice(1);
  const { thrown } = await holding({
    hold: "await using",
    processor,
    records,
    handler: handleBody,
  });
  assertInstanceOf(thrown, SQSBatchProcessingError);
  assertEquals(thrown.undeleted.map(({ record }) => record), [records[0]!]);
  assertEquals(await sqs.calls(), 1);
  assertEquals(await queue.left(), 2);
});

for (const hold of HOLDS) {
  Deno.test(`fauxqs, ${hold}: _deleteMessages() deletes while the batch is processed, and the close only the rest`, async () => {
    const sqs = await testSqs();
    const queue = await sqs.createQueue();
    const records = await queue.records("ok1", "ok2", "fail", "ok3");
    const processor = new EagerProcessor({ config: sqs.config, concurrency: 1 });
    const left: number[] = [];
    const { thrown } = await holding({
      hold,
      processor,
      records,
      handler: async (record) => {
        left.push(await queue.left());
        return handleBody(record);
      },
    });
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertEquals(left, [4, 3, 2, 2]);
    assertEquals(thrown.undeleted, []);
    assertEquals(await queue.left(), 1);
    assertEquals(await sqs.calls(), 3);
  });

  for (const [times, undeleted, left] of [[1, 0, 1], [100, 1, 2]] as const) {
    Deno.test(`fauxqs, ${hold}: what _deleteMessages() could not delete is tried again by the close, with ${times} refusals`, async () => {
      const sqs = await testSqs();
      const queue = await sqs.createQueue();
      const records = await queue.records("ok1", "fail");
      await sqs.proxy.set({ action: "DeleteMessageBatch", kind: "status", status: 400, times });
      const processor = new EagerProcessor({ config: sqs.config, concurrency: 1 });
      const { thrown } = await holding({ hold, processor, records, handler: handleBody });
      assertInstanceOf(thrown, SQSBatchProcessingError);
      assertEquals(thrown.undeleted.map(({ record }) => record), records.slice(0, undeleted));
      assertEquals(await queue.left(), left);
    });
  }
}

for (const hold of HOLDS) {
  Deno.test(`fauxqs, ${hold}: a second deletion does not list what the first one confirmed`, async () => {
    class Twice extends PartialSQSProcessor {
      protected override _clean(batch: Batch): void | Promise<void> {
        const first = super._clean(batch);
        if (!first) return super._clean(batch);
        return first.then(() => super._clean(batch));
      }
    }
    const sqs = await testSqs();
    const queue = await sqs.createQueue();
    const records = await queue.records("ok1", "ok2", "fail");
    const action = "DeleteMessageBatch";
    const code = "InvalidAddress";
    await sqs.proxy.set(
      { action, kind: "fail-entries", ids: ["1"], code, senderFault: true, times: 1 },
      { action, kind: "status", status: 403, code: "AccessDeniedException" },
    );
    const processor = new Twice({ config: sqs.config });
    const { thrown } = await holding({ hold, processor, records, handler: handleBody });
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertEquals(thrown.undeleted.map(({ record }) => record), [records[1]!]);
  });
}

Deno.test("_deleteMessages() refuses a batch of a processor that deletes nothing", async () => {
  class Deleting extends PartialSQSProcessor {
    delete(batch: Batch): Promise<void> {
      return this._deleteMessages(batch, []);
    }
  }
  await using batch = new (class extends BasePartialProcessor {})().open([], handleBody);
  await batch.process();
  await assertRejects(() => new Deleting().delete(batch), TypeError, "of a PartialSQSProcessor");
});

Deno.test("using: _deleteMessages() is refused once process() has ended", async () => {
  let refusal: Promise<Error> | undefined;
  class Late extends PartialSQSProcessor {
    protected override _clean(batch: Batch): void {
      refusal = assertRejects(() => this._deleteMessages(batch, handled(batch)), Error);
    }
  }
  await holding({
    hold: "using",
    processor: new Late(),
    records: makeRecords("ok", "fail"),
    handler: handleBody,
  });
  assertStringIncludes((await refusal!).message, "plain `using` cannot wait for SQS");
});

Deno.test("_deleteMessages() is refused on a closed batch", async () => {
  class Open extends PartialSQSProcessor {
    delete(batch: Batch): Promise<void> {
      return this._deleteMessages(batch, handled(batch));
    }
  }
  const processor = new Open();
  const { batch } = await holding({
    hold: "await using",
    processor,
    records: makeRecords("ok"),
    handler: handleBody,
  });
  await assertRejects(() => processor.delete(batch), Error, "the batch is closed");
});

Deno.test("_deleteMessages() refuses what was not handled, and what is not of its batch", async () => {
  const records = makeRecords("ok", "fail");
  const notHandled = await refusalOf(records, ({ outcomes }) => outcomes);
  assertStringIncludes(notHandled.message, `${records[1]!.messageId} was not handled`);
  const claimed = await refusalOf(records, () => [
    { status: "success", record: records[1]!, result: undefined },
  ]);
  assertStringIncludes(claimed.message, "was not handled");
  for (const strange of [undefined, "ok", {}, { status: "success", record: makeRecord() }]) {
    const refusal = await refusalOf(records, () => [strange as Outcome]);
    assertInstanceOf(refusal, TypeError);
    assertStringIncludes(refusal.message, "expected outcomes of this batch");
  }
});

Deno.test("_deleteMessages() refuses a message whose twin was not handled", async () => {
  const ok = makeRecord();
  const twin = makeRecord({ body: "fail", receiptHandle: ok.receiptHandle });
  const refusal = await refusalOf([ok, twin], handled);
  assertStringIncludes(refusal.message, "was not handled");
});

Deno.test("_deleteMessages() refuses a gap in a FIFO message group, handled or not", async () => {
  const records = [
    makeFifoRecord("a", "ok1"),
    makeFifoRecord("b", "ok2"),
    makeFifoRecord("a", "ok3"),
    makeFifoRecord("c", "fail"),
  ];
  const refusal = await refusalOf(records, ({ outcomes }) => [outcomes[2]!]);
  assertStringIncludes(
    refusal.message,
    `${records[2]!.messageId} must not go before ${records[0]!.messageId}`,
  );
});

Deno.test("local-aws-sqs: _deleteMessages() deletes a FIFO message group bit by bit, in order", async () => {
  const sqs = await testSqs("local-aws-sqs");
  const queue = await sqs.createQueue({ FifoQueue: "true" });
  const records = await queue.records(...["ok1", "ok2", "ok3", "fail"].map((MessageBody) => ({
    MessageBody,
    MessageGroupId: "a",
    MessageDeduplicationId: MessageBody,
  })));
  const processor = new EagerProcessor({ config: sqs.config });
  const { thrown } = await holding({ hold: "using", processor, records, handler: handleBody });
  assertInstanceOf(thrown, SQSBatchProcessingError);
  assertEquals(thrown.undeleted, []);
  assertEquals(await queue.left(), 1);
});

Deno.test("_deleteMessages() without its await is waited for, and what is refused is undeleted", async () => {
  class Forgetful extends PartialSQSProcessor {
    protected override _clean(batch: Batch): void {
      void this._deleteMessages(batch, handled(batch));
    }
  }
  const client = createFakeSqsClient({ faults: [{ kind: "refuse" }] });
  const { thrown } = await holding({
    hold: "await using",
    processor: new Forgetful({ client }),
    records: createSqsEvent(["ok", "fail"]).Records,
    handler: handleBody,
  });
  assertInstanceOf(thrown, SQSBatchProcessingError);
  assertEquals(thrown.undeleted.map(({ record }) => record.body), ["ok"]);
});
