import { BasePartialProcessor, type Batch, SQSBatchProcessingError } from "@partial-batch/sqs";
import {
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { handleBody, makeRecords } from "../support/factories.ts";
import { type Hold, holding, HOLDS } from "../support/hold.ts";

// How a batch is held, and who sees the error of its close.

class Processor extends BasePartialProcessor {
  cleaned = 0;

  protected override _clean(): void {
    this.cleaned++;
  }
}

function open(processor: BasePartialProcessor = new Processor(), ...bodies: string[]) {
  return processor.open(makeRecords(...(bodies.length > 0 ? bodies : ["fail"])), handleBody);
}

/** Runs a function, and gives what it rejects with and which rejections nobody handled. */
async function watchRejections(run: () => Promise<unknown>) {
  const unhandled: unknown[] = [];
  const listener = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    unhandled.push(event.reason);
  };
  addEventListener("unhandledrejection", listener);
  let thrown: unknown;
  try {
    await run();
  } catch (error) {
    thrown = error;
  }
  await turns(3);
  removeEventListener("unhandledrejection", listener);
  return { thrown, unhandled };
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setTimeout(resolve));
}

// ------------------------------------------------------------------------- close() and its promise

for (const hold of HOLDS) {
  for (const count of [0, 1, 5]) {
    Deno.test(`${hold}: close() without its await makes the scope's end throw, ${count} turns later`, async () => {
      const { thrown, unhandled } = await watchRejections(async () => {
        const processor = new Processor();
        const held = await holding({
          hold,
          processor,
          records: makeRecords("fail"),
          handler: handleBody,
          body: async (batch) => {
            await batch.process();
            batch.close();
            await turns(count);
          },
        });
        assertEquals(processor.cleaned, 1);
        if (held.thrown) throw held.thrown;
      });
      assertInstanceOf(thrown, SQSBatchProcessingError);
      assertEquals(unhandled, []);
    });
  }

  Deno.test(`${hold}: \`return batch.close()\` makes the scope's end throw`, async () => {
    const { thrown, unhandled } = await watchRejections(async () => {
      if (hold === "using") {
        using batch = open();
        await batch.process();
        return batch.close();
      }
      await using batch = open();
      await batch.process();
      return batch.close();
    });
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertEquals(unhandled, []);
  });

  Deno.test(`${hold}: a listener that the scope's end does not wait for hides nothing`, async () => {
    const heard: unknown[] = [];
    const { thrown, unhandled } = await watchRejections(async () => {
      const held = await holding({
        hold,
        processor: new Processor(),
        records: makeRecords("fail"),
        handler: handleBody,
        body: async (batch) => {
          await batch.process();
          batch.close().catch((error) => heard.push(error));
        },
      });
      throw held.thrown;
    });
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertEquals([heard, unhandled], [[thrown], []]);
  });

  for (
    const [how, wait] of [
      ["await", async (closing: Promise<void>) => await closing],
      [
        "then()",
        (closing: Promise<void>) => closing.then(() => {}, (error) => Promise.reject(error)),
      ],
      ["Promise.all()", (closing: Promise<void>) => Promise.all([closing])],
      ["finally()", (closing: Promise<void>) => closing.finally(() => {})],
    ] as const
  ) {
    Deno.test(`${hold}: an error of close() that was seen by ${how} is not thrown again`, async () => {
      let seen: unknown;
      const { thrown } = await holding({
        hold,
        processor: new Processor(),
        records: makeRecords("fail"),
        handler: handleBody,
        body: async (batch) => {
          await batch.process();
          seen = await assertRejects(
            async () => await wait(batch.close()),
            SQSBatchProcessingError,
          );
        },
      });
      assertInstanceOf(seen, SQSBatchProcessingError);
      assertEquals(thrown, undefined);
    });
  }

  Deno.test(`${hold}: close() on a closed batch does nothing, and hides nothing`, async () => {
    const processor = new Processor();
    const { batch, thrown } = await holding({
      hold,
      processor,
      records: makeRecords("fail"),
      handler: handleBody,
      body: async (batch) => {
        await batch.process();
        batch.close();
        await turns(1);
        assertEquals(await batch.close(), undefined);
      },
    });
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertEquals(await batch.close(), undefined);
    assertEquals(processor.cleaned, 1);
  });

  Deno.test(`${hold}: close() by a hook throws synchronously while the batch is closing`, async () => {
    class Closing extends BasePartialProcessor {
      error: unknown;

      protected override _clean(batch: Batch): void {
        this.error = assertThrows(() => batch.close(), Error, "it is already closing");
        batch.close();
      }
    }
    const processor = new Closing();
    const handler = handleBody;
    const { thrown } = await holding({ hold, processor, records: makeRecords("ok"), handler });
    assertInstanceOf(thrown, Error);
    assertStringIncludes(thrown.message, "it is already closing");
    assertInstanceOf(processor.error, Error);
  });

  Deno.test(`${hold}: a hook that calls its batch's disposer ends in an error, not in a deadlock`, async () => {
    const symbol = hold === "using" ? Symbol.dispose : Symbol.asyncDispose;
    class Disposing extends BasePartialProcessor {
      protected override _clean(batch: Batch): void {
        return batch[symbol]() as void;
      }
    }
    const { thrown } = await holding({
      hold,
      processor: new Disposing(),
      records: makeRecords("ok"),
      handler: handleBody,
    });
    assertInstanceOf(thrown, Error);
  });
}

