import {
  BasePartialProcessor,
  type Batch,
  type Outcome,
  type RecordContext,
  SQSBatchProcessingError,
} from "@partial-batch/sqs";
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import type { SQSRecord } from "aws-lambda";
import { bodies, handleBody, makeRecord, makeRecords } from "../support/factories.ts";
import { holding, HOLDS } from "../support/hold.ts";

class Processor extends BasePartialProcessor {
  readonly calls: string[] = [];

  protected override _prepare(): void {
    this.calls.push("prepare");
  }

  protected override _clean(): void {
    this.calls.push("clean");
  }
}

function deferred<T>() {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((r) => resolve = r);
  return { promise, resolve };
}

// ---------------------------------------------------------------------------------- outcomes

for (const hold of HOLDS) {
  Deno.test(`${hold}: process() gives one outcome per record, in order`, async () => {
    const records = makeRecords("ok1", "fail1", "ok2");
    const { batch, thrown } = await holding({
      hold,
      processor: new Processor(),
      records,
      handler: handleBody,
    });
    assertEquals(batch.outcomes.map(({ status }) => status), ["success", "fail", "success"]);
    assertEquals(batch.outcomes.map(({ record }) => record), records);
    assertEquals(batch.successMessages, [records[0]!, records[2]!]);
    assertEquals(batch.failMessages, [records[1]!]);
    assertEquals(batch.unprocessedMessages, []);
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertStrictEquals(thrown.errors[0], batch.exceptions[0]);
    assertEquals(thrown.outcomes, batch.outcomes);
  });

  Deno.test(`${hold}: throws nothing when all records are handled`, async () => {
    const processor = new Processor();
    const { batch, thrown } = await holding({
      hold,
      processor,
      records: makeRecords("a", "b"),
      handler: handleBody,
    });
    assertEquals(thrown, undefined);
    assertEquals(batch.outcomes.map((each) => each.status === "success" && each.result), [
      "a",
      "b",
    ]);
    assertEquals(processor.calls, ["prepare", "clean"]);
  });

  Deno.test(`${hold}: a batch without records is fine`, async () => {
    const { batch, thrown } = await holding({
      hold,
      processor: new Processor(),
      records: [],
      handler: handleBody,
    });
    assertEquals(thrown, undefined);
    assertEquals(batch.outcomes, []);
  });

  Deno.test(`${hold}: anything thrown is a failure, and is kept as it is`, async () => {
    const thrownValues = [undefined, null, "text", 0, new Error("x"), { code: 1 }];
    const records = makeRecords(...thrownValues.map(String));
    const { batch, thrown } = await holding({
      hold,
      processor: new Processor(),
      records,
      handler: (record) => {
        throw thrownValues[records.indexOf(record)];
      },
    });
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertEquals(thrown.errors, thrownValues);
    assertEquals(batch.exceptions, thrownValues);
  });

  Deno.test(`${hold}: any return is a success`, async () => {
    const values = [undefined, null, false, new Error("returned"), { status: "fail" }];
    const records = makeRecords(...values.map(String));
    const { thrown } = await holding({
      hold,
      processor: new Processor(),
      records,
      handler: (record) => values[records.indexOf(record)],
    });
    assertEquals(thrown, undefined);
  });

  // ----------------------------------------------------------------------------- misuse

  Deno.test(`${hold}: a forgotten process() throws, handles nothing and does not clean`, async () => {
    const processor = new Processor();
    const records = makeRecords("a", "b");
    const { batch, thrown } = await holding({
      hold,
      processor,
      records,
      handler: handleBody,
      body: () => {},
    });
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertEquals(thrown.unprocessed.map(({ reason }) => reason), [
      "process-not-called",
      "process-not-called",
    ]);
    assertEquals(batch.unprocessedMessages, records);
    assertEquals(processor.calls, []);
  });

  Deno.test(`${hold}: process() throws synchronously when called twice, or after the close`, async () => {
    const { batch } = await holding({
      hold,
      processor: new Processor(),
      records: [],
      handler: handleBody,
      body: async (batch) => {
        const processing = batch.process();
        assertThrows(() => batch.process(), Error, "process() was called before");
        await processing;
      },
    });
    assertThrows(() => batch.process(), Error, "it is closed");
  });

  Deno.test(`${hold}: closing early throws once; the scope's exit then does nothing`, async () => {
    const processor = new Processor();
    const records = makeRecords("ok", "fail");
    let early: unknown;
    const { thrown } = await holding({
      hold,
      processor,
      records,
      handler: handleBody,
      body: async (batch) => {
        await batch.process();
        early = await assertRejects(() => batch.close(), SQSBatchProcessingError);
        await batch.close();
      },
    });
    assertInstanceOf(early, SQSBatchProcessingError);
    assertEquals(thrown, undefined);
    assertEquals(processor.calls, ["prepare", "clean"]);
  });

  // ---------------------------------------------------------------------------- lifecycle

  Deno.test(`${hold}: a throwing _prepare rejects process(), cleans nothing, returns all`, async () => {
    const refusal = new Error("no table");
    class Unprepared extends Processor {
      protected override _prepare(): void {
        throw refusal;
      }
    }
    const processor = new Unprepared();
    const records = makeRecords("a", "b");
    const { thrown } = await holding({
      hold,
      processor,
      records,
      handler: handleBody,
      body: async (batch) => {
        assertStrictEquals(await assertRejects(() => batch.process()), refusal);
      },
    });
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertEquals(thrown.unprocessed.map(({ reason }) => reason), [
      "prepare-failed",
      "prepare-failed",
    ]);
    assertStrictEquals(thrown.cause, refusal);
    assertEquals(processor.calls, []);
  });

  Deno.test(`${hold}: _clean runs also when the body throws, and both errors are kept`, async () => {
    const processor = new Processor();
    const fromBody = new Error("from the body");
    const records = makeRecords("ok", "fail");
    const { thrown } = await holding({
      hold,
      processor,
      records,
      handler: handleBody,
      body: async (batch) => {
        await batch.process();
        throw fromBody;
      },
    });
    assertEquals(processor.calls, ["prepare", "clean"]);
    const both = thrown as { name: string; error: unknown; suppressed: unknown };
    assertEquals(both.name, "SuppressedError");
    assertInstanceOf(both.error, SQSBatchProcessingError);
    assertStrictEquals(both.suppressed, fromBody);
  });

  Deno.test(`${hold}: a throwing _clean is the cause where records failed, else thrown as it is`, async () => {
    const refusal = new Error("no table");
    class Unclean extends Processor {
      protected override _clean(): void {
        throw refusal;
      }
    }
    const failed = await holding({
      hold,
      processor: new Unclean(),
      records: makeRecords("fail"),
      handler: handleBody,
    });
    assertInstanceOf(failed.thrown, SQSBatchProcessingError);
    assertStrictEquals(failed.thrown.cause, refusal);
    const fine = await holding({
      hold,
      processor: new Unclean(),
      records: makeRecords("ok"),
      handler: handleBody,
    });
    assertStrictEquals(fine.thrown, refusal);
  });

  Deno.test(`${hold}: suppressException silences failures, not unprocessed records or _clean`, async () => {
    const options = { suppressException: true };
    const records = makeRecords("ok", "fail");
    const failed = await holding({
      hold,
      processor: new Processor(options),
      records,
      handler: handleBody,
    });
    assertEquals(failed.thrown, undefined);
    const forgotten = await holding({
      hold,
      processor: new Processor(options),
      records,
      handler: handleBody,
      body: () => {},
    });
    assertInstanceOf(forgotten.thrown, SQSBatchProcessingError);
    class Unclean extends Processor {
      protected override _clean(): void {
        throw new Error("no table");
      }
    }
    const unclean = await holding({
      hold,
      processor: new Unclean(options),
      records,
      handler: handleBody,
    });
    assertStringIncludes(String(unclean.thrown), "no table");
  });

  Deno.test(`${hold}: a processor's batches share nothing, one after another or at once`, async () => {
    const processor = new Processor();
    const first = await holding({
      hold,
      processor,
      records: makeRecords("fail"),
      handler: handleBody,
    });
    const second = await holding({
      hold,
      processor,
      records: makeRecords("ok"),
      handler: handleBody,
    });
    assertInstanceOf(first.thrown, SQSBatchProcessingError);
    assertEquals(second.thrown, undefined);
    assertEquals(second.batch.exceptions, []);

    const gate = deferred<void>();
    const handler = (record: SQSRecord) => gate.promise.then(() => handleBody(record));
    const failing = holding({ hold, processor, records: makeRecords("fail", "ok"), handler });
    const fine = holding({ hold, processor, records: makeRecords("ok"), handler });
    gate.resolve();
    assertInstanceOf((await failing).thrown, SQSBatchProcessingError);
    assertEquals((await fine).thrown, undefined);
  });
}

