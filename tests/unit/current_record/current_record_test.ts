import {
  BasePartialProcessor,
  type Batch,
  type Outcome,
  type RecordContext,
  StopBatchError,
} from "@partial-batch/sqs";
import { currentRecord } from "@partial-batch/sqs/current-record";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import type { SQSRecord } from "aws-lambda";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { makeFifoRecord, makeRecords } from "../../support/factories.ts";
import { lambdaContext } from "../../support/lambda_context.ts";
import { runScript } from "../../support/run_script.ts";
import { runAs, WAYS } from "../../support/ways.ts";

class Processor extends BasePartialProcessor {}

const turn = () => new Promise<void>((resolve) => setTimeout(resolve));

/** What `currentRecord()` gives, by the record of whose handler it was asked. */
class Seen {
  readonly #seen: (readonly [SQSRecord, SQSRecord | undefined])[] = [];

  note(record: SQSRecord): void {
    this.#seen.push([record, currentRecord()]);
  }

  /** Each was asked as often as that, and always gave its own record. */
  assertOwn(times: number): void {
    assertEquals(this.#seen.length, times);
    for (const [record, seen] of this.#seen) assertStrictEquals(seen, record);
  }
}

for (const way of WAYS) {
  for (const recordTimeoutMs of [undefined, 60_000]) {
    Deno.test(`${way}, recordTimeoutMs ${recordTimeoutMs}: currentRecord() is each concurrent handler's own record`, async () => {
      const seen = new Seen();
      const processor = new Processor({
        concurrency: Infinity,
        ...(recordTimeoutMs && { recordTimeoutMs }),
      });
      const records = makeRecords(..."abcdefghij");
      // Record by record another number of turns, so that they end in another order than they began.
      await runAs({
        way,
        processor,
        records,
        handler: async (record) => {
          seen.note(record);
          for (let turns = 10 - records.indexOf(record); turns > 0; turns--) {
            await (turns % 2 === 0 ? turn() : null);
            seen.note(record);
          }
        },
      });
      seen.assertOwn(10 + 55);
      assertEquals(currentRecord(), undefined);
    });
  }
}

Deno.test("currentRecord() is that of a synchronous handler, and of a FIFO group's records in turn", async () => {
  const seen = new Seen();
  const records = [makeFifoRecord("a"), makeFifoRecord("b"), makeFifoRecord("a")];
  await new Processor().run(records, (record) => seen.note(record));
  await new Processor().run(records, async (record) => {
    await turn();
    seen.note(record);
  });
  seen.assertOwn(6);
});

Deno.test("currentRecord() is undefined in hooks, and in an override outside the handler it calls", async () => {
  const seen: (SQSRecord | undefined)[] = [];
  const note = () => void seen.push(currentRecord());
  class Hooked extends Processor {
    protected override _prepare() {
      note();
    }
    protected override async _processRecord<T>(
      record: SQSRecord,
      batch: Batch<T>,
      recordContext: RecordContext,
    ): Promise<Outcome<T>> {
      note();
      const outcome = await super._processRecord(record, batch, recordContext);
      note();
      return outcome;
    }
    protected override successHandler<T>(record: SQSRecord, result: T, batch: Batch<T>) {
      note();
      return super.successHandler(record, result, batch);
    }
    protected override failureHandler(record: SQSRecord, error: unknown, batch: Batch) {
      note();
      return super.failureHandler(record, error, batch);
    }
    protected override _clean() {
      note();
    }
  }
  const own = new Seen();
  const processor = new Hooked({ concurrency: 2, suppressException: true });
  await processor.run(makeRecords("ok", "fail"), async (record) => {
    await turn();
    own.note(record);
    if (record.body === "fail") throw new Error("fail");
  });
  own.assertOwn(2);
  assertEquals(seen, Array(8).fill(undefined));
});

Deno.test("currentRecord() is the record that an overridden _processRecord hands to the handler", async () => {
  class Copying extends Processor {
    protected override async _processRecord<T>(
      record: SQSRecord,
      batch: Batch<T>,
      recordContext: RecordContext,
    ): Promise<Outcome<T>> {
      const result = await batch.handler({ ...record, body: "copied" }, recordContext);
      return { status: "success", record, result };
    }
  }
  const seen = new Seen();
  await new Copying().run(makeRecords("a", "b"), (record) => seen.note(record));
  seen.assertOwn(2);
});

Deno.test("currentRecord() is the handler's record, whatever a subscriber writes to the message", async () => {
  const channel = "tracing:partial-batch.sqs.record:start";
  const redact = (message: unknown) => void Object.assign(message as object, { record: {} });
  subscribe(channel, redact);
  const seen = new Seen();
  try {
    await new Processor().run(makeRecords("a", "b"), (record) => seen.note(record));
  } finally {
    unsubscribe(channel, redact);
  }
  seen.assertOwn(2);
});

Deno.test("currentRecord() is the inner record in a batch inside a handler, and then the outer one again", async () => {
  const seen = new Seen();
  await new Processor({ concurrency: 2 }).run(makeRecords("a", "b"), async (outer) => {
    await new Processor({ concurrency: 2 }).run(makeRecords("c", "d"), async (inner) => {
      await turn();
      seen.note(inner);
    });
    seen.note(outer);
  });
  seen.assertOwn(6);
});

Deno.test("currentRecord() stays with work that outlives its handler", async () => {
  const seen = new Seen();
  const left: Promise<void>[] = [];
  await new Processor({ concurrency: 2 }).run(makeRecords("a", "b"), (record) => {
    left.push(turn().then(turn).then(() => seen.note(record)));
  });
  await Promise.all(left);
  seen.assertOwn(2);
});

Deno.test("currentRecord() stays with a handler that was given up", async () => {
  const seen = new Seen();
  const released = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const error = await new Processor({ recordTimeoutMs: 1 }).run(
    makeRecords("a"),
    async (record) => {
      await released.promise;
      seen.note(record);
      ended.resolve();
    },
    { context: lambdaContext(60_000) },
  ).catch((thrown) => thrown);
  assert(error instanceof Error);
  released.resolve();
  await ended.promise;
  seen.assertOwn(1);
});

Deno.test("currentRecord() is undefined in a listener that another record's handler calls", async () => {
  const stopped = Promise.withResolvers<SQSRecord | undefined>();
  const [waits, stops] = makeRecords("waits", "stops");
  const seen = new Seen();
  await new Processor({ concurrency: 2 }).run([waits!, stops!], async (record, { signal }) => {
    if (record === stops) throw new StopBatchError("down");
    await new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => {
        stopped.resolve(currentRecord());
        resolve();
      });
    });
    seen.note(record);
  }).catch(() => {});
  assertEquals(await stopped.promise, undefined);
  seen.assertOwn(1);
});

