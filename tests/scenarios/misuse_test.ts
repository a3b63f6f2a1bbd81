import { SQSClient, type SQSClientConfig } from "@aws-sdk/client-sqs";
import {
  BasePartialProcessor,
  type Batch,
  jsonBody,
  type Outcome,
  PartialSQSProcessor,
  type RecordContext,
  type RecordHandler,
  type RequestMessage,
  SQSBatchProcessingError,
  withBatchProcessor,
  withSqsBatch,
} from "@partial-batch/sqs";
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { FakeTime } from "@std/testing/time";
import type { Context, SQSRecord } from "aws-lambda";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { lambdaContext } from "../support/lambda_context.ts";
import {
  bodies,
  handleBody,
  makeFifoRecord,
  makeRecord,
  makeRecords,
  QUEUE_ARN,
} from "../support/factories.ts";
import { holding, HOLDS } from "../support/hold.ts";
import { SERVERS } from "../support/test_queue.ts";
import { testSqs } from "../support/test_sqs.ts";
import { passTime } from "../support/time.ts";
import { runAs, WAYS } from "../support/ways.ts";

// What people do by mistake, and what must not be lost by it.

class Processor extends BasePartialProcessor {}

async function messagesIn(queue: { receive(most: number): Promise<SQSRecord[]> }) {
  return (await queue.receive(100)).map(({ body }) => body).toSorted();
}

// ------------------------------------------------------------------------- records are used again

for (const way of WAYS) {
  Deno.test(`fauxqs, ${way}: each of two batches with one record object deletes what it was given`, async () => {
    const sqs = await testSqs();
    const queue = await sqs.createQueue({ VisibilityTimeout: "600" });
    const records = await queue.records("ok", "other", "fail");
    const [ok, other, fail] = records.map((record) => ({ ...record }));
    const processor = new PartialSQSProcessor({ config: sqs.config });
    const { thrown } = await runAs({
      way,
      processor,
      records: [ok!, fail!],
      handler: async (record) => {
        if (record === fail) throw new Error("no such order");
        // A record of a pool: it is written to, and handled in a batch of its own meanwhile.
        record.receiptHandle = other!.receiptHandle;
        record.messageId = other!.messageId;
        await processor.run([record], () => {
          record.receiptHandle = "redacted";
        });
      },
    });
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertEquals(thrown.undeleted, []);
    const [request, ...more] = await sqs.proxy.requests("DeleteMessageBatch");
    assertEquals(more, []);
    assertEquals(
      request!.input.Entries.map((entry: { ReceiptHandle: string }) => entry.ReceiptHandle),
      [
        records[0]!.receiptHandle,
      ],
    );
    assertEquals(await queue.left(), 2);
  });
}

Deno.test("fauxqs: a record that is tried again in process deletes what its second batch was given", async () => {
  const sqs = await testSqs();
  const queue = await sqs.createQueue({ VisibilityTimeout: "600" });
  const [first, second, fail] = await queue.records("ok1", "ok2", "fail");
  const processor = new PartialSQSProcessor({ config: sqs.config });
  const pooled = { ...first! };
  await processor.run([pooled, fail!], handleBody).catch(() => {});
  assertEquals(await queue.left(), 2);
  Object.assign(pooled, second!);
  await processor.run([pooled, fail!], handleBody).catch(() => {});
  assertEquals(await queue.left(), 1);
});

Deno.test("fauxqs: a record object that two batches have is moved as each was given it", async () => {
  const sqs = await testSqs();
  const queue = await sqs.createQueue();
  const target = await sqs.createQueue();
  const [record] = await queue.records("as it came");
  const nonRetryable = {
    when: () => true,
    to: { queueUrl: await target.urlAt(sqs.proxy.endpoint) },
  };
  const processor = new PartialSQSProcessor({ config: sqs.config, nonRetryable });
  await processor.run([record!], async () => {
    record!.body = "changed";
    await processor.run([record!], () => Promise.reject(new Error("x")));
    throw new Error("x");
  });
  assertEquals(await messagesIn(target), ["as it came", "changed"]);
});

// ------------------------------------------------------------------------------ frozen outcomes