// ------------------------------------------------------------------------- how it is held

Deno.test("process() throws synchronously, before any record, when nobody holds the batch", () => {
  const handled: unknown[] = [];
  const batch = new Processor().open(makeRecords("a"), (record) => handled.push(record));
  const error = assertThrows(() => batch.process(), Error, "nobody would close it");
  for (const way of ["`await using`", "`using`", "run()", "withSqsBatch()"]) {
    assertStringIncludes((error as Error).message, way);
  }
  assertEquals(handled, []);
});

Deno.test("close() throws synchronously when nobody holds the batch", () => {
  const batch = new Processor().open(makeRecords("a"), handleBody);
  assertThrows(() => batch.close(), Error, "it is not held");
});

Deno.test("a batch in a stack is held: DisposableStack, AsyncDisposableStack, await using of either", async () => {
  const use = async (stack: { use<T extends Disposable & AsyncDisposable>(value: T): T }) => {
    await stack.use(new Processor().open(makeRecords("ok", "fail"), handleBody)).process();
  };
  await assertRejects(async () => {
    using stack = new DisposableStack();
    await use(stack);
  }, SQSBatchProcessingError);
  await assertRejects(async () => {
    await using stack = new DisposableStack();
    await use(stack);
  }, SQSBatchProcessingError);
  await assertRejects(async () => {
    await using stack = new AsyncDisposableStack();
    await use(stack);
  }, SQSBatchProcessingError);
});

