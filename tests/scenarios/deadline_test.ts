import {
  BasePartialProcessor,
  type BasePartialProcessorOptions,
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
import { lambdaContext } from "../support/lambda_context.ts";
import { bodies, makeRecord, makeRecords, QUEUE_ARN } from "../support/factories.ts";
import { holding, HOLDS } from "../support/hold.ts";
import { giveSteps } from "../support/steps.ts";
import { testSqs } from "../support/test_sqs.ts";
import { passTime, settledAfter } from "../support/time.ts";

class Processor extends BasePartialProcessor {
  readonly calls: string[] = [];

  constructor(options?: BasePartialProcessorOptions) {
    super(options);
    giveSteps(this, { expectFailure: () => this.calls.push("expect failure") });
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

for (const hold of HOLDS) {
  Deno.test(`${hold}: no record starts when no more than the reserve is left`, async () => {
    using time = new FakeTime();
    const context = lambdaContext(10_000);
    const processor = new Processor({ concurrency: 1 });
    const records = makeRecords("5000", "4501", "1", "1");
    const held = holding({ hold, processor, records, handler: take, context });
    const { batch, thrown } = await settledAfter(time, held, 9_500);
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
    const held = holding({
      hold,
      processor: new Processor(),
      records: makeRecords("9400", "never"),
      handler: take,
      context,
    });
    const { batch } = await settledAfter(time, held, 9_500);
    assertEquals(batch.outcomes.map(({ status }) => status), ["success", "unprocessed"]);
  });
}

Deno.test("handlers that still run are told by their signal at the reserve, given up at half of it", async () => {
  using time = new FakeTime();
  const signals: AbortSignal[] = [];
  const late: string[] = [];
  const processing = holding({
    hold: "await using",
    processor: new Processor(),
    records: makeRecords("a", "b"),
    handler: (record, { signal }) => {
      signals.push(signal);
      return new Promise<void>((resolve, reject) =>
        setTimeout(() => {
          late.push(record.body);
          if (record.body === "a") resolve();
          else reject(new Error("too late"));
        }, 20_000)
      );
    },
    context: lambdaContext(10_000),
  });
  await passTime(time, 8_999);
  assertEquals(signals.map(({ aborted }) => aborted), [false, false]);
  await passTime(time, 1);
  assertEquals(signals.map(({ aborted }) => aborted), [true, true]);
  assertEquals(signals[0]!.reason.name, "TimeoutError");
  const { batch } = await settledAfter(time, processing, 500);
  const statuses = batch.outcomes.map(({ status }) => status);
  assertEquals(statuses, ["unprocessed", "unprocessed"]);

  await passTime(time, 20_000);
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
  const held = holding({
    hold: "await using",
    processor: new Processor(),
    records: makeRecords("1", "never"),
    handler,
    context,
  });
  await settledAfter(time, held, 9_500);
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
    const processing = holding({
      hold,
      processor,
      records: makeRecords("a"),
      handler: (_, { signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(stopped));
        }),
      context: lambdaContext(10_000),
    });
    const { batch, thrown } = await settledAfter(time, processing, 9_000);
    const [outcome] = batch.outcomes;
    assert(outcome?.status === "unprocessed");
    assertEquals([outcome.reason, outcome.error], ["deadline", stopped]);
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertStringIncludes(thrown.message, "stopped by the signal");
  });
}

Deno.test("a handler that ends well after the deadline's signal has succeeded", async () => {
  using time = new FakeTime();
  const processing = holding({
    hold: "await using",
    processor: new Processor(),
    records: makeRecords("a"),
    handler: (_, { signal }) =>
      new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve())),
    context: lambdaContext(10_000),
  });
  const { batch } = await settledAfter(time, processing, 9_000);
  assertEquals(batch.outcomes.map(({ status }) => status), ["success"]);
});

for (
  const [what, left, options, lastStart] of [
    ["1,000 ms by default, and 10 ms for each request beyond ten", 10_000, {}, 8_100],
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
    await passTime(time, left);
    await processing;
    assertEquals(last - start, lastStart - 10);
  });
}

Deno.test("an invocation that has less than the reserve left handles nothing", async () => {
  using _ = new FakeTime();
  const context = lambdaContext(500);
  const processor = new Processor({ deadlineReserveMs: 1_000 });
  const { batch, thrown } = await holding({
    hold: "await using",
    processor,
    records: makeRecords("1"),
    handler: take,
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
  const { batch } = await holding({
    hold: "await using",
    processor,
    records: makeRecords("a", "b"),
    handler: (record) => {
      handled.push(record.body);
      left = 900;
    },
    context,
  });
  await passTime(time, 0);
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
  const held = holding({
    hold: "await using",
    processor,
    records: makeRecords("a", "b"),
    handler: (record, { signal }) => {
      handled.push(record.body);
      lagMs = 1;
      return new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason))
      );
    },
    context,
  });
  await settledAfter(time, held, 9_000);
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
    const outcomes = await settledAfter(time, processing, 1_000_000);
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
  const held = holding({
    hold: "await using",
    processor,
    records: makeRecords("1"),
    handler: take,
    context: lambdaContext(10_000),
    body: (batch) => batch.process().catch(() => {}),
  });
  const { thrown } = await settledAfter(time, held, 9_500);
  assertInstanceOf(thrown, SQSBatchProcessingError);
  assertEquals(thrown.unprocessed.map(({ reason }) => reason), ["prepare-failed"]);
  assertEquals((thrown.cause as Error).name, "TimeoutError");
  assertEquals(processor.calls, ["expect failure"]);
});