Deno.test("all outcomes are frozen, from every path, and writing to one changes nothing", async () => {
  class Custom extends PartialSQSProcessor {
    protected override async _processRecord<T>(
      record: SQSRecord,
      batch: Batch<T>,
      recordContext: RecordContext,
    ): Promise<Outcome<T>> {
      return { ...await super._processRecord(record, batch, recordContext) };
    }
    protected override successHandler<T>(record: SQSRecord, result: T): Outcome<T> {
      return { status: "success", record, result };
    }
    protected override failureHandler(record: SQSRecord, error: unknown): Outcome<never> {
      return { status: "fail", record, error };
    }
  }
  const nonRetryable = { when: (error: unknown) => error === "for good", to: "delete" } as const;
  for (const type of [PartialSQSProcessor, Custom]) {
    const processor = new type({ client: { send: () => Promise.resolve({}) }, nonRetryable });
    const records = [
      ...makeRecords("ok", "fail", "for good"),
      makeFifoRecord("a", "fail"),
      makeFifoRecord("a", "ok"),
    ];
    const seen: Outcome[] = [];
    const spoil = (outcomes: readonly Outcome[]) => {
      seen.push(...outcomes);
      for (const outcome of outcomes) {
        assert(Object.isFrozen(outcome) && Object.isFrozen(outcomes));
        const status = outcome.status.toUpperCase();
        assertThrows(() => Object.assign(outcome, { status }), TypeError);
      }
    };
    const { thrown } = await holding({
      hold: "await using",
      processor,
      records,
      handler: (record) => {
        if (record.body === "for good") throw "for good";
        return handleBody(record);
      },
      body: async (batch) => {
        spoil(batch.outcomes);
        const processing = batch.process();
        spoil(batch.outcomes);
        spoil(await processing);
        spoil(batch.outcomes);
      },
    });
    assertInstanceOf(thrown, SQSBatchProcessingError);
    spoil(thrown.outcomes);
    assertEquals(new Set(seen.map(({ status }) => status)).size, 4);
    assertEquals(thrown.failures.length, 2);
  }
});

Deno.test("what the deadline leaves is frozen too", async () => {
  using time = new FakeTime();
  const running = holding({
    hold: "await using",
    processor: new Processor(),
    records: makeRecords("a"),
    handler: () => new Promise(() => {}),
    context: lambdaContext(1_000),
  });
  await passTime(time, 1_000);
  const { batch } = await running;
  assert(batch.outcomes.every((outcome) => Object.isFrozen(outcome)));
});

// ------------------------------------------------------------------- response() and who reads it

for (const hold of HOLDS) {
  for (const hook of ["_prepare", "_processRecord", "failureHandler", "_clean"] as const) {
    Deno.test(`${hold}: a response() read by ${hook} does not count as given to Lambda`, async () => {
      class Reading extends BasePartialProcessor {}
      const base = BasePartialProcessor.prototype as unknown as Record<
        string,
        (...args: unknown[]) => unknown
      >;
      Object.defineProperty(Reading.prototype, hook, {
        value(this: Reading, ...args: unknown[]) {
          const batch = args.at(hook === "_processRecord" ? 1 : -1) as Batch;
          try {
            batch.response();
          } catch {
            // It may refuse.
          }
          return base[hook]!.apply(this, args);
        },
      });
      const { thrown } = await holding({
        hold,
        processor: new Reading({ reportItemFailures: true }),
        records: makeRecords("fail"),
        handler: handleBody,
      });
      assertInstanceOf(thrown, SQSBatchProcessingError);
    });
  }
}

// ---------------------------------------------------------------------- handlers that do not wait

for (
  const [what, handler] of [
    ["a generator function", function* () {}],
    ["an async generator function", async function* () {}],
  ] as [string, () => unknown][]
) {
  Deno.test(`${what} is refused where the handler is given`, () => {
    const processor = new Processor();
    for (
      const give of [
        () => processor.open([], handler),
        () => withSqsBatch(handler),
        () => withBatchProcessor(processor, handler),
        () => jsonBody(handler),
      ]
    ) {
      assertThrows(give, TypeError, "got a generator function");
    }
  });
}