Deno.test("a batch of which both symbols were read is held by `using`", () => {
  for (const symbols of [["dispose", "asyncDispose"], ["asyncDispose", "dispose"]] as const) {
    const batch = new Processor().open([], handleBody);
    for (const symbol of symbols) batch[Symbol[symbol]];
    assertEquals(batch.held, "using");
  }
});

Deno.test("await using waits for a process() that nobody awaited", async () => {
  const processor = new Processor();
  const gate = deferred<void>();
  const held = holding({
    hold: "await using",
    processor,
    records: makeRecords("ok", "fail"),
    handler: async (record) => {
      await gate.promise;
      return handleBody(record);
    },
    body: (batch) => void batch.process(),
  });
  gate.resolve();
  const { batch, thrown } = await held;
  assertInstanceOf(thrown, SQSBatchProcessingError);
  assertEquals(batch.outcomes.map(({ status }) => status), ["success", "fail"]);
  assertEquals(processor.calls, ["prepare", "clean"]);
});

Deno.test("using: a process() that nobody awaited makes the close throw and say so; all return", async () => {
  const processor = new Processor();
  const gate = deferred<void>();
  const signals: AbortSignal[] = [];
  const { batch, thrown } = await holding({
    hold: "using",
    processor,
    records: makeRecords("a", "b"),
    handler: async (_record, { signal }) => {
      signals.push(signal);
      await gate.promise;
    },
    body: async (batch) => {
      batch.process();
      await Promise.resolve();
    },
  });
  assertInstanceOf(thrown, SQSBatchProcessingError);
  assertStringIncludes(thrown.message, "process() was still running");
  assertEquals(thrown.unprocessed.map(({ reason }) => reason), [
    "process-running",
    "process-running",
  ]);
  assertEquals(processor.calls, ["prepare"]);
  assertEquals(signals.map(({ aborted }) => aborted), [true, true]);

  gate.resolve();
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(batch.outcomes, thrown.outcomes);
  assertEquals(processor.calls, ["prepare"]);
});

Deno.test("await using: a forgotten await of a rejecting process() is not lost", async () => {
  class Unprepared extends Processor {
    protected override _prepare(): Promise<void> {
      return Promise.reject(new Error("no table"));
    }
  }
  for (const records of [[], makeRecords("a")]) {
    const { thrown } = await holding({
      hold: "await using",
      processor: new Unprepared(),
      records,
      handler: handleBody,
      body: (batch) => void batch.process(),
    });
    assertStringIncludes((thrown as Error).message, "no table");
  }
});

