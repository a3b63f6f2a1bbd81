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
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { FakeTime } from "@std/testing/time";
import type { Context, SQSRecord } from "aws-lambda";
import { lambdaContext } from "../scripts/event_source_mapping.ts";
import { hookTimeLeft, timeLeft } from "../src/time_limit.ts";
import { bodies, makeRecord, makeRecords, QUEUE_ARN } from "./_factories.ts";
import { holding, HOLDS } from "./_hold.ts";
import { testSqs } from "./_test_sqs.ts";

class Processor extends BasePartialProcessor {
  readonly calls: string[] = [];

  protected override _expectFailure(): void {
    this.calls.push("expect failure");
  }

  protected override _clean(): void {
    this.calls.push("clean");
  }
}

/** Handles records whose body is how long they take, in milliseconds; `never` never settles. */
function take(record: SQSRecord): Promise<void> {
  return new Promise((resolve) => {
    if (record.body !== "never") setTimeout(resolve, Number(record.body));
  });
}

async function settled<T>(time: FakeTime, promise: Promise<T>, afterMs: number): Promise<T> {
  let done = false;
  promise.then(() => done = true, () => done = true);
  await time.tickAsync(afterMs - 1);
  assertEquals(done, false, `was done before ${afterMs} ms`);
  await time.tickAsync(1);
  await time.tickAsync(0);
  assertEquals(done, true, `was not done after ${afterMs} ms`);
  return await promise;
}

for (const hold of HOLDS) {
  Deno.test(`${hold}: no record starts when no more than the reserve is left`, async () => {
    using time = new FakeTime();
    const context = lambdaContext(10_000);
    const processor = new Processor({ concurrency: 1 });
    const records = makeRecords("5000", "4500", "1", "1");
    const held = holding(hold, processor, records, take, { context });
    const { batch, thrown } = await settled(time, held, 9_500);
    assertEquals(batch.outcomes.map(({ status }) => status), [
      "success",
      "unprocessed",
      "unprocessed",
      "unprocessed",
    ]);
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertEquals(thrown.unprocessed.map(({ reason }) => reason), [
      "deadline",
      "deadline",
      "deadline",
    ]);
    assertEquals(processor.calls, ["expect failure", "clean"]);
  });

  Deno.test(`${hold}: what ends within the first half of the reserve still counts`, async () => {
    using time = new FakeTime();
    const context = lambdaContext(10_000);
    const held = holding(hold, new Processor(), makeRecords("9400", "never"), take, { context });
    const { batch } = await settled(time, held, 9_500);
    assertEquals(batch.outcomes.map(({ status }) => status), ["success", "unprocessed"]);
  });
}

Deno.test("handlers that still run are told by their signal at the reserve, given up at half of it", async () => {
  using time = new FakeTime();
  const signals: AbortSignal[] = [];
  const late: string[] = [];
  const processing = holding(
    "await using",
    new Processor(),
    makeRecords("a", "b"),
    (record, { signal }) => {
      signals.push(signal);
      return new Promise<void>((resolve, reject) =>
        setTimeout(() => {
          late.push(record.body);
          if (record.body === "a") resolve();
          else reject(new Error("too late"));
        }, 20_000)
      );
    },
    { context: lambdaContext(10_000) },
  );
  await time.tickAsync(8_999);
  assertEquals(signals.map(({ aborted }) => aborted), [false, false]);
  await time.tickAsync(1);
  assertEquals(signals.map(({ aborted }) => aborted), [true, true]);
  assertEquals(signals[0]!.reason.name, "TimeoutError");
  const { batch } = await settled(time, processing, 500);
  const statuses = batch.outcomes.map(({ status }) => status);
  assertEquals(statuses, ["unprocessed", "unprocessed"]);

  await time.tickAsync(20_000);
  assertEquals(late, ["a", "b"]);
  assertEquals(batch.outcomes.map(({ status }) => status), statuses);
});

Deno.test("the signal of a record that is done is not aborted any more", async () => {
  using time = new FakeTime();
  const signals: AbortSignal[] = [];
  const handler = (record: SQSRecord, { signal }: RecordContext) => {
    signals.push(signal);
    return take(record);
  };
  const context = lambdaContext(10_000);
  const held = holding("await using", new Processor(), makeRecords("1", "never"), handler, {
    context,
  });
  await settled(time, held, 9_500);
  assertEquals(signals.map(({ aborted }) => aborted), [false, true]);
});