for (const way of WAYS) {
  Deno.test(`fauxqs, ${way}: results that show that nothing was waited for fail their records`, async () => {
    const generator = function* () {};
    const asyncGenerator = async function* () {};
    const results: Record<string, () => unknown> = {
      "ok": () => ["a", ["b"], { then: "no function" }],
      "ok-empty": () => [],
      "promises": () => ["a", Promise.resolve()],
      "rejecting": () => [Promise.reject(new Error("late"))],
      "thenables": () => [{ then() {} }],
      "generator": () => generator(),
      "async-generator": () => asyncGenerator(),
      "async-promises": () => Promise.resolve([Promise.reject(new Error("late"))]),
    };
    const sqs = await testSqs();
    const queue = await sqs.createQueue({ VisibilityTimeout: "600" });
    const records = await queue.records(...Object.keys(results));
    const processor = new PartialSQSProcessor({ config: sqs.config });
    const handler: RecordHandler = ({ body }) => results[body]!();
    const { thrown } = await runAs({ way, processor, records, handler });
    assertInstanceOf(thrown, SQSBatchProcessingError);
    const failed = thrown.failures.map(({ record }) => record.body);
    assertEquals(failed, Object.keys(results).filter((name) => !name.startsWith("ok")));
    for (const error of thrown.errors) {
      assertInstanceOf(error, TypeError);
      assertStringIncludes(error.message, "The record handler returned");
    }
    assertEquals(await queue.left(), 6);
  });
}

Deno.test("a custom _processRecord cannot make a success of such a result", async () => {
  class Custom extends BasePartialProcessor {
    protected override async _processRecord<T>(
      record: SQSRecord,
      batch: Batch<T>,
      recordContext: RecordContext,
    ): Promise<Outcome<T>> {
      return { status: "success", record, result: await batch.handler(record, recordContext) };
    }
  }
  const { thrown } = await holding({
    hold: "using",
    processor: new Custom(),
    records: makeRecords("a"),
    handler: () => [Promise.reject(new Error("late"))],
  });
  assertInstanceOf(thrown, SQSBatchProcessingError);
});

// -------------------------------------------------------------------- a record that is overwritten

for (const hold of HOLDS) {
  Deno.test(`fauxqs, ${hold}: texts and channels know a message by the id it came with`, async () => {
    const sqs = await testSqs();
    const queue = await sqs.createQueue();
    const records = await queue.records("ok", "fail");
    const ids = records.map(({ messageId }) => messageId);
    const messages: RequestMessage[] = [];
    const listener = (message: unknown) => void messages.push(message as RequestMessage);
    subscribe("partial-batch.sqs.request", listener);
    await sqs.proxy.set({ action: "DeleteMessageBatch", kind: "status", status: 403 });
    const processor = new PartialSQSProcessor({ config: sqs.config });
    const { thrown } = await holding({
      hold,
      processor,
      records,
      handler: (record) => {
        record.messageId = Symbol("redacted") as unknown as string;
        return handleBody({ ...record, messageId: "" });
      },
    });
    unsubscribe("partial-batch.sqs.request", listener);
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertStringIncludes(thrown.message, `${ids[1]}: RangeError`);
    assertStringIncludes(thrown.message, `(HTTP 403)): ${ids[0]}`);
    assertEquals(messages.flatMap(({ messageIds }) => messageIds), [ids[0]!]);
  });
}

Deno.test("a response lists a message by the id it came with", async () => {
  const records = makeRecords("fail");
  const itemIdentifier = records[0]!.messageId;
  const handler = withSqsBatch((record) => {
    record.messageId = "redacted";
    throw new Error("x");
  }, { reportItemFailures: true });
  assertEquals(await handler({ Records: records }, lambdaContext(1_000)), {
    batchItemFailures: [{ itemIdentifier }],
  });
});

// --------------------------------------------------------------------------------- moving messages