Deno.test("what a failure needs is loaded once: at the first failure, or at three times the reserve", async () => {
  using time = new FakeTime();
  const failing = new Processor();
  const context = () => ({ context: lambdaContext(10_000) });
  await failing.run(makeRecords("a", "b"), () => Promise.reject(new Error("x")), context())
    .catch(() => {});
  assertEquals(failing.calls, ["expect failure", "clean"]);

  const slow = new Processor();
  const processing = slow.run(makeRecords("8500"), take, context());
  await passTime(time, 6_999);
  assertEquals(slow.calls, []);
  await passTime(time, 1);
  assertEquals(slow.calls, ["expect failure"]);
  await settledAfter(time, processing, 1_500);
  assertEquals(slow.calls, ["expect failure", "clean"]);

  const quick = new Processor();
  await settledAfter(time, quick.run(makeRecords("100"), take, context()), 100);
  await passTime(time, 10_000);
  assertEquals(quick.calls, ["clean"]);
});

Deno.test("a FIFO group that the deadline stops is unprocessed with that reason", async () => {
  using time = new FakeTime();
  const records = ["never", "1", "1"].map((body) =>
    makeRecord({ body, eventSourceARN: `${QUEUE_ARN}.fifo` })
  );
  const held = holding({
    hold: "await using",
    processor: new Processor(),
    records,
    handler: take,
    context: lambdaContext(10_000),
  });
  const { thrown } = await settledAfter(time, held, 9_500);
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
    const { thrown } = await holding({
      hold,
      processor,
      records,
      handler: (record) => record.body === "stuck" ? new Promise(() => {}) : undefined,
      context,
    });
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
  const held = holding({
    hold: "await using",
    processor,
    records: makeRecords("999", "never"),
    handler: (record, context) => {
      signals.push(context.signal);
      return take(record);
    },
  });
  const { batch, thrown } = await settledAfter(time, held, 1_000);
  assertEquals(batch.outcomes.map(({ status }) => status), ["success", "fail"]);
  assertInstanceOf(thrown, SQSBatchProcessingError);
  assertEquals((thrown.errors[0] as Error).name, "TimeoutError");
  assertEquals(signals.map(({ aborted }) => aborted), [false, true]);
  assertEquals(signals[1]!.reason, thrown.errors[0]);
});

Deno.test("recordTimeoutMs leaves no timer behind a record that is given up", async () => {
  const { setTimeout, clearTimeout } = globalThis;
  const delays = new Map<unknown, number | undefined>();
  Object.assign(globalThis, {
    setTimeout: (step: () => void, delay?: number) => {
      const timer = setTimeout(step, delay);
      delays.set(timer, delay);
      return timer;
    },
    clearTimeout: (timer: number) => {
      delays.delete(timer);
      clearTimeout(timer);
    },
  });
  try {
    await holding({
      hold: "await using",
      processor: new Processor({ recordTimeoutMs: 60_000 }),
      records: makeRecords("a"),
      context: lambdaContext(50),
      handler: () => new Promise(() => {}),
    });
  } finally {
    Object.assign(globalThis, { setTimeout, clearTimeout });
  }
  assertEquals([...delays.values()].filter((delay) => delay === 60_000), []);
});

Deno.test("recordTimeoutMs passes the deadline's abort on, and ignores what comes late", async () => {
  using time = new FakeTime();
  let signal: AbortSignal | undefined;
  const processor = new Processor({ recordTimeoutMs: 60_000 });
  const held = holding({
    hold: "await using",
    processor,
    records: makeRecords("9700"),
    handler: (record, context) => {
      signal = context.signal;
      return take(record).then(() => Promise.reject(new Error("too late")));
    },
    context: lambdaContext(10_000),
  });
  await passTime(time, 9_000);
  assertEquals(signal!.aborted, true);
  const { batch } = await settledAfter(time, held, 500);
  assertEquals(batch.outcomes.map(({ status }) => status), ["unprocessed"]);
  await passTime(time, 60_000);
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
  const held = holding({
    hold: "await using",
    processor: new Slow({ recordTimeoutMs: 60_000 }),
    records: makeRecords("9200"),
    handler: (_record, { signal }) => aborted.push(signal.aborted),
    context: lambdaContext(10_000),
  });
  await passTime(time, 9_200);
  await held;
  assertEquals(aborted, [true]);
});

for (const name of ["recordTimeoutMs", "deadlineReserveMs"]) {
  for (const value of [0, -1, NaN, Infinity, 5_400_001]) {
    Deno.test(`${name} ${value} is a RangeError`, () => {
      assertThrows(() => new Processor({ [name]: value }), RangeError, name);
    });
  }
  Deno.test(`${name} "10" is a TypeError`, () => {
    assertThrows(() => new Processor({ [name]: "10" } as never), TypeError, name);
  });
}
