/** Suspects (`suspectAfter`): handled last, one at a time, each deleted before the next one starts. */
import {
  type Batch,
  PartialSQSProcessor,
  type PartialSQSProcessorOptions,
  type RecordContext,
  type RecordHandler,
  StopBatchError,
  withBatchProcessor,
  withSqsBatch,
} from "@partial-batch/sqs";
import {
  createFakeSqsClient,
  createSqsRecord,
  type FakeSqsClientOptions,
} from "@partial-batch/sqs/testing";
import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import type { Context, SQSRecord } from "aws-lambda";
import * as fc from "fast-check";
import { handleBody, QUEUE_ARN } from "../support/factories.ts";
import { holding, HOLDS } from "../support/hold.ts";
import { lambdaContext } from "../support/lambda_context.ts";
import { settledAfter } from "../support/time.ts";
import { runAs, type Way, WAYS } from "../support/ways.ts";

/** A message that was received so often; of a FIFO queue, if it has a group. */
interface Message {
  readonly id: string;
  readonly count: number;
  readonly group?: string | undefined;
}

function record({ id: messageId, count, group }: Message, body = messageId): SQSRecord {
  return createSqsRecord({
    messageId,
    body,
    eventSourceARN: group === undefined ? QUEUE_ARN : `${QUEUE_ARN}.fifo`,
    attributes: {
      ApproximateReceiveCount: `${count}`,
      ...(group === undefined ? {} : { MessageGroupId: group }),
    },
  });
}

/** `o1` was received once, `s3` three times. */
function recordsOf(...ids: readonly string[]): SQSRecord[] {
  return ids.map((id) => record({ id, count: id.startsWith("o") ? 1 : 2 }));
}

/** `fail…` fails; every other record is handled. */
function handle({ body }: SQSRecord): string {
  if (body.includes("fail")) throw new RangeError(body);
  return body;
}

/** Shows the batch it was given, however it is run. */
class WatchedProcessor extends PartialSQSProcessor {
  batch: Batch | undefined;

  protected override _prepare(batch: Batch): void {
    this.batch = batch;
  }
}

interface Playing {
  readonly way?: Way;
  readonly options?: Omit<PartialSQSProcessorOptions, "client">;
  readonly fake?: FakeSqsClientOptions;
  readonly handler?: RecordHandler;
  readonly context?: Context;
}

/** Runs a batch on a fake client, and says what was deleted when a handler was called. */
async function play(
  records: readonly SQSRecord[],
  { way = "await using", options, fake, handler = handle, context }: Playing = {},
) {
  const client = createFakeSqsClient(fake);
  const processor = new WatchedProcessor({ suspectAfter: 2, ...options, client });
  const started: [messageId: string, deleted: string][] = [];
  const watched: RecordHandler = (record, recordContext) => {
    started.push([record.messageId, client.deleted.toSorted().join(" ")]);
    return handler(record, recordContext);
  };
  const running = { way, processor, records, handler: watched, ...(context ? { context } : {}) };
  const told = await runAs(running);
  const deletions = client.requests.filter(({ action }) => action === "DeleteMessageBatch");
  const statuses = processor.batch!.outcomes.map(({ status }) => status);
  return { ...told, client, started, deletions, statuses, batch: processor.batch! };
}

for (const way of WAYS) {
  for (const reportItemFailures of [false, true]) {
    const mode = reportItemFailures ? "responding" : "deleting";
    Deno.test(`${way}, ${mode}: each suspect starts when everything before it is deleted`, async () => {
      const records = recordsOf("s2", "o1", "s1", "s3", "o2");
      const options = { reportItemFailures };
      const { started, deletions, thrown, response, client } = await play(records, {
        way,
        options,
      });
      assertEquals(started, [
        ["o1", ""],
        ["o2", ""],
        ["s1", "o1 o2"],
        ["s2", "o1 o2 s1"],
        ["s3", "o1 o2 s1 s2"],
      ]);
      // All are handled: Lambda deletes the last one.
      assertEquals([deletions.length, client.requests.length], [3, 3]);
      assertEquals(thrown, undefined);
      const isAnswered = reportItemFailures && way !== "run";
      assertEquals(response, isAnswered ? { batchItemFailures: [] } : undefined);
    });
  }
}