for (const hold of HOLDS) {
  Deno.test(`fauxqs, ${hold}: a message is not moved to the queue that it came from`, async () => {
    const sqs = await testSqs();
    const queue = await sqs.createQueue({ VisibilityTimeout: "600" });
    const records = await queue.records("ok", "fail");
    const nonRetryable = {
      when: () => true,
      to: { queueUrl: await queue.urlAt(sqs.proxy.endpoint) },
    };
    for (const suppressException of [false, true]) {
      const options = { config: sqs.config, nonRetryable, suppressException };
      const processor = new PartialSQSProcessor(options);
      const { thrown } = await holding({ hold, processor, records, handler: handleBody });
      assertInstanceOf(thrown, SQSBatchProcessingError);
      assertEquals(thrown.unmoved.map(({ record }) => record), [records[1]!]);
      assertStringIncludes(thrown.unmoved[0]!.reason, "is the queue that the message came from");
    }
    assertEquals(await sqs.calls("SendMessageBatch"), 0);
    assertEquals(await queue.left(), 1);
  });
}

Deno.test("fauxqs: one message attribute that cannot be read keeps its own message, not the ten of its request", async () => {
  const sqs = await testSqs();
  const queue = await sqs.createQueue();
  const target = await sqs.createQueue();
  const records = await queue.records(...bodies("fail", 10));
  records[3]!.messageAttributes = {
    key: { dataType: "Binary", binaryValue: "not base64!" },
  } as never;
  const nonRetryable = {
    when: () => true,
    to: { queueUrl: await target.urlAt(sqs.proxy.endpoint) },
  };
  const processor = new PartialSQSProcessor({ config: sqs.config, nonRetryable });
  const { thrown } = await holding({ hold: "using", processor, records, handler: handleBody });
  assertInstanceOf(thrown, SQSBatchProcessingError);
  assertEquals(thrown.unmoved.map(({ record, reason }) => [record, reason]), [
    [records[3]!, "a message attribute cannot be read"],
  ]);
  assertEquals(await sqs.calls("SendMessageBatch"), 1);
  assertEquals((await messagesIn(target)).length, 9);
});

Deno.test("a message of a fair queue keeps its MessageGroupId when it is moved", async () => {
  const inputs: { Entries?: { MessageGroupId?: string }[] }[] = [];
  const client = {
    send(command: { input: object }) {
      inputs.push(command.input);
      return Promise.resolve({ Successful: [{ Id: "0" }, { Id: "1" }] });
    },
  };
  const nonRetryable = {
    when: () => true,
    to: { queueUrl: "https://sqs.us-east-1.amazonaws.com/123456789012/failed" },
  };
  const processor = new PartialSQSProcessor({ client, nonRetryable });
  const fair = { ...makeFifoRecord("tenant-a", "fail"), eventSourceARN: QUEUE_ARN };
  await processor.run([fair, makeRecord({ body: "fail" })], handleBody);
  assertEquals(inputs[0]!.Entries!.map((entry) => entry.MessageGroupId), ["tenant-a", undefined]);
});

// ---------------------------------------------------------------------- a _clean that does not delete

for (const way of WAYS) {
  Deno.test(`fauxqs, ${way}: handled messages that an overridden _clean does not delete are undeleted`, async () => {
    class Forgetful extends PartialSQSProcessor {
      protected override _clean(): void {}
    }
    const sqs = await testSqs();
    const queue = await sqs.createQueue();
    const records = await queue.records("ok1", "ok2", "fail");
    const processor = new Forgetful({ config: sqs.config });
    const { thrown } = await runAs({ way, processor, records, handler: handleBody });
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertEquals(thrown.undeleted.map(({ record }) => record), records.slice(0, 2));
    assertStringIncludes(thrown.undeleted[0]!.reason, "did not call super._clean()");
    assertEquals(await queue.left(), 3);
  });
}

Deno.test("an overridden _clean leaves nothing undeleted where nothing is to be deleted", async () => {
  class Forgetful extends PartialSQSProcessor {
    protected override _clean(): void {}
  }
  for (
    const [options, records] of [
      [{}, makeRecords("ok")],
      [{}, makeRecords("fail")],
      [{ reportItemFailures: true }, makeRecords("ok", "fail")],
    ] as const
  ) {
    const { batch } = await holding({
      hold: "using",
      processor: new Forgetful(options),
      records,
      handler: handleBody,
    });
    assertEquals(batch.unconfirmed.undeleted, []);
  }
});

// --------------------------------------------------------------------------- a client elsewhere

