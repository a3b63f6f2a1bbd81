import {
  BasePartialProcessor,
  type Batch,
  type Outcome,
  PartialSQSProcessor,
  type RecordContext,
  SQSBatchProcessingError,
} from "@partial-batch/sqs";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import { FakeTime } from "@std/testing/time";
import type { SQSRecord } from "aws-lambda";
import type { IndexedFailure } from "../../../src/lifecycle/hooks.ts";
import { lambdaContext } from "../../support/lambda_context.ts";
import { handleBody, makeFifoRecord, makeRecords } from "../../support/factories.ts";
import { holding, HOLDS } from "../../support/hold.ts";
import { giveSteps } from "../../support/steps.ts";
import { passTime, settledAfter } from "../../support/time.ts";

class Processor extends BasePartialProcessor {}

const boom = new Error("no way to the table");

/** Settles failures of these records as discarded. */
function discarding(records: readonly SQSRecord[]) {
  return (failures: readonly IndexedFailure[]): Promise<readonly Outcome<never>[]> =>
    Promise.resolve(failures.map(({ index, error }) => ({
      status: "discarded",
      record: records[index]!,
      error,
    })));
}

// ---------------------------------------------------------------------------------- settling

for (const hold of HOLDS) {
  Deno.test(`${hold}: failures are settled all at once, when the records are done`, async () => {
    const processor = new Processor();
    const records = makeRecords("fail1", "ok", "fail2");
    const settled: number[][] = [];
    giveSteps(processor, {
      settle: (failures) => {
        settled.push(failures.map(({ index }) => index));
        return discarding(records)(failures);
      },
    });
    const { batch, thrown } = await holding({ hold, processor, records, handler: handleBody });
    assertEquals(thrown, undefined);
    assertEquals(batch.outcomes.map(({ status }) => status), ["discarded", "success", "discarded"]);
    assertEquals(settled, [[0, 2]]);
  });
}

for (const suppressException of [false, true]) {
  Deno.test(`settling that fails leaves its records failed and makes the close throw, with suppressException ${suppressException}`, async () => {
    const processor = new Processor({ suppressException });
    giveSteps(processor, { settle: () => Promise.reject(boom) });
    const records = [makeFifoRecord("a", "fail"), makeFifoRecord("a", "fail")];
    const { batch, thrown } = await holding({
      hold: "using",
      processor,
      records,
      handler: handleBody,
    });
    assertEquals(batch.outcomes[0]!.status, "fail");
    if (suppressException) {
      assertInstanceOf(thrown, AggregateError);
      assertEquals(thrown.errors, [boom, boom]);
    } else {
      assertInstanceOf(thrown, SQSBatchProcessingError);
      assertInstanceOf(thrown.errors[0], RangeError);
      assertStrictEquals(thrown.cause, boom);
    }
  });
}

Deno.test("using: what settling gives after the close changes nothing", async () => {
  const processor = new Processor();
  const records = makeRecords("fail");
  let settle: (() => void) | undefined;
  giveSteps(processor, {
    settle: (failures) =>
      new Promise((resolve) => settle = () => resolve(discarding(records)(failures))),
  });
  const { batch, thrown } = await holding({
    hold: "using",
    processor,
    records,
    handler: handleBody,
    body: async (batch) => {
      batch.process();
      while (!settle) await Promise.resolve();
    },
  });
  assertInstanceOf(thrown, SQSBatchProcessingError);
  settle!();
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(batch.outcomes, thrown.outcomes);
  assertEquals(batch.outcomes.map(({ status }) => status), ["fail"]);
});

Deno.test("using: a failure that comes after the close is not settled, and nothing is finished", async () => {
  const processor = new Processor();
  const calls: string[] = [];
  giveSteps(processor, {
    settle: () => {
      calls.push("settle");
      return Promise.resolve([]);
    },
    finish: () => void calls.push("finish"),
  });
  let fail: (() => void) | undefined;
  await holding({
    hold: "using",
    processor,
    records: [makeFifoRecord("a"), makeFifoRecord("a")],
    handler: () => new Promise<void>((_, reject) => fail = () => reject(new Error("too late"))),
    body: async (batch) => {
      batch.process();
      while (!fail) await Promise.resolve();
    },
  });
  fail?.();
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(calls, []);
});

for (const hold of HOLDS) {
  Deno.test(`${hold}: a FIFO failure that is being settled at the deadline returns, also with suppressException`, async () => {
    using time = new FakeTime();
    const processor = new Processor({ suppressException: true });
    giveSteps(processor, { settle: () => new Promise(() => {}) });
    const records = [makeFifoRecord("a", "fail"), makeFifoRecord("a", "ok")];
    const context = lambdaContext(10_000);
    const held = holding({ hold, processor, records, handler: handleBody, context });
    const { batch, thrown } = await settledAfter(time, held, 9_500);
    assertInstanceOf(thrown, SQSBatchProcessingError);
    const [outcome] = batch.outcomes;
    assert(outcome?.status === "unprocessed");
    assertEquals(outcome.reason, "deadline");
    assertInstanceOf(outcome.error, RangeError);
    assertEquals(thrown.unprocessed.length, 2);
  });
}

// --------------------------------------------------------------------------- the end of process()