Deno.test("await using: close() by an async hook throws too, and whoever else calls it meanwhile", async () => {
  let resume = () => {};
  class Closing extends BasePartialProcessor {
    protected override async _clean(batch: Batch): Promise<void> {
      await new Promise<void>((resolve) => resume = resolve);
      await batch.close();
    }
  }
  await using batch = open(new Closing(), "ok");
  await batch.process();
  const closing = assertRejects(async () => await batch.close(), Error, "it is already closing");
  assertThrows(() => batch.close(), Error, "it is already closing");
  resume();
  await closing;
});

// ------------------------------------------------------------------------------- how it is held

for (const hold of HOLDS) {
  const other: Hold = hold === "using" ? "await using" : "using";
  const disposerOf = (hold: Hold, batch: Batch) =>
    hold === "using" ? batch[Symbol.dispose] : batch[Symbol.asyncDispose];

  Deno.test(`${hold}: a disposer that is read after process() changes nothing, and throws if it is called`, async () => {
    const { batch, thrown } = await holding({
      hold,
      processor: new Processor(),
      records: makeRecords("fail"),
      handler: handleBody,
      body: async (batch) => {
        const processing = batch.process();
        const dispose = disposerOf(other, batch);
        assertEquals(batch.held, hold);
        await processing;
        for (const each of [dispose, disposerOf(other, batch)]) {
          assertThrows(() => each(), Error, `it is held by \`${hold}\``);
        }
      },
    });
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertEquals(batch.held, hold);
  });

  Deno.test(`${hold}: its own disposer, called by hand, closes the batch; the scope's end does nothing more`, async () => {
    const processor = new Processor();
    let early: unknown;
    const { thrown } = await holding({
      hold,
      processor,
      records: makeRecords("fail"),
      handler: handleBody,
      body: async (batch) => {
        await batch.process();
        early = await assertRejects(
          async () => await disposerOf(hold, batch)(),
          SQSBatchProcessingError,
        );
      },
    });
    assertInstanceOf(early, SQSBatchProcessingError);
    assertEquals([thrown, processor.cleaned], [undefined, 1]);
  });
}

Deno.test("await using: a [Symbol.dispose] with an async _clean can be read after process()", async () => {
  class Async extends BasePartialProcessor {
    protected override async _clean(): Promise<void> {}
  }
  await using batch = open(new Async(), "ok");
  await batch.process();
  batch[Symbol.dispose];
});

Deno.test("a batch of which both disposers were read is closed by either", async () => {
  for (const symbol of [Symbol.dispose, Symbol.asyncDispose] as const) {
    const batch = open();
    const disposers = {
      [Symbol.dispose]: batch[Symbol.dispose],
      [Symbol.asyncDispose]: batch[Symbol.asyncDispose],
    };
    assertEquals(batch.held, "using");
    await batch.process();
    const error = await assertRejects(async () => await disposers[symbol]());
    assertInstanceOf(error, SQSBatchProcessingError);
  }
});

// --------------------------------------------------------------------------- nothing changes later

for (const hold of HOLDS) {
  Deno.test(`${hold}: once a batch is closed, nothing about it changes`, async () => {
    const { batch, thrown } = await holding({
      hold,
      processor: new Processor(),
      records: makeRecords("ok", "fail"),
      handler: handleBody,
    });
    const { outcomes } = batch;
    const [record] = batch.records;
    batch.reportUnconfirmed("undeleted", { record: record!, reason: "too late" });
    assertEquals(batch.unconfirmed.undeleted, []);
    assertStrictEquals(batch.outcomes, outcomes);
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertStrictEquals(thrown.outcomes, outcomes);
    assertThrows(() => batch.process(), Error, "it is closed");
  });
}

Deno.test("reportUnconfirmed() refuses a step that does not exist", async () => {
  await using batch = open(new Processor(), "ok");
  const [record] = batch.records;
  const report = { record: record!, reason: "x" };
  assertThrows(() => batch.reportUnconfirmed("unread" as never, report), TypeError, '"undeleted"');
  await batch.process();
});