for (const hold of HOLDS) {
  Deno.test(`${hold}: a handler that heeds the deadline's signal is unprocessed, so nothing gives its message up`, async () => {
    using time = new FakeTime();
    const stopped = new Error("stopped by the signal");
    const processor = new PartialSQSProcessor({
      suppressException: true,
      nonRetryable: { when: () => true, to: "delete" },
    });
    const processing = holding(
      hold,
      processor,
      makeRecords("a"),
      (_, { signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(stopped));
        }),
      { context: lambdaContext(10_000) },
    );
    const { batch, thrown } = await settled(time, processing, 9_000);
    const [outcome] = batch.outcomes;
    assert(outcome?.status === "unprocessed");
    assertEquals([outcome.reason, outcome.error], ["deadline", stopped]);
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertStringIncludes(thrown.message, "stopped by the signal");
  });
}

Deno.test("a handler that ends well after the deadline's signal has succeeded", async () => {
  using time = new FakeTime();
  const processing = holding(
    "await using",
    new Processor(),
    makeRecords("a"),
    (_, { signal }) =>
      new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve())),
    { context: lambdaContext(10_000) },
  );
  const { batch } = await settled(time, processing, 9_000);
  assertEquals(batch.outcomes.map(({ status }) => status), ["success"]);
});

Deno.test("what an async _expectFailure rejects with late is not lost", async () => {
  const late = new Error("no cache");
  class Preparing extends Processor {
    protected override async _expectFailure(): Promise<void> {
      await new Promise((resolve) => setTimeout(resolve));
      throw late;
    }
  }
  const { thrown } = await holding("using", new Preparing(), makeRecords("fail"), () => {
    throw new Error("x");
  });
  assertInstanceOf(thrown, SQSBatchProcessingError);
  assertEquals(thrown.cause, late);
});

for (
  const [what, left, options, lastStart] of [
    ["1,000 ms by default", 10_000, {}, 9_000],
    ["a quarter of a short invocation by default", 2_000, {}, 1_500],
    ["deadlineReserveMs", 10_000, { deadlineReserveMs: 4_000 }, 6_000],
    ["deadlineReserveMs, also in a short invocation", 2_000, { deadlineReserveMs: 1_500 }, 500],
  ] as const
) {
  Deno.test(`the reserve is ${what}`, async () => {
    using time = new FakeTime();
    const start = time.now;
    let last = 0;
    const processor = new Processor({ concurrency: 1, ...options });
    const processing = processor.run(
      makeRecords(...bodies("", 1_000)),
      () => {
        last = time.now;
        return new Promise((resolve) => setTimeout(resolve, 10));
      },
      { context: lambdaContext(left) },
    ).catch(() => {});
    await time.tickAsync(left);
    await processing;
    assertEquals(last - start, lastStart - 10);
  });
}

Deno.test("an invocation that has less than the reserve left handles nothing", async () => {
  using _ = new FakeTime();
  const context = lambdaContext(500);
  const processor = new Processor({ deadlineReserveMs: 1_000 });
  const { batch, thrown } = await holding("await using", processor, makeRecords("1"), take, {
    context,
  });
  assertEquals(batch.outcomes.map(({ status }) => status), ["unprocessed"]);
  assertInstanceOf(thrown, SQSBatchProcessingError);
});

Deno.test("a handler that never yields does not let a record start after the reserve", async () => {
  using time = new FakeTime();
  let left = 10_000;
  const context: Context = { ...lambdaContext(0), getRemainingTimeInMillis: () => left };
  const handled: string[] = [];
  const processor = new Processor({ concurrency: 1 });
  const { batch } = await holding("await using", processor, makeRecords("a", "b"), (record) => {
    handled.push(record.body);
    left = 900;
  }, { context });
  await time.tickAsync(0);
  assertEquals(handled, ["a"]);
  assertEquals(batch.unprocessedMessages.map(({ body }) => body), ["b"]);
});

Deno.test("no record starts after the others were told, also by a clock that lags behind the timer", async () => {
  using time = new FakeTime();
  const { getRemainingTimeInMillis } = lambdaContext(10_000);
  let lagMs = 0;
  const context: Context = {
    ...lambdaContext(0),
    getRemainingTimeInMillis: () => getRemainingTimeInMillis() + lagMs,
  };
  const handled: string[] = [];
  const processor = new Processor({ concurrency: 1 });
  const held = holding("await using", processor, makeRecords("a", "b"), (record, { signal }) => {
    handled.push(record.body);
    lagMs = 1;
    return new Promise((_, reject) =>
      signal.addEventListener("abort", () => reject(signal.reason))
    );
  }, { context });
  await settled(time, held, 9_000);
  assertEquals(handled, ["a"]);
});

