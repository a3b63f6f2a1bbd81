import { BasePartialProcessor, type Batch } from "@partial-batch/sqs";
import { assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { AsyncLocalStorage } from "node:async_hooks";
import { putAroundBatches, type SurroundBatch } from "../../../src/lifecycle/around_batch.ts";
import { handleBody, makeRecords } from "../../support/factories.ts";
import { holding, HOLDS } from "../../support/hold.ts";

/** Says which store each of its hooks ran with. */
class Processor extends BasePartialProcessor {
  readonly storage: AsyncLocalStorage<string>;
  readonly seen: (string | undefined)[] = [];

  constructor(storage: AsyncLocalStorage<string>) {
    super({ suppressException: true });
    this.storage = storage;
  }

  protected override async _prepare() {
    await Promise.resolve();
    this.seen.push(this.storage.getStore());
  }

  protected override _clean(_batch: Batch) {
    this.seen.push(this.storage.getStore());
  }
}

const BODIES: Readonly<Record<string, (batch: Batch<void>) => Promise<void>>> = {
  "its scope ends": async (batch) => void await batch.process(),
  "close() is called": async (batch) => {
    await batch.process();
    await batch.close();
  },
};

for (const hold of HOLDS) {
  for (const [name, body] of Object.entries(BODIES)) {
    Deno.test(`${hold}: putAroundBatches() is active in a batch that is processed, and closed when ${name}`, async () => {
      const storage = new AsyncLocalStorage<string>();
      using _surround = putAroundBatches((received) => {
        const ids = received.map(({ messageId }) => messageId).join();
        return (work) => storage.run(ids, work);
      });
      const processor = new Processor(storage);
      const records = makeRecords("a", "b");
      const ids = records.map(({ messageId }) => messageId).join();
      const handler = () => void processor.seen.push(storage.getStore());
      await holding({ hold, processor, records, handler, body });
      assertEquals(processor.seen, [ids, ids, ids, ids]);
      assertEquals(storage.getStore(), undefined);
    });
  }
}

Deno.test("putAroundBatches() puts what comes later around what was there, until it is disposed", async () => {
  const order: string[] = [];
  const named = (name: string): SurroundBatch => () => (work) => {
    order.push(`${name} in`);
    work();
    order.push(`${name} out`);
  };
  const process = () => new Processor(new AsyncLocalStorage()).run(makeRecords(), () => {});
  using _first = putAroundBatches(named("first"));
  const second = putAroundBatches(named("second"));
  await process();
  const once = ["second in", "first in", "first out", "second out"];
  assertEquals(order.splice(0), [...once, ...once]);
  const opened = new Processor(new AsyncLocalStorage()).open([], () => {});
  second[Symbol.dispose]();
  {
    await using batch = opened;
    await batch.process();
  }
  assertEquals(order, ["first in", "first out", "first in", "first out"]);
});

const MISBEHAVIOURS: Readonly<Record<string, SurroundBatch>> = {
  "throws when the batch is opened": () => {
    throw new Error("around");
  },
  "throws before it calls what is inside": () => () => {
    throw new Error("around");
  },
  "throws after it has called what is inside": () => (work) => {
    work();
    throw new Error("around");
  },
  "never calls what is inside": () => () => {},
  "calls what is inside twice": () => (work) => {
    work();
    work();
  },
};

for (const hold of HOLDS) {
  for (const [name, surround] of Object.entries(MISBEHAVIOURS)) {
    Deno.test(`${hold}: what is around a batch has no effect on it: it ${name}`, async () => {
      using _surround = putAroundBatches(surround);
      const calls: string[] = [];
      class Counting extends BasePartialProcessor {
        protected override _prepare() {
          calls.push("_prepare");
        }
        protected override _clean() {
          calls.push("_clean");
        }
      }
      const { batch, thrown } = await holding({
        hold,
        processor: new Counting({ concurrency: 1 }),
        records: makeRecords("ok", "fail"),
        handler: (record) => {
          calls.push(record.body);
          return handleBody(record);
        },
      });
      assertEquals(calls, ["_prepare", "ok", "fail", "_clean"]);
      assertEquals(batch.outcomes.map(({ status }) => status), ["success", "fail"]);
      assertInstanceOf(thrown, AggregateError);
      assertStrictEquals(thrown.errors[0], batch.exceptions[0]);
    });
  }
}