// #region What it costs if it is not imported

/** Stands for `node:async_hooks`, and counts. */
const COUNTING = `data:text/javascript,${
  encodeURIComponent(`
  globalThis.storages = 0;
  export class AsyncLocalStorage {
    constructor() { globalThis.storages++; }
    run(store, run) { return run(); }
    getStore() {}
  }
`)
}`;

async function countStorages(entryPoints: readonly string[]): Promise<string> {
  const source = `
    import { withSqsBatch } from "@partial-batch/sqs";
    import "node:async_hooks";
    ${entryPoints.map((name) => `import "@partial-batch/sqs/${name}";`).join("\n")}
    const handler = withSqsBatch(() => { throw new Error("fail"); }, { reportItemFailures: true });
    const records = JSON.parse(${JSON.stringify(JSON.stringify(makeRecords("a", "b")))});
    await handler({ Records: records }, { getRemainingTimeInMillis: () => 60_000 });
    console.log(globalThis.storages);
  `;
  const src = new URL("../../../src/", import.meta.url);
  const imports = Object.fromEntries(
    entryPoints.map((
      name,
    ) => [`@partial-batch/sqs/${name}`, new URL(`${name}/mod.ts`, src).href]),
  );
  const { stdout, stderr } = await runScript(source, ["--allow-all"], {
    ...imports,
    "node:async_hooks": COUNTING,
  });
  return stdout.trim() || stderr;
}

Deno.test("no AsyncLocalStorage is made unless current-record is imported, and then one", async () => {
  assertEquals(await countStorages([]), "0");
  assertEquals(await countStorages(["logs", "metrics", "testing", "local"]), "0");
  assertEquals(await countStorages(["logs", "current_record"]), "1");
});

// #endregion