for (const hold of HOLDS) {
  Deno.test(`${hold}: a client of another region is refused with a reason, and nothing is sent`, async () => {
    let sent = 0;
    const requestHandler = {
      handle() {
        sent++;
        return Promise.reject(new Error("must not be sent"));
      },
    };
    const client = new SQSClient({
      region: "eu-west-1",
      credentials: { accessKeyId: "AKIATEST", secretAccessKey: "secret-of-the-test" },
      requestHandler: requestHandler as never,
      maxAttempts: 1,
    } as SQSClientConfig);
    const processor = new PartialSQSProcessor({
      client,
      nonRetryable: { when: (error) => error === "for good" },
      retryDelay: 60,
    });
    const { thrown } = await holding({
      hold,
      processor,
      records: makeRecords("ok", "fail", "for good"),
      handler: (record) => {
        if (record.body === "for good") throw "for good";
        return handleBody(record);
      },
    });
    assertInstanceOf(thrown, SQSBatchProcessingError);
    const reason = `the client's region is eu-west-1, but ${QUEUE_ARN} is in us-east-1`;
    const reasons = [thrown.undeleted, thrown.unmoved, thrown.undelayed].map((list) =>
      list.map((each) => each.reason)
    );
    assertEquals(reasons, [[reason], [reason], [reason, reason]]);
    assertEquals(sent, 0);
    client.destroy();
  });
}

for (const server of SERVERS) {
  Deno.test(`${server}: the region of a client with an endpoint of its own does not matter`, async () => {
    const sqs = await testSqs(server);
    const queue = await sqs.createQueue();
    const client = new SQSClient({ ...sqs.config, region: "eu-west-1" });
    const processor = new PartialSQSProcessor({ client });
    const records = await queue.records("ok", "fail");
    await holding({ hold: "using", processor, records, handler: handleBody });
    assertEquals(await queue.left(), 1);
    client.destroy();
  });
}

// ------------------------------------------------------------------------------------ odds and ends

Deno.test("fauxqs: user and password of a queue's URL are shown nowhere", async () => {
  const sqs = await testSqs();
  const queue = await sqs.createQueue();
  const target = new URL(await (await sqs.createQueue()).urlAt(sqs.proxy.endpoint));
  target.username = "someone";
  target.password = "pass-word";
  const seen: unknown[] = [];
  const listener = (message: unknown) => void seen.push(message);
  subscribe("partial-batch.sqs.request", listener);
  const code = "AccessDeniedException";
  await sqs.proxy.set({ action: "SendMessageBatch", kind: "status", status: 403, code });
  const nonRetryable = { when: () => true, to: { queueUrl: target.href } };
  const processor = new PartialSQSProcessor({ config: sqs.config, nonRetryable });
  const records = await queue.records("fail");
  const { thrown } = await holding({
    hold: "await using",
    processor,
    records,
    handler: handleBody,
  });
  unsubscribe("partial-batch.sqs.request", listener);
  assertInstanceOf(thrown, SQSBatchProcessingError);
  assertEquals(thrown.unmoved.length, 1);
  assertEquals(seen.length, 1);
  for (const text of [thrown.message, thrown.unmoved[0]!.reason, JSON.stringify(seen)]) {
    assertFalse(/someone|pass-word/.test(text));
  }
});

for (const way of WAYS) {
  Deno.test(`${way}: a clock that throws is no clock`, async () => {
    const context: Context = {
      ...lambdaContext(0),
      getRemainingTimeInMillis() {
        throw new Error("no clock");
      },
    };
    const client = { send: () => Promise.resolve({ Successful: [{ Id: "0" }] }) };
    const processor = new PartialSQSProcessor({ client });
    const records = makeRecords("ok", "fail");
    const { thrown } = await runAs({ way, processor, records, handler: handleBody, context });
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertEquals(thrown.outcomes.map(({ status }) => status), ["success", "fail"]);
  });
}

// ------------------------------------------------------------- handlers that close their own batch

