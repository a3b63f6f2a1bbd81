import {
  BasePartialProcessor,
  type Batch,
  type Outcome,
  PartialSQSProcessor,
  type RecordContext,
  SQSBatchProcessingError,
  StopBatchError,
} from "@partial-batch/sqs";
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import type { SQSRecord } from "aws-lambda";
import { handleBody, makeFifoRecord, makeRecords } from "../support/factories.ts";
import { holding } from "../support/hold.ts";
import { testSqs } from "../support/test_sqs.ts";
import { runAs, WAYS } from "../support/ways.ts";

class Processor extends BasePartialProcessor {}

const DOWN = new StopBatchError("the warehouse is down");

/** Handles records; `stop` stops the batch. */
function handle(record: SQSRecord): string {
  if (record.body.startsWith("stop")) throw DOWN;
  return handleBody(record);
}

function endings(outcomes: readonly Outcome[]): string[] {
  return outcomes.map((each) => each.status === "unprocessed" ? each.reason : each.status);
}

for (const way of WAYS) {
  Deno.test(`fauxqs, ${way}: StopBatchError stops the batch, and what was handled is deleted`, async () => {
    const sqs = await testSqs();
    const queue = await sqs.createQueue();
    const records = await queue.records("ok1", "stop", "ok2", "ok3");
    const processor = new PartialSQSProcessor({ config: sqs.config, concurrency: 1 });
    const { thrown } = await runAs({ way, processor, records, handler: handle });
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertEquals(endings(thrown.outcomes), ["success", "fail", "stopped", "stopped"]);
    assertStrictEquals(thrown.errors[0], DOWN);
    assertStringIncludes(thrown.message, "StopBatchError: the warehouse is down");
    assertStringIncludes(thrown.message, "2 records were not processed (stopped)");
    assertEquals(thrown.undeleted, []);
    assertEquals(await queue.left(), 3);
  });

  Deno.test(`local-aws-sqs, ${way}: StopBatchError stops every message group of a FIFO queue`, async () => {
    const sqs = await testSqs("local-aws-sqs");
    const queue = await sqs.createQueue({ FifoQueue: "true" });
    const message = (MessageGroupId: string, MessageBody: string) => ({
      MessageBody,
      MessageGroupId,
      MessageDeduplicationId: MessageBody,
    });
    const records = await queue.records(
      message("a", "ok-a1"),
      message("b", "stop-b1"),
      message("a", "ok-a2"),
      message("b", "ok-b2"),
      message("c", "ok-c1"),
    );
    const processor = new PartialSQSProcessor({ config: sqs.config, concurrency: 2 });
    const { thrown } = await runAs({
      way,
      processor,
      records,
      handler: async (record) => {
        await Promise.resolve();
        return handle(record);
      },
    });
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertEquals(endings(thrown.outcomes), ["success", "fail", "stopped", "stopped", "stopped"]);
    assertEquals(thrown.undeleted, []);
    assertEquals(await queue.left(), 4);
  });

  Deno.test(`fauxqs, ${way}: retryAfterSeconds is when failed and unprocessed messages come back`, async () => {
    const sqs = await testSqs();
    const queue = await sqs.createQueue({ VisibilityTimeout: "600" });
    const records = await queue.records("ok", "fail", "stop", "later");
    const asked: unknown[] = [];
    const processor = new PartialSQSProcessor({
      config: sqs.config,
      concurrency: 1,
      retryDelay: (record) => asked.push(record),
    });
    const stop = new StopBatchError("down", { retryAfterSeconds: 90 });
    const { thrown } = await runAs({
      way,
      processor,
      records,
      handler: (record) => {
        if (record.body === "stop") throw stop;
        return handleBody(record);
      },
    });
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertEquals([thrown.undelayed, asked], [[], []]);
    const [request, ...more] = await sqs.proxy.requests("ChangeMessageVisibilityBatch");
    assertEquals(more, []);
    assertEquals(
      request!.input.Entries,
      records.slice(1).map(({ receiptHandle }, index) => ({
        Id: String(index),
        ReceiptHandle: receiptHandle,
        VisibilityTimeout: 90,
      })),
    );
    assertEquals(await queue.left(), 3);
  });
}