for (const way of WAYS) {
  Deno.test(`${way}: failed records are not deleted, the last suspect is if others return`, async () => {
    const records = recordsOf("o-fail", "s1", "s2-fail", "s3");
    const { started, deletions, client, statuses } = await play(records, { way });
    assertEquals(started.map(([, deleted]) => deleted), ["", "", "s1", "s1"]);
    assertEquals(statuses, ["fail", "success", "fail", "success"]);
    assertEquals([client.deleted, deletions.length], [["s1", "s3"], 2]);
  });
}

Deno.test("a response lists what failed, and deletes only what was handled before a suspect", async () => {
  const options = { reportItemFailures: true };
  const { response, client } = await play(recordsOf("o-fail", "o1", "s1", "s2-fail", "s3"), {
    way: "wrapper",
    options,
  });
  assertEquals(response, {
    batchItemFailures: [{ itemIdentifier: "o-fail" }, { itemIdentifier: "s2-fail" }],
  });
  assertEquals(client.deleted, ["o1", "s1"]);
});

Deno.test("nothing is asked of SQS for a suspect before which nothing was handled, or without suspects", async () => {
  const without = { suspectAfter: 3 };
  assertEquals((await play(recordsOf("s1"))).client.requests, []);
  assertEquals((await play(recordsOf("o1", "o2"))).client.requests, []);
  assertEquals((await play(recordsOf("o1", "s1"), { options: without })).client.requests, []);
  assertEquals((await play(recordsOf("o-fail", "s1-fail", "s2-fail"))).client.requests, []);
});