for (const hold of HOLDS) {
  const symbol = hold === "using" ? Symbol.dispose : Symbol.asyncDispose;

  Deno.test(`${hold}: a disposer that a handler calls throws, and the scope's end still does`, async () => {
    for (const wait of [false, true]) {
      let opened: Batch<unknown> | undefined;
      const { thrown } = await holding({
        hold,
        processor: new Processor(),
        records: makeRecords("dispose", "ok"),
        handler: async ({ body }) => {
          if (wait) await Promise.resolve();
          if (body === "dispose") await opened![symbol]();
        },
        body: (batch) => {
          opened = batch;
          return batch.process();
        },
      });
      assertInstanceOf(thrown, SQSBatchProcessingError);
      assertEquals(thrown.outcomes.map(({ status }) => status), ["fail", "success"]);
      assertStringIncludes(thrown.message, "process() is still running");
    }
  });

  Deno.test(`${hold}: a handler that outlives its record cannot take the error away`, async () => {
    for (const close of [(batch: Batch) => batch.close(), (batch: Batch) => batch[symbol]()]) {
      let opened: Batch<unknown> | undefined;
      let seen: unknown;
      const { thrown } = await holding({
        hold,
        processor: new Processor({ recordTimeoutMs: 10 }),
        records: makeRecords("slow"),
        handler: async () => {
          await new Promise((resolve) => setTimeout(resolve, 30));
          try {
            await close(opened!);
          } catch (error) {
            seen = error;
          }
        },
        body: async (batch) => {
          opened = batch;
          await batch.process();
          while (!seen) await new Promise((resolve) => setTimeout(resolve, 5));
        },
      });
      assertInstanceOf(seen, SQSBatchProcessingError);
      assertInstanceOf(thrown, SQSBatchProcessingError);
    }
  });
}

Deno.test("a _prepare that was given up cannot take the error away", async () => {
  let opened: Batch<unknown> | undefined;
  let seen: unknown;
  class Slow extends BasePartialProcessor {
    protected override async _prepare(): Promise<void> {
      await new Promise((resolve) => setTimeout(resolve, 120));
      await opened!.close().catch((error) => seen = error);
    }
  }
  const { thrown } = await holding({
    hold: "await using",
    processor: new Slow({ deadlineReserveMs: 50 }),
    records: makeRecords("a"),
    handler: handleBody,
    context: lambdaContext(100),
    body: async (batch) => {
      opened = batch;
      await batch.process().catch(() => {});
      while (!seen) await new Promise((resolve) => setTimeout(resolve, 5));
    },
  });
  assertInstanceOf(seen, SQSBatchProcessingError);
  assertInstanceOf(thrown, SQSBatchProcessingError);
});

for (const hook of ["_processRecord", "successHandler"]) {
  Deno.test(`a promise as the result that ${hook} gives is no success`, async () => {
    class Careless extends BasePartialProcessor {}
    Object.defineProperty(Careless.prototype, hook, {
      value: (record: SQSRecord) => ({
        status: "success",
        record,
        result: Promise.reject(new Error("late")),
      }),
    });
    const { thrown } = await holding({
      hold: "using",
      processor: new Careless(),
      records: makeRecords("a"),
      handler: handleBody,
    });
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertStringIncludes(thrown.message, "unawaited promise");
  });
}

// -------------------------------------------------------------------------------- order and accounts

Deno.test("with suppressException a FIFO group stops at a message that could not be moved", async () => {
  const handled: string[] = [];
  const client = { send: () => Promise.reject(new Error("no way")) };
  for (const when of [() => true, () => "yes" as unknown as boolean]) {
    handled.length = 0;
    const processor = new PartialSQSProcessor({
      client,
      suppressException: true,
      nonRetryable: { when, to: { queueUrl: "https://example.com/1/failed.fifo" } },
    });
    const records = ["fail", "ok2", "ok3"].map((body) => makeFifoRecord("a", body));
    const { thrown } = await holding({
      hold: "await using",
      processor,
      records,
      handler: (record) => {
        handled.push(record.body);
        return handleBody(record);
      },
    });
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertEquals(handled, ["fail"]);
    assertEquals(thrown.unprocessed.map(({ reason }) => reason), [
      "message-group-failed",
      "message-group-failed",
    ]);
  }
});