Deno.test("using refuses an async _clean at the declaration, before any record is handled", async () => {
  class Async extends Processor {
    // deno-lint-ignore require-await -- async is what it is about
    protected override async _clean(): Promise<void> {
      this.calls.push("clean");
    }
  }
  const processor = new Async();
  const handled: unknown[] = [];
  const { thrown } = await holding({
    hold: "using",
    processor,
    records: makeRecords("a"),
    handler: (record) => handled.push(record),
  });
  assertInstanceOf(thrown, TypeError);
  assertStringIncludes(thrown.message, "use `await using`");
  assertEquals([handled, processor.calls], [[], []]);

  const waited = await holding({
    hold: "await using",
    processor,
    records: makeRecords("a"),
    handler: handleBody,
  });
  assertEquals(waited.thrown, undefined);
  assertEquals(processor.calls, ["prepare", "clean"]);
});

Deno.test("using: a _clean that returns a promise all the same makes the close throw", async () => {
  class Sneaky extends Processor {
    protected override _clean(): void {
      return Promise.reject(new Error("too late")) as unknown as void;
    }
  }
  const fine = await holding({
    hold: "using",
    processor: new Sneaky(),
    records: makeRecords("a"),
    handler: handleBody,
  });
  assertInstanceOf(fine.thrown, TypeError);
  const failed = await holding({
    hold: "using",
    processor: new Sneaky(),
    records: makeRecords("fail"),
    handler: handleBody,
  });
  assertInstanceOf(failed.thrown, SQSBatchProcessingError);
  assertInstanceOf(failed.thrown.cause, TypeError);
});

for (const hold of HOLDS) {
  Deno.test(`${hold}: a handler that closes its own batch has failed its record, and all is told`, async () => {
    const processor = new Processor();
    const records = makeRecords("close", "ok");
    let opened: Batch<unknown> | undefined;
    const { batch, thrown } = await holding({
      hold,
      processor,
      records,
      handler: (record) => record.body === "close" ? opened!.close() : undefined,
      body: (batch) => {
        opened = batch;
        return batch.process();
      },
    });
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertStringIncludes(thrown.message, "Cannot close the batch: process() is still running");
    assertEquals(batch.outcomes.map(({ status }) => status), ["fail", "success"]);
    assertEquals(processor.calls, ["prepare", "clean"]);
  });
}

Deno.test("disposing twice at once throws once", async () => {
  const batch = new Processor().open(makeRecords("fail"), handleBody);
  const dispose = batch[Symbol.asyncDispose];
  await batch.process();
  const ends = await Promise.allSettled([dispose(), dispose()]);
  assertEquals(ends.map(({ status }) => status), ["rejected", "fulfilled"]);
});

Deno.test("_prepare is waited for to its end, also if its thenable fulfils with a promise", async () => {
  const reason = new Error("no config");
  class Lazy extends BasePartialProcessor {
    protected override _prepare(): Promise<void> {
      const thenable = {
        then: (fulfil: (value: unknown) => void) => fulfil(Promise.reject(reason)),
      };
      return thenable as unknown as Promise<void>;
    }
  }
  const error = await assertRejects(
    () => new Lazy().run(makeRecords("a"), handleBody),
    SQSBatchProcessingError,
  );
  assertStrictEquals(error.cause, reason);
  assertEquals(error.outcomes.map(({ status }) => status), ["unprocessed"]);
});

Deno.test("a thrown value that cannot be read fails its own record alone", async () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const error = await assertRejects(
    () =>
      new Processor().run(makeRecords("ok1", "fail", "ok2"), async ({ body }) => {
        await Promise.resolve();
        if (body === "fail") throw proxy;
      }),
    SQSBatchProcessingError,
  );
  assertEquals(error.outcomes.map(({ status }) => status), ["success", "fail", "success"]);
});

Deno.test("process() from _prepare has been called before", async () => {
  class Eager extends BasePartialProcessor {
    protected override async _prepare(batch: Batch): Promise<void> {
      await batch.process();
    }
  }
  const handled: string[] = [];
  await assertRejects(
    () => new Eager().run(makeRecords("a"), ({ body }) => handled.push(body)),
    SQSBatchProcessingError,
    "process() was called before",
  );
  assertEquals(handled, []);
});

// ---------------------------------------------------------------------------- concurrency