Deno.test("StopBatchError: a response lists what failed and what was not started", async () => {
  const records = makeRecords("ok", "stop", "later");
  const processor = new PartialSQSProcessor({ concurrency: 1, reportItemFailures: true });
  const { response } = await runAs({ way: "wrapper", processor, records, handler: handle });
  assertEquals(response, {
    batchItemFailures: records.slice(1).map(({ messageId }) => ({ itemIdentifier: messageId })),
  });
});

Deno.test("StopBatchError: running handlers are told, what they handle counts, what fails is unprocessed", async () => {
  const reasons: unknown[] = [];
  const { batch } = await holding({
    hold: "await using",
    processor: new Processor({ concurrency: 3 }),
    records: makeRecords("heeds", "finishes", "stop", "later"),
    handler: async ({ body }, { signal }) => {
      if (body === "stop") throw DOWN;
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      reasons.push(signal.reason);
      if (body === "heeds") throw new Error("stopped by the signal");
    },
  });
  assertEquals(endings(batch.outcomes), ["stopped", "success", "fail", "stopped"]);
  assertEquals(reasons, [DOWN, DOWN]);
  const [first] = batch.outcomes;
  assert(first?.status === "unprocessed");
  assertInstanceOf(first.error, Error);
});

Deno.test("StopBatchError: no record starts while failureHandler still runs", async () => {
  class Tracking extends BasePartialProcessor {
    protected override async failureHandler(
      record: SQSRecord,
      error: unknown,
    ): Promise<Outcome<never>> {
      await new Promise((resolve) => setTimeout(resolve));
      return { status: "fail", record, error };
    }
  }
  const handled: string[] = [];
  const { batch } = await holding({
    hold: "using",
    processor: new Tracking({ concurrency: 2 }),
    records: makeRecords("stop", "ok1", "ok2", "ok3"),
    handler: async (record) => {
      handled.push(record.body);
      await Promise.resolve();
      return handle(record);
    },
  });
  assertEquals(handled, ["stop", "ok1"]);
  assertEquals(endings(batch.outcomes), ["fail", "success", "stopped", "stopped"]);
});

Deno.test("StopBatchError stops a batch whose _processRecord is overridden, too", async () => {
  class Custom extends BasePartialProcessor {
    protected override _processRecord<T>(record: SQSRecord): Outcome<T> {
      if (record.body === "stop") return { status: "fail", record, error: DOWN };
      return { status: "success", record, result: undefined as T };
    }
  }
  const { batch } = await holding({
    hold: "using",
    processor: new Custom({ concurrency: 1 }),
    records: makeRecords("ok", "stop", "later"),
    handler: handle,
  });
  assertEquals(endings(batch.outcomes), ["success", "fail", "stopped"]);
});

Deno.test("StopBatchError: its message returns whatever suppressException and nonRetryable say", async () => {
  const client = { send: () => Promise.reject(new Error("must not be asked")) };
  for (const records of [makeRecords("stop"), [makeFifoRecord("a", "stop"), makeFifoRecord("a")]]) {
    const processor = new PartialSQSProcessor({
      client,
      suppressException: true,
      nonRetryable: { when: () => true, to: "delete" },
    });
    const { thrown } = await holding({ hold: "using", processor, records, handler: handle });
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertEquals(thrown.failures.length, 1);
  }
});

Deno.test("StopBatchError has message, cause and seconds, and no cause where there is none", () => {
  const cause = new Error("connection refused");
  const error = new StopBatchError("down", { cause, retryAfterSeconds: 0 });
  assertEquals([error.name, error.message, error.retryAfterSeconds], ["StopBatchError", "down", 0]);
  assertStrictEquals(error.cause, cause);
  assertFalse("cause" in new StopBatchError());
  assertEquals(new StopBatchError().retryAfterSeconds, undefined);
});

Deno.test("StopBatchError refuses options that it does not know, and seconds out of their limits", () => {
  for (const retryAfterSeconds of [-1, 43_201, NaN]) {
    assertThrows(() => new StopBatchError("x", { retryAfterSeconds }), RangeError);
  }
  const options = { retryAfterSeconds: "1" } as unknown as { retryAfterSeconds: number };
  assertThrows(() => new StopBatchError("x", options), TypeError);
  assertThrows(() => new StopBatchError("x", { retryAfter: 1 } as never), TypeError);
});