for (const hold of HOLDS) {
  Deno.test(`${hold}: the end of process() runs once, with every outcome, before process() resolves`, async () => {
    const processor = new Processor();
    const calls: string[] = [];
    giveSteps(processor, { finish: () => void calls.push("finish") });
    const records = makeRecords("ok", "fail");
    await holding({
      hold,
      processor,
      records,
      handler: handleBody,
      body: async (batch) => {
        await batch.process();
        assertEquals(calls, ["finish"]);
      },
    });
    assertEquals(calls, ["finish"]);
  });

  Deno.test(`${hold}: an end of process() that throws is the cause where records failed, else thrown as it is`, async () => {
    const processor = new Processor();
    giveSteps(processor, { finish: () => Promise.reject(boom) });
    const handler = handleBody;
    const fine = await holding({ hold, processor, records: makeRecords("ok"), handler });
    assertStrictEquals(fine.thrown, boom);
    const { thrown } = await holding({ hold, processor, records: makeRecords("fail"), handler });
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertStrictEquals(thrown.cause, boom);
  });
}

// ------------------------------------------------------------------------ hooks that never settle

Deno.test("a _clean that never settles is given up before Lambda's deadline", async () => {
  using time = new FakeTime();
  class Stuck extends BasePartialProcessor {
    protected override _clean(): Promise<void> {
      return new Promise(() => {});
    }
  }
  const context = lambdaContext(10_000);
  const running = new Stuck().run(makeRecords("ok", "fail"), handleBody, { context });
  let thrown: unknown;
  running.catch((error) => thrown = error);
  await passTime(time, 9_924);
  assertEquals(thrown, undefined);
  await passTime(time, 1);
  assertInstanceOf(thrown, SQSBatchProcessingError);
  assertStringIncludes(thrown.message, "RangeError: no such order");
  assertStringIncludes(thrown.message, "TimeoutError: _clean() did not settle in time");
});

for (const suppressException of [false, true]) {
  for (const hold of HOLDS) {
    Deno.test(`${hold}: a failureHandler that never settles: the record has failed with its own error, with suppressException ${suppressException}`, async () => {
      using time = new FakeTime();
      class Stuck extends BasePartialProcessor {
        protected override failureHandler(): Promise<Outcome<never>> {
          return new Promise(() => {});
        }
      }
      const processor = new Stuck({ suppressException });
      const held = holding({
        hold,
        processor,
        records: makeRecords("ok", "fail"),
        handler: handleBody,
        context: lambdaContext(10_000),
      });
      const { batch, thrown } = await settledAfter(time, held, 9_500);
      const [, outcome] = batch.outcomes;
      assert(outcome?.status === "fail");
      assertInstanceOf(outcome.error, RangeError);
      if (suppressException) return assertEquals(thrown, undefined);
      assertInstanceOf(thrown, SQSBatchProcessingError);
      assertStringIncludes(thrown.message, "RangeError: no such order");
    });
  }
}

Deno.test("a failureHandler that never settles does not lose a message that must go to another queue", async () => {
  class Stuck extends PartialSQSProcessor {
    protected override failureHandler(): Promise<Outcome<never>> {
      return new Promise(() => {});
    }
  }
  const client = { send: () => Promise.reject(new Error("no way")) };
  const processor = new Stuck({
    client,
    suppressException: true,
    nonRetryable: { when: () => true, to: { queueUrl: "https://example.com/1/failed" } },
  });
  const records = [makeFifoRecord("a", "fail"), makeFifoRecord("a", "ok")];
  const run = async () => {
    using time = new FakeTime();
    const context = lambdaContext(10_000);
    const running = holding({ hold: "using", processor, records, handler: handleBody, context });
    await passTime(time, 9_500);
    // Real time again, because what follows loads the AWS SDK.
    return { running };
  };
  const { running } = await run();
  const { batch, thrown } = await running;
  assertEquals(batch.outcomes.map(({ status }) => status), ["fail", "unprocessed"]);
  assertInstanceOf(thrown, SQSBatchProcessingError);
  assertEquals(thrown.unmoved.map(({ record }) => record), [records[0]!]);
});

// ----------------------------------------------------------------------- sync and async, in types

Deno.test("every hook may be sync or async, also in its type", async () => {
  class Sync extends BasePartialProcessor {
    protected override _prepare(): void {}
    protected override _processRecord<T>(
      record: SQSRecord,
      batch: Batch<T>,
      recordContext: RecordContext,
    ): Outcome<T> | Promise<Outcome<T>> {
      if (record.body === "skip") return { status: "discarded", record, error: "skipped" };
      return super._processRecord(record, batch, recordContext);
    }
    protected override successHandler<T>(record: SQSRecord, result: T): Outcome<T> {
      return { status: "success", record, result };
    }
    protected override failureHandler(record: SQSRecord, error: unknown): Outcome<never> {
      return { status: "discarded", record, error };
    }
    protected override _clean(): void {}
  }
  class Async extends Sync {
    protected override async _prepare(): Promise<void> {
      await Promise.resolve();
    }
    protected override async _processRecord<T>(
      record: SQSRecord,
      batch: Batch<T>,
      recordContext: RecordContext,
    ): Promise<Outcome<T>> {
      return await super._processRecord(record, batch, recordContext);
    }
    protected override async _clean(): Promise<void> {
      await Promise.resolve();
    }
  }
  for (const processor of [new Sync(), new Async()]) {
    const outcomes = await processor.run(makeRecords("skip", "ok", "fail"), handleBody);
    assertEquals(outcomes.map(({ status }) => status), ["discarded", "success", "discarded"]);
  }
});