for (const [concurrency, most] of [[1, 1], [3, 3], [10, 10], [Infinity, 25]] as const) {
  Deno.test(`concurrency ${concurrency} handles ${most} of 25 records at a time`, async () => {
    let running = 0;
    let seen = 0;
    await new Processor({ concurrency }).run(makeRecords(...bodies("ok", 25)), async () => {
      seen = Math.max(seen, ++running);
      await new Promise((resolve) => setTimeout(resolve));
      running--;
    });
    assertEquals(seen, most);
  });
}

Deno.test("concurrency is 10 if not given", async () => {
  let running = 0;
  let seen = 0;
  await new Processor().run(makeRecords(...bodies("ok", 25)), async () => {
    seen = Math.max(seen, ++running);
    await new Promise((resolve) => setTimeout(resolve));
    running--;
  });
  assertEquals(seen, 10);
});

// ------------------------------------------------------------------------- the record's context

Deno.test("a record handler gets signal, Lambda's context and the receive count", async () => {
  const seen: RecordContext[] = [];
  const context = { awsRequestId: "r1" } as never;
  const again = makeRecord({
    attributes: { ...makeRecord().attributes, ApproximateReceiveCount: "3" },
  });
  const bare = makeRecord({ attributes: {} as never });
  await new Processor({ concurrency: 1 }).run(
    [again, bare],
    (_, recordContext) => void seen.push(recordContext),
    { context },
  );
  assertEquals(seen.map(({ receiveCount }) => receiveCount), [3, 1]);
  assertStrictEquals(seen[0]!.lambdaContext, context);
  assert(seen[0]!.signal instanceof AbortSignal);
  assertFalse(seen[0]!.signal.aborted);
});

// ----------------------------------------------------------------------- hooks are not trusted

const someRecord = makeRecord();

for (
  const [what, outcome] of [
    ["nothing", undefined],
    ["null", null],
    ["an outcome of another record", { status: "success", record: someRecord, result: 1 }],
    ["an unknown status", { status: "ok" }],
    ["a string", "success"],
  ] as const
) {
  Deno.test(`_processRecord that gives ${what} has failed its record`, async () => {
    class Odd extends BasePartialProcessor {
      protected override _processRecord<T>(): Promise<Outcome<T>> {
        return Promise.resolve(outcome as unknown as Outcome<T>);
      }
    }
    const records = makeRecords("a");
    const error = await assertRejects(
      () => new Odd().run(records, handleBody),
      SQSBatchProcessingError,
    );
    assertStrictEquals(error.failures[0]!.record, records[0]!);
    assertInstanceOf(error.errors[0], TypeError);
  });
}