Deno.test("ordinary records run at the same time, a suspect runs alone, whatever the batch", async () => {
  const anyMessages = fc.array(
    fc.record({
      count: fc.integer({ min: 1, max: 4 }),
      group: fc.option(fc.constantFrom("g", "h"), { nil: undefined }),
      fails: fc.boolean(),
    }),
    { minLength: 1, maxLength: 12 },
  );
  const anyOptions = fc.record({
    suspectAfter: fc.integer({ min: 1, max: 4 }),
    concurrency: fc.integer({ min: 1, max: 12 }),
    reportItemFailures: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(
      anyMessages,
      anyOptions,
      fc.constantFrom(...WAYS),
      async (messages, options, way) => {
        const records = messages.map(({ fails, ...message }, index) =>
          record({ ...message, id: `m${index}` }, fails ? "fail" : "ok")
        );
        const { suspectAfter } = options;
        const isSuspect = ({ attributes }: SQSRecord) =>
          Number(attributes.ApproximateReceiveCount) >= suspectAfter;
        const running = new Set<SQSRecord>();
        const handled = new Set<string>();
        const wrong: string[] = [];
        const deleted = new Set<string>();
        const handler: RecordHandler = async (record) => {
          if (isSuspect(record) && running.size > 0) wrong.push("it is not alone");
          if ([...running].some(isSuspect)) wrong.push("a suspect runs");
          // In a FIFO group, only the beginning that is handled may be gone.
          const mustBeGone = [...handled].filter((id) => {
            const { attributes: { MessageGroupId } } = records[Number(id.slice(1))]!;
            return MessageGroupId === undefined;
          });
          for (const id of deleted) if (!handled.has(id)) wrong.push(`${id} was not handled`);
          if (isSuspect(record) && mustBeGone.some((id) => !deleted.has(id))) {
            wrong.push("something handled is left");
          }
          running.add(record);
          await new Promise((resolve) => setTimeout(resolve, 0));
          running.delete(record);
          handle(record);
          handled.add(record.messageId);
        };
        const client = createFakeSqsClient();
        const send: typeof client.send = async (command, options) => {
          const answer = await client.send(command, options);
          for (const id of client.deleted) deleted.add(id);
          return answer;
        };
        const processor = new WatchedProcessor({ ...options, client: { send } });
        await runAs({ way, processor, records, handler });
        assertEquals(wrong, []);
        const { outcomes } = processor.batch!;
        for (const { record, status } of outcomes) {
          assertEquals(status === "success", handled.has(record.messageId));
          assert(status === "success" || !client.deleted.includes(record.messageId));
        }
      },
    ),
    { numRuns: 60 },
  );
});

// ------------------------------------------------------------------------ unconfirmed deletions

Deno.test("a deletion that SQS refuses keeps no suspect from being handled, and is tried again", async () => {
  const fake: FakeSqsClientOptions = {
    faults: [{ kind: "refuse", action: "DeleteMessageBatch", messageIds: ["o1"], times: 1 }],
  };
  const records = recordsOf("o1", "o2", "s1", "s2");
  const { started, client, batch } = await play(records, { fake });
  assertEquals(started.map(([, deleted]) => deleted), ["", "", "o2", "o1 o2 s1"]);
  assertEquals(client.deleted, ["o2", "o1", "s1"]);
  assertEquals(batch.unconfirmed.undeleted, []);
});

for (const way of WAYS) {
  Deno.test(`${way}: what is not confirmed before suspects is reported, if the close cannot delete it`, async () => {
    const fake: FakeSqsClientOptions = {
      faults: [{ kind: "refuse", action: "DeleteMessageBatch" }],
    };
    const { started, batch, statuses, thrown } = await play(recordsOf("o1", "s1", "s2-fail"), {
      way,
      fake,
    });
    assertEquals(started.map(([id]) => id), ["o1", "s1", "s2-fail"]);
    assertEquals(statuses, ["success", "success", "fail"]);
    assertEquals(batch.unconfirmed.undeleted.map(({ record }) => record.messageId), ["o1", "s1"]);
    assertInstanceOf(thrown, Error);
  });

  Deno.test(`${way}: what is not confirmed before suspects is reported in response mode too`, async () => {
    const fake: FakeSqsClientOptions = {
      faults: [{ kind: "refuse", action: "DeleteMessageBatch" }],
    };
    const options = { reportItemFailures: true };
    const { batch, thrown } = await play(recordsOf("o1", "s1"), { way, fake, options });
    const { undeleted: [undeleted, ...more] } = batch.unconfirmed;
    assertEquals([undeleted?.record.messageId, more], ["o1", []]);
    assert(undeleted?.reason.includes("sqs:DeleteMessage"), undeleted?.reason);
    assertEquals(thrown, undefined);
  });
}

Deno.test("a deletion without an answer holds a suspect up for closeTimeoutMs at most", async () => {
  using time = new FakeTime();
  const fake: FakeSqsClientOptions = { faults: [{ kind: "hang", times: 1 }] };
  const options = { closeTimeoutMs: 1_000 };
  const playing = play(recordsOf("o1", "s1", "s2"), { fake, options, way: "run" });
  const { started, thrown } = await settledAfter(time, playing, 1_000);
  assertEquals(started, [["o1", ""], ["s1", ""], ["s2", "o1 s1"]]);
  assertEquals(thrown, undefined);
});

Deno.test("deletions without an answer hold suspects up half as long each time, until one is answered", async () => {
  using time = new FakeTime();
  const fake: FakeSqsClientOptions = { faults: [{ kind: "hang", times: 5 }] };
  const begin = Date.now();
  const startedAt: number[] = [];
  const playing = play(recordsOf("o1", "s1", "s2", "s3", "s4", "s5", "s6"), {
    fake,
    options: { closeTimeoutMs: 1_000 },
    way: "run",
    handler: () => void startedAt.push(Date.now() - begin),
  });
  const { started } = await settledAfter(time, playing, 1_000 + 500 + 250 + 125 + 100);
  assertEquals(startedAt, [0, 1_000, 1_500, 1_750, 1_875, 1_975, 1_975]);
  assertEquals(started.at(-1), ["s6", "o1 s1 s2 s3 s4 s5"]);
});

Deno.test("a deletion without an answer takes half of what is left of the invocation at most", async () => {
  using time = new FakeTime();
  const fake: FakeSqsClientOptions = { faults: [{ kind: "hang", times: 1 }] };
  const context = lambdaContext(4_150);
  const playing = play(recordsOf("o1", "s1"), { fake, context, way: "run" });
  const { started, thrown } = await settledAfter(time, playing, 2_000);
  assertEquals([started.map(([id]) => id), thrown], [["o1", "s1"], undefined]);
});

// --------------------------------------------------------------------- settling, FIFO, the end

class NoSuchOrder extends Error {}

Deno.test("failures are settled before the next suspect: what was moved is deleted", async () => {
  const options = { nonRetryable: { when: [NoSuchOrder] } };
  const fake = { deadLetterQueue: "orders-dlq" };
  const { started, client, statuses, thrown } = await play(
    recordsOf("o-never", "o-fail", "s1-never", "s2", "s3-never"),
    {
      options,
      fake,
      handler: ({ body }) => {
        if (body.includes("never")) throw new NoSuchOrder();
        if (body.includes("fail")) throw new RangeError();
      },
    },
  );
  assertEquals(started.map(([, deleted]) => deleted), [
    "",
    "",
    "o-never",
    "o-never s1-never",
    "o-never s1-never s2",
  ]);
  assertEquals(statuses, ["dead-lettered", "fail", "dead-lettered", "success", "dead-lettered"]);
  assertEquals(client.moved.map(({ messageId }) => messageId), [
    "o-never",
    "s1-never",
    "s3-never",
  ]);
  assertEquals(client.deleted, ["o-never", "s1-never", "s2", "s3-never"]);
  assertInstanceOf(thrown, Error);
});

Deno.test("what no other queue accepted is not deleted before a suspect", async () => {
  const options = { nonRetryable: { when: [RangeError] }, suppressException: true };
  const fake: FakeSqsClientOptions = {
    deadLetterQueue: "orders-dlq",
    faults: [{ kind: "refuse", action: "SendMessageBatch" }],
  };
  const { client, started, thrown } = await play(recordsOf("o-fail", "o1", "s1"), {
    options,
    fake,
  });
  assertEquals(started.at(-1), ["s1", "o1"]);
  assertEquals([client.deleted, client.moved], [["o1", "s1"], []]);
  assertInstanceOf(thrown, Error);
});

const fifo = (...ids: readonly string[]) =>
  ids.map((id) => record({ id, count: id.includes("s") ? 2 : 1, group: id[0] }));

Deno.test("in FIFO a suspect and the rest of its group come last, after what stands before it", async () => {
  const { started, deletions, thrown } = await play(fifo("a1", "b1s", "a2s", "a3", "c1"));
  assertEquals(started, [
    ["a1", ""],
    ["c1", ""],
    ["a2s", "a1 c1"],
    ["a3", "a1 a2s c1"],
    ["b1s", "a1 a2s a3 c1"],
  ]);
  assertEquals([deletions.length, thrown], [3, undefined]);
});

Deno.test("in FIFO a failure stops the rest of its group, also where a suspect is next", async () => {
  const { started, statuses, batch, client } = await play(
    fifo("a-fail", "a1s", "a2", "b1", "b-fail-s", "b2", "c1s"),
  );
  assertEquals(started.map(([id]) => id), ["a-fail", "b1", "b-fail-s", "c1s"]);
  assertEquals(statuses, [
    "fail",
    "unprocessed",
    "unprocessed",
    "success",
    "fail",
    "unprocessed",
    "success",
  ]);
  for (const outcome of batch.outcomes) {
    if (outcome.status === "unprocessed") assertEquals(outcome.reason, "message-group-failed");
  }
  assertEquals(client.deleted, ["b1", "c1s"]);
});

Deno.test("in FIFO a suspect goes on after a failure that was moved, and not after one that was not", async () => {
  const options = { nonRetryable: { when: [RangeError] } };
  const records = () => fifo("a-fail", "a1s", "b1s");
  const fake: FakeSqsClientOptions = { deadLetterQueue: "orders-dlq.fifo" };
  const moved = await play(records(), { options, fake });
  assertEquals(moved.started, [["a-fail", ""], ["a1s", "a-fail"], ["b1s", "a-fail a1s"]]);
  const refused = await play(records(), {
    options,
    fake: { ...fake, faults: [{ kind: "refuse", action: "SendMessageBatch" }] },
  });
  assertEquals(refused.started.map(([id]) => id), ["a-fail", "b1s"]);
  assertEquals(refused.client.deleted, ["b1s"]);
});

Deno.test("in FIFO only the unbroken beginning of a group is deleted, with suppressException too", async () => {
  const options = { suppressException: true };
  const { started } = await play(fifo("a1", "a-fail", "a2", "a3s", "b1s"), { options });
  assertEquals(started.at(-1), ["b1s", "a1"]);
});

for (const reportItemFailures of [false, true]) {
  const options = { reportItemFailures };
  const deletions = reportItemFailures ? 0 : 1; // by the close

  Deno.test(`no suspect starts once a handler stopped the batch, reportItemFailures ${reportItemFailures}`, async () => {
    const { started, statuses, client } = await play(recordsOf("o1", "o-stop", "s1", "s2"), {
      options,
      handler: ({ body }) => {
        if (body === "o-stop") throw new StopBatchError("down");
      },
    });
    assertEquals(started.map(([id]) => id), ["o1", "o-stop"]);
    assertEquals(statuses, ["success", "fail", "unprocessed", "unprocessed"]);
    assertEquals(client.requests.length, deletions);
  });

  Deno.test(`no suspect starts once the reserve is reached, reportItemFailures ${reportItemFailures}`, async () => {
    using time = new FakeTime();
    const client = createFakeSqsClient();
    const processor = new PartialSQSProcessor({ ...options, suspectAfter: 2, client });
    const { batch } = await settledAfter(
      time,
      holding({
        hold: "await using",
        processor,
        records: recordsOf("s1", "s2"),
        handler: () => new Promise<void>((resolve) => setTimeout(resolve, 9_100)),
        context: lambdaContext(10_000),
        body: async (batch) => {
          await batch.process();
          if (reportItemFailures) batch.response();
        },
      }),
      9_100,
    );
    assertEquals(batch.outcomes.map(({ status }) => status), ["success", "unprocessed"]);
    assertEquals(client.requests.length, deletions);
  });
}

for (const way of WAYS) {
  Deno.test(`${way}: no suspect starts at the deadline; what is handled is deleted`, async () => {
    using time = new FakeTime();
    const records = recordsOf("o1", "s1", "s2-never", "s3");
    const playing = play(records, {
      way,
      context: lambdaContext(10_000),
      handler: ({ body }) => body.includes("never") ? new Promise(() => {}) : body,
    });
    const { started, statuses, client, batch } = await settledAfter(time, playing, 9_500);
    assertEquals(started.map(([id]) => id), ["o1", "s1", "s2-never"]);
    assertEquals(statuses, ["success", "success", "unprocessed", "unprocessed"]);
    assertEquals(client.deleted, ["o1", "s1"]);
    for (const outcome of batch.outcomes) {
      if (outcome.status === "unprocessed") assertEquals(outcome.reason, "deadline");
    }
  });
}

Deno.test("a suspect that takes too long has failed, and the next one starts", async () => {
  using time = new FakeTime();
  const playing = play(recordsOf("o1", "s1-never", "s2"), {
    options: { recordTimeoutMs: 1_000 },
    handler: ({ body }) => body.includes("never") ? new Promise(() => {}) : body,
  });
  const { started, statuses } = await settledAfter(time, playing, 1_000);
  assertEquals(started.at(-1), ["s2", "o1"]);
  assertEquals(statuses, ["success", "fail", "success"]);
});

Deno.test("no suspect starts once plain `using` has closed its batch, and nothing more is asked of SQS", async () => {
  const client = createFakeSqsClient({ faults: [{ kind: "refuse", times: 1 }] });
  const processor = new PartialSQSProcessor({ suspectAfter: 2, client });
  const started: string[] = [];
  const [begun, end] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let processing: Promise<unknown> | undefined;
  const { thrown } = await holding({
    hold: "using",
    processor,
    records: recordsOf("o1", "s1", "s2"),
    handler: async ({ messageId }) => {
      started.push(messageId);
      if (messageId !== "s1") return;
      begun.resolve();
      await end.promise;
    },
    body: async (batch) => {
      processing = batch.process();
      await begun.promise;
    },
  });
  assertEquals(client.requests.length, 1);
  end.resolve();
  await processing;
  assertEquals([started, client.requests.length], [["o1", "s1"], 1]);
  assertInstanceOf(thrown, Error);
});

Deno.test("nothing is deleted before a suspect if plain `using` has closed its batch during a move", async () => {
  const client = createFakeSqsClient({ deadLetterQueue: "orders-dlq" });
  const [moving, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const processor = new PartialSQSProcessor({
    suspectAfter: 2,
    nonRetryable: { when: [RangeError] },
    client: {
      send: async (command, options) => {
        if ("Entries" in command.input) {
          moving.resolve();
          await goOn.promise;
        }
        return await client.send(command, options);
      },
    },
  });
  let processing: Promise<unknown> | undefined;
  const { thrown } = await holding({
    hold: "using",
    processor,
    records: recordsOf("o1", "o-fail", "s1"),
    handler: handle,
    body: async (batch) => {
      processing = batch.process();
      await moving.promise;
    },
  });
  goOn.resolve();
  await processing;
  assertInstanceOf(thrown, Error);
  assertEquals(client.requests.map(({ action }) => action), [
    "GetQueueAttributes",
    "SendMessageBatch",
  ]);
});

Deno.test("what is not confirmed before a suspect is reported once, if plain `using` closes too early", async () => {
  const client = createFakeSqsClient({ faults: [{ kind: "refuse" }] });
  const processor = new PartialSQSProcessor({ suspectAfter: 2, client });
  const begun = Promise.withResolvers<void>();
  const { batch } = await holding({
    hold: "using",
    processor,
    records: recordsOf("o1", "s1"),
    handler: ({ messageId }) => {
      if (messageId === "o1") return;
      begun.resolve();
      return new Promise(() => {});
    },
    body: async (batch) => {
      batch.process();
      await begun.promise;
    },
  });
  const { undeleted: [undeleted, ...more] } = batch.unconfirmed;
  assertEquals([undeleted?.record.messageId, more], ["o1", []]);
  assert(undeleted?.reason.includes("sqs:DeleteMessage"), undeleted?.reason);
});

Deno.test("hooks that make the outcomes decide what is deleted before a suspect", async () => {
  const client = createFakeSqsClient();
  const seen: string[] = [];
  class Deciding extends PartialSQSProcessor {
    protected override successHandler<T>(record: SQSRecord, result: T, batch: Batch<T>) {
      if (record.messageId === "o2") throw new Error("not stored");
      return super.successHandler(record, result, batch);
    }

    protected override _processRecord<T>(
      record: SQSRecord,
      batch: Batch<T>,
      recordContext: RecordContext,
    ) {
      seen.push(`${record.messageId}: ${client.deleted.join(" ")}`);
      return super._processRecord(record, batch, recordContext);
    }
  }
  const processor = new Deciding({ suspectAfter: 2, client });
  const records = recordsOf("o1", "o2", "s1");
  await holding({ hold: "await using", processor, records, handler: handle });
  assertEquals(seen, ["o1: ", "o2: ", "s1: o1"]);
});

// --------------------------------------------------------------------------------------- misuse

for (const suspectAfter of [0, -1, 1.5, NaN, Infinity, 1_001]) {
  Deno.test(`PartialSQSProcessor throws RangeError for suspectAfter ${suspectAfter}`, () => {
    assertThrows(
      () => new PartialSQSProcessor({ suspectAfter }),
      RangeError,
      `Cannot use suspectAfter: expected an integer from 1 to 1000, got ${suspectAfter}`,
    );
  });
}

Deno.test("PartialSQSProcessor throws TypeError for a suspectAfter that is not a number", () => {
  for (const suspectAfter of ["3", null, true] as never[]) {
    assertThrows(() => withSqsBatch(handleBody, { suspectAfter }), TypeError, "suspectAfter");
  }
});

Deno.test("wrappers throw TypeError for lambdaHandler beside suspectAfter", () => {
  const lambdaHandler = () => "done";
  // @ts-expect-error -- the type says why
  const wrap = () => withSqsBatch(handleBody, { suspectAfter: 3, lambdaHandler });
  assertThrows(wrap, TypeError, "Cannot use lambdaHandler with suspectAfter");
  const processor = new PartialSQSProcessor({ suspectAfter: 3 });
  assertThrows(
    () => withBatchProcessor(processor, handleBody, { lambdaHandler }),
    TypeError,
    "Cannot use lambdaHandler with suspectAfter",
  );
  withBatchProcessor(new PartialSQSProcessor(), handleBody, { lambdaHandler });
});

Deno.test("PartialSQSProcessor throws TypeError for suspectAfter beside an overridden _clean()", () => {
  const says = "Cannot use suspectAfter with an overridden _clean()";
  class Method extends PartialSQSProcessor {
    protected override _clean(batch: Batch) {
      return super._clean(batch);
    }
  }
  class Property extends PartialSQSProcessor {
    protected override _clean = () => {};
  }
  assertThrows(() => new Method({ suspectAfter: 3 }), TypeError, says);
  const processor = new Property({ suspectAfter: 3 });
  assertThrows(() => processor.open(recordsOf("o1"), handleBody), TypeError, says);
  new Method().open(recordsOf("o1"), handleBody);
});

for (const hold of HOLDS) {
  Deno.test(`${hold}: nothing is deleted before a suspect once _clean() was overridden`, async () => {
    const client = createFakeSqsClient();
    const processor = new PartialSQSProcessor({ suspectAfter: 2, client });
    const deleted: string[][] = [];
    await holding({
      hold,
      processor,
      records: recordsOf("o1", "s1"),
      handler: () => void deleted.push([...client.deleted]),
      body: async (batch) => {
        Object.assign(processor, { _clean: () => {} });
        await batch.process();
      },
    });
    assertEquals(deleted, [[], []]);
  });
}
