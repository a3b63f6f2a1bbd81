import {
  type Batch,
  type Outcome,
  PartialSQSProcessor,
  type RecordContext,
  SQSBatchProcessingError,
  withBatchProcessor,
} from "@partial-batch/sqs";
import { createFakeSqsClient } from "@partial-batch/sqs/testing";
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import type { SQSRecord } from "aws-lambda";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { busyThread } from "../support/busy_thread.ts";
import { lambdaContext } from "../support/lambda_context.ts";
import { bodies, makeFifoRecord, makeRecords } from "../support/factories.ts";
import { holding, HOLDS } from "../support/hold.ts";
import { testSqs } from "../support/test_sqs.ts";
import { passTime } from "../support/time.ts";
import { runAs, type Running, type Told } from "../support/ways.ts";

// What was finished before the reserve began is deleted, however little CPU the function has.

/** Waits for ever, or until `signal` says that the reserve has begun. */
function untilReserve({ signal }: RecordContext): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
}

for (const hold of HOLDS) {
  for (const [count, handed] of [[10, "all at once"], [100, "bit by bit"], [1_000, "bit by bit"]]) {
    Deno.test(`fauxqs, ${hold}: of ${count} records, finished ${handed}, all are deleted that were finished before the reserve`, async () => {
      const timeoutMs = 3_000;
      const sqs = await testSqs();
      const queue = await sqs.createQueue({ VisibilityTimeout: "600" });
      const records = await queue.records(...bodies("hang", 3), ...bodies("ok", Number(count) - 3));
      await sqs.proxy.set({ action: "DeleteMessageBatch", kind: "delay", ms: 20 });
      const finished = new Set<SQSRecord>();
      let hasReserveBegun = false;
      const context = lambdaContext(timeoutMs);
      const processor = new PartialSQSProcessor({ config: sqs.config, concurrency: Infinity });
      using busy = busyThread(0.75);
      const { thrown } = await holding({
        hold,
        processor,
        records,
        context,
        handler: async (record, recordContext) => {
          if (record.body.startsWith("hang")) {
            await untilReserve(recordContext);
            hasReserveBegun = true;
            return await new Promise(() => {});
          }
          const share = handed === "all at once" ? 0.7 : records.indexOf(record) / records.length;
          await new Promise((resolve) => setTimeout(resolve, share * timeoutMs * 0.8));
          if (!hasReserveBegun) finished.add(record);
        },
      });
      busy[Symbol.dispose]();
      assert(context.getRemainingTimeInMillis() > 0);
      assertInstanceOf(thrown, SQSBatchProcessingError);
      assert(finished.size >= Number(count) / 2, `${finished.size} were finished`);
      const undeleted = thrown.undeleted.filter(({ record }) => finished.has(record));
      assertEquals(undeleted.map(({ reason }) => reason), []);
      assert(await queue.left() <= records.length - finished.size);
    });
  }
}

for (const hold of HOLDS) {
  Deno.test(`fauxqs, ${hold}: an early request without an answer leaves time for another one`, async () => {
    const sqs = await testSqs();
    const queue = await sqs.createQueue({ VisibilityTimeout: "600" });
    const records = await queue.records("hang", ...bodies("ok", 99));
    await sqs.proxy.set({ action: "DeleteMessageBatch", kind: "hang", times: 1 });
    const context = lambdaContext(4_000);
    const { thrown } = await holding({
      hold,
      processor: new PartialSQSProcessor({ config: sqs.config, concurrency: Infinity }),
      records,
      context,
      handler: ({ body }) => body === "hang" ? new Promise(() => {}) : body,
    });
    assert(context.getRemainingTimeInMillis() > 0);
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertEquals(thrown.undeleted, []);
    assertEquals(await queue.left(), 1);
    await sqs.proxy.killSockets();
  });
}

// ------------------------------------------------------------- what may be deleted early, and what not

interface Early {
  /** What the client was asked to delete before the last record was done. */
  readonly before: readonly string[];
  /** What it was asked to delete in all. */
  readonly all: readonly string[];
  readonly thrown: unknown;
}

/** Runs a batch whose last record hangs until the reserve has begun; a stub confirms everything. */
async function runToReserve(
  records: readonly SQSRecord[],
  options: ConstructorParameters<typeof PartialSQSProcessor>[0] = {},
  type: typeof PartialSQSProcessor = PartialSQSProcessor,
  run: (running: Omit<Running, "way">) => Promise<Pick<Told, "thrown">> = (running) =>
    runAs({ way: "run", ...running }),
): Promise<Early> {
  const all: string[] = [];
  let before: readonly string[] = [];
  const client = {
    send(command: { readonly input: object }) {
      const { Entries } = command.input as { Entries: { Id: string; ReceiptHandle: string }[] };
      all.push(...Entries.map(({ ReceiptHandle }) => ReceiptHandle));
      return Promise.resolve({ Successful: Entries });
    },
  };
  const { thrown } = await run({
    processor: new type({ client, deadlineReserveMs: 150, concurrency: 20, ...options }),
    records,
    context: lambdaContext(700),
    handler: async (record, recordContext) => {
      if (record.body === "fail") throw new Error("no such order");
      if (record.body !== "last") return;
      await untilReserve(recordContext);
      before = [...all];
    },
  });
  return { before, all, thrown };
}