Deno.test("an outcome is taken as it was given, whatever becomes of the hook's object", async () => {
  class Reusing extends BasePartialProcessor {
    readonly #outcome: Record<string, unknown> = {};

    protected override async _processRecord<T>(
      record: SQSRecord,
      batch: Batch<T>,
      recordContext: RecordContext,
    ): Promise<Outcome<T>> {
      try {
        const result = await batch.handler(record, recordContext);
        return Object.assign(this.#outcome, { status: "success", record, result }) as never;
      } catch (error) {
        return Object.assign(this.#outcome, { status: "fail", record, error }) as never;
      }
    }
  }
  const records = makeRecords("fail", "ok");
  const error = await assertRejects(
    () => new Reusing({ concurrency: 1 }).run(records, handleBody),
    SQSBatchProcessingError,
  );
  assertEquals(error.outcomes.map(({ status }) => status), ["fail", "success"]);
});

Deno.test("an outcome's members are read once", async () => {
  class Fickle extends BasePartialProcessor {
    protected override _processRecord<T>(record: SQSRecord): Promise<Outcome<T>> {
      const statuses = ["fail", "success"];
      return Promise.resolve({
        get status() {
          return statuses.shift();
        },
        record,
      } as never);
    }
  }
  const { batch } = await holding({
    hold: "using",
    processor: new Fickle(),
    records: makeRecords("a"),
    handler: handleBody,
  });
  assertEquals(batch.outcomes.map(({ status }) => status), ["fail"]);
});

Deno.test("what a hook gave in the place of an outcome is not told: it may be a body", async () => {
  class Odd extends BasePartialProcessor {
    protected override _processRecord<T>({ body }: SQSRecord): Promise<Outcome<T>> {
      return Promise.resolve(JSON.parse(body));
    }
  }
  for (const body of ['{"secret-key":1}', "4111"]) {
    const error = await assertRejects(
      () => new Odd().run(makeRecords(body), handleBody),
      SQSBatchProcessingError,
    );
    assertFalse(/secret-key|4111/.test(error.message));
  }
});

for (const hook of ["_processRecord", "successHandler"] as const) {
  Deno.test(`${hook} that throws has failed its record`, async () => {
    const refusal = new Error("from the hook");
    class Throwing extends BasePartialProcessor {}
    Object.defineProperty(Throwing.prototype, hook, {
      value: () => {
        throw refusal;
      },
    });
    const error = await assertRejects(
      () => new Throwing().run(makeRecords("a"), handleBody),
      SQSBatchProcessingError,
    );
    assertStrictEquals(error.errors[0], refusal);
  });
}

Deno.test("failureHandler may be async, and may make a success of a failure", async () => {
  class Forgiving extends BasePartialProcessor {
    protected override async failureHandler(
      record: SQSRecord,
      error: unknown,
    ): Promise<Outcome<never>> {
      await Promise.resolve();
      return record.body === "fail2"
        ? { status: "discarded", record, error }
        : { status: "fail", record, error };
    }
  }
  const error = await assertRejects(
    () => new Forgiving().run(makeRecords("fail1", "fail2"), handleBody),
    SQSBatchProcessingError,
  );
  assertEquals(error.outcomes.map(({ status }) => status), ["fail", "discarded"]);
});

Deno.test("failureHandler that throws has failed its record, and neither error is lost", async () => {
  const fromHook = new Error("tracker is down");
  class Tracking extends BasePartialProcessor {
    protected override failureHandler(): never {
      throw fromHook;
    }
  }
  const error = await assertRejects(
    () => new Tracking().run(makeRecords("fail"), handleBody),
    SQSBatchProcessingError,
  );
  const both = error.errors[0];
  assertInstanceOf(both, AggregateError);
  assertInstanceOf(both.errors[0], RangeError);
  assertStrictEquals(both.errors[1], fromHook);
  assertStringIncludes(error.message, "tracker is down");
  assertStringIncludes(error.message, "no such order");
});

Deno.test("a custom _processRecord calls batch.handler", async () => {
  class Doubling extends BasePartialProcessor {
    protected override async _processRecord<T>(
      record: SQSRecord,
      batch: Batch<T>,
      recordContext: RecordContext,
    ): Promise<Outcome<T>> {
      await batch.handler(record, recordContext);
      return { status: "success", record, result: await batch.handler(record, recordContext) };
    }
  }
  let calls = 0;
  const outcomes = await new Doubling().run(makeRecords("a"), () => ++calls);
  assertEquals(outcomes.map((each) => each.status === "success" && each.result), [2]);
});

// ------------------------------------------------------------------------------- run(), dispose

Deno.test("run() gives the outcomes, and never a SuppressedError", async () => {
  const outcomes = await new Processor().run(makeRecords("a"), handleBody);
  assertEquals(outcomes.map(({ status }) => status), ["success"]);
  await assertRejects(
    () => new Processor().run(makeRecords("fail"), handleBody),
    SQSBatchProcessingError,
  );
  class Unprepared extends Processor {
    protected override _prepare(): void {
      throw new Error("no table");
    }
  }
  const error = await assertRejects(
    () => new Unprepared().run(makeRecords("a"), handleBody),
    SQSBatchProcessingError,
  );
  assertStringIncludes(error.message, "no table");
  await assertRejects(() => new Unprepared().run([], handleBody), Error, "no table");
});

Deno.test("a disposed processor opens no batch", () => {
  const processor = new Processor();
  processor[Symbol.dispose]();
  processor[Symbol.dispose]();
  assertThrows(() => processor.open([], handleBody), Error, "was disposed");
});

Deno.test("a batch keeps its records when the event's array changes", async () => {
  const records = makeRecords("ok", "fail");
  const { thrown } = await holding({
    hold: "await using",
    processor: new Processor(),
    records,
    handler: handleBody,
    body: async (batch) => {
      records.length = 0;
      await batch.process();
    },
  });
  assertInstanceOf(thrown, SQSBatchProcessingError);
  assertEquals(thrown.outcomes.length, 2);
});