for (const context of [undefined, {}, lambdaContext(Infinity)] as (Context | undefined)[]) {
  Deno.test(`a context ${context && JSON.stringify(context)} without an end means no deadline`, async () => {
    using time = new FakeTime();
    const processing = new Processor().run(
      makeRecords("1000000"),
      take,
      context === undefined ? {} : { context },
    );
    const outcomes = await settled(time, processing, 1_000_000);
    assertEquals(outcomes.map(({ status }) => status), ["success"]);
  });
}

Deno.test("a context with more time than a timer can wait, as a test's may have, means no deadline", async () => {
  const context = { getRemainingTimeInMillis: () => Number.MAX_SAFE_INTEGER } as Context;
  const outcomes = await new Processor().run(makeRecords("10"), take, { context });
  assertEquals(outcomes.map(({ status }) => status), ["success"]);
});

Deno.test("a _prepare that never settles is given up too, and says so", async () => {
  using time = new FakeTime();
  class Stuck extends Processor {
    protected override _prepare(): Promise<void> {
      return new Promise(() => {});
    }
  }
  const processor = new Stuck();
  const held = holding(
    "await using",
    processor,
    makeRecords("1"),
    take,
    { context: lambdaContext(10_000) },
    (batch) => batch.process().catch(() => {}),
  );
  const { thrown } = await settled(time, held, 9_500);
  assertInstanceOf(thrown, SQSBatchProcessingError);
  assertEquals(thrown.unprocessed.map(({ reason }) => reason), ["prepare-failed"]);
  assertEquals((thrown.cause as Error).name, "TimeoutError");
  assertEquals(processor.calls, ["expect failure"]);
});

Deno.test("_expectFailure is called once: at the first failure, or at twice the reserve", async () => {
  using time = new FakeTime();
  const failing = new Processor();
  const context = () => ({ context: lambdaContext(10_000) });
  await failing.run(makeRecords("a", "b"), () => Promise.reject(new Error("x")), context())
    .catch(() => {});
  assertEquals(failing.calls, ["expect failure", "clean"]);

  const slow = new Processor();
  const processing = slow.run(makeRecords("8500"), take, context());
  await time.tickAsync(7_999);
  assertEquals(slow.calls, []);
  await time.tickAsync(1);
  assertEquals(slow.calls, ["expect failure"]);
  await settled(time, processing, 500);
  assertEquals(slow.calls, ["expect failure", "clean"]);

  const quick = new Processor();
  await settled(time, quick.run(makeRecords("100"), take, context()), 100);
  await time.tickAsync(10_000);
  assertEquals(quick.calls, ["clean"]);
});

Deno.test("what _expectFailure throws is the cause of what the close throws", async () => {
  class Broken extends Processor {
    protected override _expectFailure(): void {
      throw new Error("no worker");
    }
  }
  const { thrown } = await holding("await using", new Broken(), makeRecords("a"), () => {
    throw new Error("x");
  });
  assertInstanceOf(thrown, SQSBatchProcessingError);
  assertEquals((thrown.cause as Error).message, "no worker");
});

Deno.test("a FIFO group that the deadline stops is unprocessed with that reason", async () => {
  using time = new FakeTime();
  const records = ["never", "1", "1"].map((body) =>
    makeRecord({ body, eventSourceARN: `${QUEUE_ARN}.fifo` })
  );
  const held = holding("await using", new Processor(), records, take, {
    context: lambdaContext(10_000),
  });
  const { thrown } = await settled(time, held, 9_500);
  assertInstanceOf(thrown, SQSBatchProcessingError);
  assertEquals(thrown.unprocessed.map(({ reason }) => reason), [
    "deadline",
    "deadline",
    "deadline",
  ]);
});

// --------------------------------------------------------------------------- on a real queue