const handles = (...records: readonly SQSRecord[]) =>
  records.map(({ receiptHandle }) => receiptHandle);

Deno.test("deletions begin before the reserve, each message once; they are the one call where all is handled", async () => {
  const records = makeRecords("ok1", "ok2", "last");
  const { before, all, thrown } = await runToReserve(records);
  assertEquals(thrown, undefined);
  assertEquals([before, all], [handles(records[0]!, records[1]!), before]);
});

Deno.test("what an early deletion left, the close deletes", async () => {
  const records = makeRecords("ok1", "fail", "last");
  const { before, all, thrown } = await runToReserve(records);
  assertInstanceOf(thrown, SQSBatchProcessingError);
  assertEquals(before, handles(records[0]!));
  assertEquals(all, handles(records[0]!, records[2]!));
});

Deno.test("a receipt handle that an unfinished record shares is not deleted early", async () => {
  const [ok, last] = makeRecords("ok", "last");
  const twin = { ...ok!, receiptHandle: last!.receiptHandle };
  assertEquals((await runToReserve([ok!, twin, last!])).before, handles(ok!));
});

for (const suppressException of [false, true]) {
  Deno.test(`early, only the unbroken beginning of a FIFO group is deleted, with suppressException ${suppressException}`, async () => {
    const records = [
      makeFifoRecord("a", "ok"),
      makeFifoRecord("a", "last"),
      makeFifoRecord("a", "ok"),
      makeFifoRecord("b", "ok"),
      makeFifoRecord("b", "fail"),
      makeFifoRecord("b", "ok"),
    ];
    const { before } = await runToReserve(records, { suppressException });
    assertEquals(before, handles(records[0]!, records[3]!));
  });
}

Deno.test("nothing is deleted early where _clean is overridden, or in response mode", async () => {
  class Working extends PartialSQSProcessor {
    protected override async _clean(batch: Batch): Promise<void> {
      await Promise.resolve();
      await super._clean(batch);
    }
  }
  assertEquals((await runToReserve(makeRecords("ok", "last"), {}, Working)).before, []);
  const reporting = await runToReserve(makeRecords("ok", "fail", "last"), {
    reportItemFailures: true,
  });
  assertEquals(reporting.all, []);
});

Deno.test("nothing is deleted early where lambdaHandler may throw, which returns the whole batch", async () => {
  const down = new Error("down");
  const { all, thrown } = await runToReserve(
    makeRecords("ok", "last"),
    {},
    PartialSQSProcessor,
    async ({ processor, records, handler, context = lambdaContext(700) }) => {
      const lambdaHandler = () => Promise.reject(down);
      const invoke = withBatchProcessor(processor, handler, { lambdaHandler });
      return { thrown: await invoke({ Records: [...records] }, context).catch((error) => error) };
    },
  );
  assertEquals([all, thrown], [[], down]);
});

Deno.test("nothing is deleted early for the lambdaHandler of another copy of the library", async () => {
  const folder = await mkdtemp(join(tmpdir(), "partial-batch-copy-"));
  try {
    await cp(new URL("../../src/", import.meta.url), folder, { recursive: true });
    const other: Pick<typeof import("@partial-batch/sqs"), "withBatchProcessor"> = await import(
      pathToFileURL(join(folder, "with_batch_processor.ts")).href
    );
    assert(other.withBatchProcessor !== withBatchProcessor);
    const { all, thrown } = await runToReserve(
      makeRecords("ok", "last"),
      {},
      PartialSQSProcessor,
      async ({ processor, records, handler, context = lambdaContext(700) }) => {
        const lambdaHandler = () => Promise.reject(new Error("down"));
        const invoke = other.withBatchProcessor(processor, handler, { lambdaHandler });
        return { thrown: await invoke({ Records: [...records] }, context).catch((error) => error) };
      },
    );
    assertEquals([all, (thrown as Error).message], [[], "down"]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

Deno.test("nothing is deleted early where the batch ends in time", async () => {
  const { all } = await runToReserve(makeRecords("ok1", "ok2"));
  assertEquals(all, []);
});

Deno.test("nothing is deleted early once plain `using` has closed the batch", async () => {
  using time = new FakeTime();
  const client = createFakeSqsClient();
  const { thrown } = await holding({
    hold: "using",
    processor: new PartialSQSProcessor({ client }),
    records: makeRecords("ok", "last"),
    context: lambdaContext(10_000),
    handler: ({ body }) => body === "last" ? new Promise(() => {}) : body,
    body: (batch) => void batch.process(),
  });
  assertInstanceOf(thrown, SQSBatchProcessingError);
  await passTime(time, 10_000);
  assertEquals(client.requests, []);
});

Deno.test("an outcome that a hook makes of an unfinished record is not deleted early", async () => {
  class Slow extends PartialSQSProcessor {
    protected override async successHandler<T>(record: SQSRecord, result: T): Promise<Outcome<T>> {
      if (record.body === "slow") await new Promise((resolve) => setTimeout(resolve, 600));
      return { status: "success", record, result };
    }
  }
  const records = makeRecords("ok", "slow", "last");
  const { before } = await runToReserve(records, {}, Slow);
  assertEquals(before, handles(records[0]!));
});