Deno.test("a handler that is called after the stop finds its signal aborted", async () => {
  let context: RecordContext | undefined;
  await holding({
    hold: "using",
    processor: new Processor({ concurrency: 2 }),
    records: makeRecords("slow", "stop"),
    handler: async ({ body }, recordContext) => {
      if (body === "stop") throw DOWN;
      context = recordContext;
      await new Promise((resolve) => setTimeout(resolve));
      assert(recordContext.signal.aborted);
      assertStrictEquals(recordContext.signal.reason, DOWN);
    },
  });
  assert(context?.signal.aborted);
});

Deno.test("StopBatchError stops the batch and returns its message, whatever a hook makes of the error", async () => {
  class Throwing extends PartialSQSProcessor {
    protected override failureHandler(): Outcome<never> {
      throw new Error("metrics down");
    }
  }
  class Wrapping extends PartialSQSProcessor {
    protected override failureHandler(record: SQSRecord, cause: unknown): Outcome<never> {
      return { status: "fail", record, error: new Error("wrapped", { cause }) };
    }
  }
  class Custom extends PartialSQSProcessor {
    protected override async _processRecord<T>(
      record: SQSRecord,
      batch: Batch<T>,
      recordContext: RecordContext,
    ): Promise<Outcome<T>> {
      try {
        const result = await batch.handler({ ...record }, recordContext);
        return { status: "success", record, result };
      } catch (cause) {
        return { status: "fail", record, error: new Error("wrapped", { cause }) };
      }
    }
  }
  class Claiming extends PartialSQSProcessor {
    protected override failureHandler(record: SQSRecord): Outcome<never> {
      return { status: "success", record, result: undefined as never };
    }
  }
  class Swallowing extends PartialSQSProcessor {
    protected override async _processRecord<T>(
      record: SQSRecord,
      batch: Batch<T>,
      recordContext: RecordContext,
    ): Promise<Outcome<T>> {
      await Promise.resolve(batch.handler(record, recordContext)).catch(() => {});
      return { status: "success", record, result: undefined as T };
    }
  }
  const client = { send: () => Promise.reject(new Error("must not be asked")) };
  for (const type of [Throwing, Wrapping, Custom, Claiming, Swallowing]) {
    for (const to of ["delete", "dead-letter-queue"] as const) {
      const processor = new type({
        client,
        concurrency: 1,
        suppressException: true,
        nonRetryable: { when: [Error], to },
      });
      for (const bodies of [["stop"], ["stop", "later"]]) {
        const records = makeRecords(...bodies);
        const { thrown } = await holding({ hold: "using", processor, records, handler: handle });
        assertInstanceOf(thrown, SQSBatchProcessingError);
        assertEquals(endings(thrown.outcomes), ["fail", "stopped"].slice(0, bodies.length));
      }
    }
  }
});

Deno.test("StopBatchError in answer to recordTimeoutMs stops the batch", async () => {
  const { batch } = await holding({
    hold: "using",
    processor: new Processor({ concurrency: 1, recordTimeoutMs: 10 }),
    records: makeRecords("a", "b", "c"),
    handler: async (_, { signal }) => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      throw DOWN;
    },
  });
  const [first, , third] = endings(batch.outcomes);
  assertEquals([first, third], ["fail", "stopped"]);
});

Deno.test("StopBatchError of another copy of the library stops the batch, too", async () => {
  const other: Pick<typeof import("@partial-batch/sqs"), "StopBatchError"> = await import(
    new URL("../../src/stop_batch_error.ts?copy", import.meta.url).href
  );
  assertFalse(other.StopBatchError === StopBatchError);
  const { batch } = await holding({
    hold: "using",
    processor: new Processor({ concurrency: 1 }),
    records: makeRecords("a", "b"),
    handler: () => {
      throw new other.StopBatchError();
    },
  });
  assertEquals(endings(batch.outcomes), ["fail", "stopped"]);
});

Deno.test("StopBatchError: the first that says when messages come back is heeded", async () => {
  const sqs = await testSqs();
  const queue = await sqs.createQueue();
  const records = await queue.records("1", "2");
  const processor = new PartialSQSProcessor({ config: sqs.config });
  await holding({
    hold: "using",
    processor,
    records,
    handler: async ({ body }) => {
      await Promise.resolve();
      if (body === "1") throw new StopBatchError("down");
      throw new StopBatchError("down", { retryAfterSeconds: 30 });
    },
  });
  const [request] = await sqs.proxy.requests("ChangeMessageVisibilityBatch");
  assertEquals(request!.input.Entries.length, 2);
});