for (const way of WAYS) {
  Deno.test(`fauxqs, ${way}: handled messages that must not be deleted are listed with a reason`, async () => {
    const sqs = await testSqs();
    const queue = await sqs.createQueue({ VisibilityTimeout: "600" });
    const [ok, fail] = await queue.records("ok", "fail");
    const twin = { ...fail!, body: "ok twin" };
    const processor = new PartialSQSProcessor({ config: sqs.config });
    const records = [ok!, fail!, twin];
    const { thrown } = await runAs({ way, processor, records, handler: handleBody });
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertEquals(thrown.undeleted.map(({ record }) => record), [twin]);
    assertStringIncludes(thrown.undeleted[0]!.reason, "kept: an earlier");
  });
}

Deno.test("using: what was handled before a forgotten await is listed as undeleted", async () => {
  const client = { send: () => Promise.reject(new Error("must not be asked")) };
  const { thrown } = await holding({
    hold: "using",
    processor: new PartialSQSProcessor({ client, concurrency: 1 }),
    records: makeRecords("ok", "slow"),
    handler: ({ body }) => body === "slow" ? new Promise(() => {}) : body,
    body: async (batch) => {
      batch.process();
      while (batch.successMessages.length === 0) await Promise.resolve();
    },
  });
  assertInstanceOf(thrown, SQSBatchProcessingError);
  assertEquals(thrown.undeleted.map(({ reason }) => reason), ["process() was still running"]);
});

Deno.test("fauxqs, await using: a _clean that does not wait for super is waited for", async () => {
  class Hasty extends PartialSQSProcessor {
    protected override _clean(batch: Batch): void {
      super._clean(batch);
    }
  }
  const sqs = await testSqs();
  const queue = await sqs.createQueue();
  const records = await queue.records("ok", "fail");
  const processor = new Hasty({ config: sqs.config });
  const { thrown } = await runAs({ way: "await using", processor, records, handler: handleBody });
  assertInstanceOf(thrown, SQSBatchProcessingError);
  assertEquals(thrown.undeleted, []);
  assertEquals(await queue.left(), 1);
});

Deno.test("fauxqs: two records of one message are moved once", async () => {
  const sqs = await testSqs();
  const queue = await sqs.createQueue();
  const target = await sqs.createQueue();
  const [fail] = await queue.records("fail");
  const nonRetryable = {
    when: () => true,
    to: { queueUrl: await target.urlAt(sqs.proxy.endpoint) },
  };
  const processor = new PartialSQSProcessor({ config: sqs.config, nonRetryable });
  const outcomes = await processor.run([fail!, { ...fail! }], handleBody);
  assertEquals(outcomes.map(({ status }) => status), ["dead-lettered", "dead-lettered"]);
  assertEquals(await messagesIn(target), ["fail"]);
});

for (const count of [Symbol("redacted"), Object.create(null), null, "many", undefined]) {
  Deno.test(`a receive count that is not one (${typeof count}) counts as 1, and stops nothing`, async () => {
    const records = makeRecords("odd", "fail", "ok");
    records[0]!.attributes.ApproximateReceiveCount = count;
    const counts: number[] = [];
    const { thrown } = await holding({
      hold: "using",
      processor: new Processor(),
      records,
      handler: (record, { receiveCount }) => {
        counts.push(receiveCount);
        return handleBody(record);
      },
    });
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertEquals(thrown.outcomes.map(({ status }) => status), ["success", "fail", "success"]);
    assertEquals(counts, [1, 1, 1]);
  });
}

Deno.test("a hook's reason that is not a text does not hide the other errors", async () => {
  class Odd extends BasePartialProcessor {
    protected override _processRecord<T>(
      record: SQSRecord,
      batch: Batch<T>,
      recordContext: RecordContext,
    ): Outcome<T> | Promise<Outcome<T>> {
      if (record.body === "fail") return super._processRecord(record, batch, recordContext);
      return { status: "unprocessed", record, reason: Symbol("odd") as never };
    }
  }
  const { thrown } = await holding({
    hold: "using",
    processor: new Odd(),
    records: makeRecords("fail", "odd"),
    handler: handleBody,
  });
  assertInstanceOf(thrown, SQSBatchProcessingError);
  assertStringIncludes(thrown.message, "RangeError: no such order");
  assertStringIncludes(thrown.message, "1 record was not processed (a symbol)");
});