for (const hold of HOLDS) {
  Deno.test(`fauxqs, ${hold}: finished work is deleted before the deadline, only the rest returns`, async () => {
    const sqs = await testSqs();
    const queue = await sqs.createQueue();
    const records = await queue.records("ok1", "ok2", "stuck");
    const processor = new PartialSQSProcessor({ config: sqs.config });
    const context = lambdaContext(2_000);
    const { thrown } = await holding(
      hold,
      processor,
      records,
      (record) => record.body === "stuck" ? new Promise(() => {}) : undefined,
      { context },
    );
    assert(context.getRemainingTimeInMillis() > 0);
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertEquals(thrown.unprocessed.map(({ record }) => record.body), ["stuck"]);
    assertEquals(thrown.undeleted, []);
    assertEquals(await queue.left(), 1);
  });
}

// ---------------------------------------------------------------------------- recordTimeoutMs

Deno.test("recordTimeoutMs fails a record with a TimeoutError and aborts its signal, and no other", async () => {
  using time = new FakeTime();
  const signals: AbortSignal[] = [];
  const processor = new Processor({ recordTimeoutMs: 1_000 });
  const held = holding("await using", processor, makeRecords("999", "never"), (record, context) => {
    signals.push(context.signal);
    return take(record);
  });
  const { batch, thrown } = await settled(time, held, 1_000);
  assertEquals(batch.outcomes.map(({ status }) => status), ["success", "fail"]);
  assertInstanceOf(thrown, SQSBatchProcessingError);
  assertEquals((thrown.errors[0] as Error).name, "TimeoutError");
  assertEquals(signals.map(({ aborted }) => aborted), [false, true]);
  assertEquals(signals[1]!.reason, thrown.errors[0]);
});

Deno.test("recordTimeoutMs passes the deadline's abort on, and ignores what comes late", async () => {
  using time = new FakeTime();
  let signal: AbortSignal | undefined;
  const processor = new Processor({ recordTimeoutMs: 60_000 });
  const held = holding("await using", processor, makeRecords("9700"), (record, context) => {
    signal = context.signal;
    return take(record).then(() => Promise.reject(new Error("too late")));
  }, { context: lambdaContext(10_000) });
  await time.tickAsync(9_000);
  assertEquals(signal!.aborted, true);
  const { batch } = await settled(time, held, 500);
  assertEquals(batch.outcomes.map(({ status }) => status), ["unprocessed"]);
  await time.tickAsync(60_000);
});

Deno.test("recordTimeoutMs: a handler that is called after the deadline's abort is told at once", async () => {
  using time = new FakeTime();
  class Slow extends Processor {
    protected override async _processRecord<T>(
      record: SQSRecord,
      batch: Batch<T>,
      recordContext: RecordContext,
    ): Promise<Outcome<T>> {
      await take(record);
      return await super._processRecord(record, batch, recordContext);
    }
  }
  const aborted: boolean[] = [];
  const held = holding(
    "await using",
    new Slow({ recordTimeoutMs: 60_000 }),
    makeRecords("9200"),
    (_record, { signal }) => aborted.push(signal.aborted),
    { context: lambdaContext(10_000) },
  );
  await time.tickAsync(9_200);
  await held;
  assertEquals(aborted, [true]);
});

for (const name of ["recordTimeoutMs", "deadlineReserveMs"]) {
  for (const value of [0, -1, NaN, Infinity, 900_001]) {
    Deno.test(`${name} ${value} is a RangeError`, () => {
      assertThrows(() => new Processor({ [name]: value }), RangeError, name);
    });
  }
  Deno.test(`${name} "10" is a TypeError`, () => {
    assertThrows(() => new Processor({ [name]: "10" } as never), TypeError, name);
  });
}

Deno.test("timeLeft() keeps a tenth of a second back for the error to reach Lambda, or a quarter", () => {
  for (
    const [remaining, limit, left] of [
      [500, 1_000, 400],
      [500, 400, 400],
      [500, 399, 399],
      [200, 1_000, 150],
      [0, 1_000, 0],
      [-10, 1_000, 0],
    ] as const
  ) {
    const context = { getRemainingTimeInMillis: () => remaining } as Context;
    assertEquals(timeLeft(limit, context), left);
  }
});

Deno.test("hookTimeLeft() is more than what a hook may take at SQS, and less than what is left", () => {
  for (const [remaining, left] of [[500, 450], [200, 175], [0, 0], [-10, 0]] as const) {
    const context = { getRemainingTimeInMillis: () => remaining } as Context;
    assertEquals(hookTimeLeft(context), left);
  }
  assertEquals(hookTimeLeft(undefined), Infinity);
});
