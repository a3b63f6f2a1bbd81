import {
  BasePartialProcessor,
  type Batch,
  type FailOutcome,
  type Outcome,
  SQSBatchProcessingError,
} from "@partial-batch/sqs";
import {
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { lambdaContext } from "../scripts/event_source_mapping.ts";
import { handleBody, makeFifoRecord, makeRecord, makeRecords } from "./_factories.ts";
import { holding, HOLDS } from "./_hold.ts";

type Settled = readonly Outcome<never>[];

/** A processor whose `_settleFailures` is given. */
class SettlingProcessor extends BasePartialProcessor {
  readonly settled: string[][] = [];
  readonly #settle: (failures: readonly FailOutcome[]) => Settled | Promise<Settled>;

  constructor(settle: (failures: readonly FailOutcome[]) => Settled | Promise<Settled>) {
    super();
    this.#settle = settle;
  }

  protected override _settleFailures(failures: readonly FailOutcome[]): Settled | Promise<Settled> {
    this.settled.push(failures.map(({ record }) => record.body));
    return this.#settle(failures);
  }
}

const discarded = ({ record, error }: FailOutcome): Outcome<never> => ({
  status: "discarded",
  record,
  error,
});

// ---------------------------------------------------------------------------- _settleFailures

for (const hold of HOLDS) {
  Deno.test(`${hold}: _settleFailures gets all failures at once, and gives what takes their place`, async () => {
    const processor = new SettlingProcessor((failures) => failures.map(discarded));
    const records = makeRecords("fail1", "ok", "fail2");
    const { batch, thrown } = await holding(hold, processor, records, handleBody);
    assertEquals(thrown, undefined);
    assertEquals(batch.outcomes.map(({ status }) => status), ["discarded", "success", "discarded"]);
    assertEquals(processor.settled, [["fail1", "fail2"]]);
  });
}

Deno.test("_settleFailures is not called where nothing failed", async () => {
  const processor = new SettlingProcessor((failures) => failures);
  await processor.run(makeRecords("ok"), handleBody);
  assertEquals(processor.settled, []);
});

const boom = new Error("no way to the table");
for (
  const [what, settle] of Object.entries<(failures: readonly FailOutcome[]) => unknown>({
    "gives nothing": () => undefined,
    "gives too few": () => [],
    "gives holes": (failures) => new Array(failures.length),
    "gives no outcomes": (failures) => failures.map(() => "discarded"),
    "gives outcomes of other records": (failures) =>
      failures.map((failure) => discarded({ ...failure, record: makeRecord() })),
    "uses its argument up": (failures) =>
      (failures as FailOutcome[]).splice(0).map(discarded).slice(1),
    "gives them in another order": (failures) => failures.map(discarded).toReversed(),
    "throws": () => {
      throw boom;
    },
    "rejects": () => Promise.reject(boom),
  })
) {
  Deno.test(`_settleFailures that ${what} leaves its records failed, and no error is lost`, async () => {
    const processor = new SettlingProcessor(settle as never);
    const records = makeRecords("fail1", "ok", "fail2");
    const { batch, thrown } = await holding("await using", processor, records, handleBody);
    assertEquals(batch.outcomes.map(({ status }) => status), ["fail", "success", "fail"]);
    assertInstanceOf(thrown, SQSBatchProcessingError);
    for (const error of thrown.errors) {
      assertInstanceOf(error, AggregateError);
      const [own, hookError] = error.errors;
      assertInstanceOf(own, RangeError);
      if (what === "throws" || what === "rejects") assertStrictEquals(hookError, boom);
      else assertInstanceOf(hookError, TypeError);
    }
  });
}

Deno.test("suppressException does not hide that _settleFailures did not do its work", async () => {
  class Broken extends BasePartialProcessor {
    constructor() {
      super({ suppressException: true });
    }

    protected override _settleFailures(): Settled {
      throw boom;
    }
  }
  const { thrown } = await holding("using", new Broken(), makeRecords("fail"), handleBody);
  assertStrictEquals(thrown, boom);
});

Deno.test("using: what _settleFailures gives after the close changes nothing", async () => {
  let settle = () => {};
  const processor = new SettlingProcessor((failures) =>
    new Promise((resolve) => settle = () => resolve(failures.map(discarded)))
  );
  const { batch, thrown } = await holding(
    "using",
    processor,
    makeRecords("fail"),
    handleBody,
    {},
    async (batch) => {
      batch.process();
      while (processor.settled.length === 0) await Promise.resolve();
    },
  );
  assertInstanceOf(thrown, SQSBatchProcessingError);
  settle();
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(batch.outcomes, thrown.outcomes);
  assertEquals(batch.outcomes.map(({ status }) => status), ["fail"]);
});

Deno.test("using: _settleFailures does not see a failure that comes after the close", async () => {
  const processor = new SettlingProcessor((failures) => failures.map(discarded));
  let fail: (() => void) | undefined;
  await holding(
    "using",
    processor,
    [makeFifoRecord("a"), makeFifoRecord("a")],
    () => new Promise<void>((_, reject) => fail = () => reject(new Error("too late"))),
    {},
    async (batch) => {
      batch.process();
      while (!fail) await Promise.resolve();
    },
  );
  fail?.();
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(processor.settled, []);
});

// ------------------------------------------------------------------------------------ _finish

class FinishingProcessor extends BasePartialProcessor {
  readonly calls: string[] = [];
  readonly #error: Error | undefined;

  constructor(error?: Error) {
    super();
    this.#error = error;
  }

  protected override _finish({ outcomes }: Batch): void {
    this.calls.push(`finish ${outcomes.map(({ status }) => status)}`);
    if (this.#error) throw this.#error;
  }

  protected override _clean(): void {
    this.calls.push("clean");
  }
}

for (const hold of HOLDS) {
  Deno.test(`${hold}: _finish runs once, with every outcome, before process() resolves`, async () => {
    const processor = new FinishingProcessor();
    const records = makeRecords("ok", "fail");
    await holding(hold, processor, records, handleBody, {}, async (batch) => {
      await batch.process();
      assertEquals(processor.calls, ["finish success,fail"]);
    });
    assertEquals(processor.calls, ["finish success,fail", "clean"]);
  });

  Deno.test(`${hold}: a throwing _finish is the cause where records failed, else thrown as it is`, async () => {
    const fine = await holding(hold, new FinishingProcessor(boom), makeRecords("ok"), handleBody);
    assertStrictEquals(fine.thrown, boom);
    const processor = new FinishingProcessor(boom);
    const { thrown } = await holding(hold, processor, makeRecords("fail"), handleBody);
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertStrictEquals(thrown.cause, boom);
    assertEquals(processor.calls, ["finish fail", "clean"]);
  });
}

Deno.test("using: _finish does not run for a process() that was still running at the close", async () => {
  const processor = new FinishingProcessor();
  const { thrown } = await holding(
    "using",
    processor,
    makeRecords("ok"),
    handleBody,
    {},
    (batch) => {
      batch.process();
    },
  );
  assertStringIncludes((thrown as Error).message, "process() was still running");
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(processor.calls, []);
});

// ------------------------------------------------------------------------ hooks without an end

for (const hook of ["_settleFailures", "_finish", "_clean"]) {
  Deno.test(`a ${hook} that never settles is given up before Lambda's deadline`, async () => {
    using time = new FakeTime();
    class Stuck extends BasePartialProcessor {}
    Object.defineProperty(Stuck.prototype, hook, { value: () => new Promise(() => {}) });
    const context = lambdaContext(10_000);
    const running = new Stuck().run(makeRecords("ok", "fail"), handleBody, { context });
    let thrown: unknown;
    running.catch((error) => thrown = error);
    await time.tickAsync(9_949);
    assertEquals(thrown, undefined);
    await time.tickAsync(1);
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertStringIncludes(thrown.message, "RangeError: no such order");
    assertStringIncludes(thrown.message, "TimeoutError: The time was over first");
  });
}
