import {
  BasePartialProcessor,
  type CloseMessage,
  PartialSQSProcessor,
  StopBatchError,
  withSqsBatch,
} from "@partial-batch/sqs";
import { type FailureEntry, logFailures } from "@partial-batch/sqs/logs";
import { createFakeSqsClient, createSqsEvent, createSqsRecord } from "@partial-batch/sqs/testing";
import { assert, assertEquals, assertMatch, assertStrictEquals, assertThrows } from "@std/assert";
import type { SQSRecord } from "aws-lambda";
import { channel, subscribe, unsubscribe } from "node:diagnostics_channel";
import process from "node:process";
import { bodies, handleBody, makeFifoRecord, makeRecords } from "../../support/factories.ts";
import { lambdaContext } from "../../support/lambda_context.ts";
import { runAs, WAYS } from "../../support/ways.ts";

class Processor extends BasePartialProcessor {}

/** A logger that keeps what it is given. */
function keeping() {
  const calls: { readonly text: string; readonly entry: FailureEntry }[] = [];
  const error = (text: string, entry: FailureEntry) => void calls.push({ text, entry });
  return { calls, error, entries: () => calls.map(({ entry }) => entry) };
}

/** Handles a record in response mode. */
async function respond(
  records: readonly SQSRecord[],
  handler: (record: SQSRecord) => unknown,
): Promise<unknown> {
  return await withSqsBatch(handler, { reportItemFailures: true })(
    { Records: [...records] },
    lambdaContext(60_000),
  );
}

for (const way of WAYS) {
  for (const reportItemFailures of [true, false]) {
    Deno.test(`${way}, reportItemFailures ${reportItemFailures}: logFailures() logs each record that failed, once`, async () => {
      const logger = keeping();
      using _logging = logFailures(logger);
      const { Records: records } = createSqsEvent(["ok", "fail1", "ok", "fail2"]);
      const client = createFakeSqsClient();
      const processor = reportItemFailures
        ? new PartialSQSProcessor({ reportItemFailures })
        : new PartialSQSProcessor({ client });
      await runAs({ way, processor, records, handler: handleBody });
      const failed = records.filter(({ body }) => body !== "ok");
      assertEquals(logger.calls.map(({ text }) => text), Array(2).fill("SQS record failed"));
      assertEquals(
        logger.entries().map(({ error, ...entry }) => ({ ...entry, text: String(error) })),
        failed.map(({ messageId, eventSourceARN }) => ({
          messageId,
          queueArn: eventSourceARN,
          receiveCount: 1,
          outcome: "fail",
          text: `RangeError: no such order: ${messageId}`,
        })),
      );
    });
  }
}

Deno.test("logFailures() logs what was thrown itself, also undefined, and the id of when the batch was opened", async () => {
  const logger = keeping();
  using _logging = logFailures(logger);
  const thrown: Readonly<Record<string, unknown>> = {
    error: new RangeError("no such order"),
    text: "a text",
    nothing: undefined,
    frozen: Object.freeze({ code: 7 }),
  };
  const records = makeRecords(...Object.keys(thrown));
  const ids = records.map(({ messageId }) => messageId);
  await respond(records, (record) => {
    record.messageId = "changed";
    throw thrown[record.body];
  });
  const entries = logger.entries();
  assertEquals(entries.map(({ messageId }) => messageId), ids);
  assert(entries.every((entry) => "error" in entry));
  Object.values(thrown).forEach((each, index) => assertStrictEquals(entries[index]!.error, each));
});

Deno.test("logFailures() logs no member of a record but its id, its queue and its receive count", async () => {
  const logger = keeping();
  using _logging = logFailures(logger);
  const record = createSqsRecord({
    body: "secret-body",
    messageAttributes: { key: { dataType: "String", stringValue: "secret" } },
  });
  await respond([record], () => {
    throw new Error("no such order");
  });
  const [entry] = logger.entries();
  assertEquals(Object.keys(entry!), [
    "messageId",
    "queueArn",
    "receiveCount",
    "outcome",
    "error",
  ]);
});

Deno.test("logFailures() logs why a record was not processed", async () => {
  const logger = keeping();
  using _logging = logFailures(logger);
  const stop = new StopBatchError("the database is down");
  await respond(
    [makeFifoRecord("a", "fail"), makeFifoRecord("a"), makeFifoRecord("b", "ok")],
    handleBody,
  );
  await withSqsBatch(() => {
    throw stop;
  }, { reportItemFailures: true, concurrency: 1 })(
    { Records: makeRecords("a", "b") },
    lambdaContext(60_000),
  );
  assertEquals(
    logger.calls.map(({ text, entry }) => [text, entry.outcome, entry.reason]),
    [
      ["SQS record failed", "fail", undefined],
      ["SQS record was not processed", "unprocessed", "message-group-failed"],
      ["SQS record failed", "fail", undefined],
      ["SQS record was not processed", "unprocessed", "stopped"],
    ],
  );
  assertEquals(logger.entries().map((entry) => "error" in entry), [true, false, true, false]);
});

Deno.test("logFailures() logs a batch whose process() was never called, and one whose _prepare threw", async () => {
  const logger = keeping();
  using _logging = logFailures(logger);
  class Unprepared extends Processor {
    protected override _prepare() {
      throw new Error("not prepared");
    }
  }
  await (async () => {
    await using _batch = new Processor().open(makeRecords("a"), handleBody);
  })().catch(() => {});
  await new Unprepared().run(makeRecords("b"), handleBody).catch(() => {});
  assertEquals(logger.entries().map(({ reason }) => reason), [
    "process-not-called",
    "prepare-failed",
  ]);
});

Deno.test("logFailures() logs what was dead-lettered and discarded, and what SQS did not confirm", async () => {
  const logger = keeping();
  using _logging = logFailures(logger);
  const { Records } = createSqsEvent(["moved", "unmoved", "undeleted", "fail"]);
  const idOf = (body: string) => Records.find((record) => record.body === body)!.messageId;
  const handler = (record: SQSRecord) => {
    throw record.body === "fail" ? new RangeError() : new SyntaxError();
  };
  const client = createFakeSqsClient({
    deadLetterQueue: "dlq",
    faults: [
      { kind: "refuse", action: "SendMessageBatch", messageIds: [idOf("unmoved")], code: "NoMove" },
      { kind: "refuse", action: "DeleteMessageBatch", messageIds: [idOf("undeleted")] },
      { kind: "refuse", action: "ChangeMessageVisibilityBatch", messageIds: [idOf("fail")] },
    ],
  });
  const nonRetryable = { when: [SyntaxError] };
  const processor = new PartialSQSProcessor({ client, nonRetryable, retryDelay: 60 });
  await processor.run(Records, handler).catch(() => {});
  const discarding = new PartialSQSProcessor({
    client,
    nonRetryable: { ...nonRetryable, to: "delete" },
    reportItemFailures: true,
  });
  await discarding.run([createSqsRecord({ body: "discarded" })], handler);
  assertEquals(
    logger.calls.map(({ text, entry: { outcome, unmoved, undelayed, undeleted } }) => [
      text,
      outcome,
      { unmoved, undelayed, undeleted },
    ]),
    [
      [
        "SQS record was dead-lettered",
        "dead-lettered",
        { unmoved: undefined, undelayed: undefined, undeleted: undefined },
      ],
      [
        "SQS record failed",
        "fail",
        { unmoved: "NoMove", undelayed: undefined, undeleted: undefined },
      ],
      [
        "SQS record was dead-lettered",
        "dead-lettered",
        { unmoved: undefined, undelayed: undefined, undeleted: "ReceiptHandleIsInvalid" },
      ],
      [
        "SQS record failed",
        "fail",
        { unmoved: undefined, undelayed: "ReceiptHandleIsInvalid", undeleted: undefined },
      ],
      [
        "SQS record was discarded",
        "discarded",
        { unmoved: undefined, undelayed: undefined, undeleted: undefined },
      ],
    ],
  );
});

Deno.test("logFailures() logs nothing of a handled message whose deletion was not confirmed", async () => {
  const logger = keeping();
  using _logging = logFailures(logger);
  const client = createFakeSqsClient({ faults: [{ kind: "refuse" }] });
  const { Records: records } = createSqsEvent(["ok", "fail"]);
  await new PartialSQSProcessor({ client }).run(records, handleBody).catch(() => {});
  assertEquals(logger.entries().map(({ messageId }) => messageId), [records[1]!.messageId]);
});

Deno.test("logFailures() makes an entry for each of 10,000 failures", async () => {
  const logger = keeping();
  using _logging = logFailures(logger);
  await respond(makeRecords(...bodies("fail", 10_000)), handleBody);
  assertEquals(logger.calls.length, 10_000);
});

Deno.test("logFailures() ends when it is disposed, and each call by itself", async () => {
  const logger = keeping();
  const first = logFailures(logger);
  const second = logFailures(logger);
  await respond(makeRecords("fail"), handleBody);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  await respond(makeRecords("fail"), handleBody);
  second[Symbol.dispose]();
  await respond(makeRecords("fail"), handleBody);
  assertEquals(logger.calls.length, 3);
  assert(!channel("partial-batch.sqs.close").hasSubscribers);
});

Deno.test("logFailures() calls the method of the level on its logger, looked up for each entry", async () => {
  class Logger {
    #lines: string[] = [];
    warn(text: string) {
      this.#lines.push(text);
    }
    get lines() {
      return this.#lines;
    }
  }
  const logger = new Logger();
  using _logging = logFailures(logger, { level: "warn" });
  await respond(makeRecords("fail"), handleBody);
  const mocked: string[] = [];
  logger.warn = (text) => void mocked.push(text);
  await respond(makeRecords("fail"), handleBody);
  assertEquals([logger.lines.length, mocked.length], [1, 1]);
});

Deno.test("logFailures() gives a logger with bindings() the fields first, and the error as err", async () => {
  const calls: unknown[][] = [];
  using _logging = logFailures({
    bindings: () => ({}),
    error: (...args: unknown[]) => calls.push(args),
  });
  const error = new RangeError("no such order");
  const [record] = makeRecords("fail");
  await respond([record!], () => {
    throw error;
  });
  const { messageId, eventSourceARN: queueArn } = record!;
  assertEquals(calls, [[
    { messageId, queueArn, receiveCount: 1, outcome: "fail", err: error },
    "SQS record failed",
  ]]);
});

Deno.test("logFailures() gives the console one object, also if its method is replaced later", async () => {
  const calls: unknown[][] = [];
  using _logging = logFailures(globalThis.console, { level: "warn" });
  const { warn } = globalThis.console;
  globalThis.console.warn = (...args) => void calls.push(args);
  const error = new RangeError("no such order");
  const [record] = makeRecords("fail");
  try {
    await respond([record!], () => {
      throw error;
    });
  } finally {
    globalThis.console.warn = warn;
  }
  const { messageId, eventSourceARN: queueArn } = record!;
  const message = "SQS record failed";
  assertEquals(calls, [[
    { message, messageId, queueArn, receiveCount: 1, outcome: "fail", error },
  ]]);
});

Deno.test("logFailures() refuses what is no logger, and options that do not exist, at the call", () => {
  const refused: readonly (readonly [logger: unknown, options: unknown, text: string])[] = [
    [undefined, {}, "expected an object with a method error(), got undefined"],
    [null, {}, "got null"],
    ["console", {}, "got a string"],
    [{}, {}, "got an object without keys"],
    [{ error: "no function" }, {}, "got an object with error"],
    [() => {}, {}, "got a function"],
    [{ error() {} }, { level: "warn" }, "expected an object with a method warn(), got an object"],
    [{ error() {} }, { level: "fatal" }, "expected one of error, warn, info, debug, got a string"],
    [{ error() {} }, { level: null }, "Cannot use level"],
    [{ error() {} }, { levels: "error" }, 'Cannot use the option "levels" of logFailures()'],
    [{ error() {} }, "warn", "expected an object, got a string"],
  ];
  for (const [logger, options, text] of refused) {
    assertThrows(() => Reflect.apply(logFailures, undefined, [logger, options]), TypeError, text);
  }
  assert(!channel("partial-batch.sqs.close").hasSubscribers);
});

// #region What a logger does to a batch

const BROKEN: Readonly<Record<string, () => unknown>> = {
  "throws": () => {
    throw new RangeError("the disk is full");
  },
  "rejects": () => Promise.reject(new RangeError("the disk is full")),
  "returns what only looks like a promise": () => ({
    then() {
      throw new RangeError("the disk is full");
    },
  }),
  "returns what cannot be asked whether it is a promise": () => ({
    get then() {
      throw new RangeError("the disk is full");
    },
  }),
};

for (const [name, error] of Object.entries(BROKEN)) {
  Deno.test(`a logger that ${name} costs no batch: the process warns once`, async () => {
    const warnings: string[] = [];
    const listener = ({ message, detail }: Error & { detail?: string }) =>
      void warnings.push(`${message}: ${detail}`);
    process.on("warning", listener);
    try {
      let calls = 0;
      using _logging = logFailures({ error: () => (calls++, error()) });
      const records = makeRecords("fail1", "ok", "fail2");
      assertEquals(await respond(records, handleBody), {
        batchItemFailures: [0, 2].map((index) => ({ itemIdentifier: records[index]!.messageId })),
      });
      await respond(makeRecords("fail3"), handleBody);
      await new Promise((resolve) => setTimeout(resolve));
      assertEquals([calls, warnings.length], [3, 1]);
      assertMatch(
        warnings[0]!,
        /^logFailures\(\) cannot log a failure\. Further .*: RangeError: the disk is full/,
      );
    } finally {
      process.off("warning", listener);
    }
  });
}

Deno.test("logFailures() bears what another subscriber does to the message", async () => {
  const breaking = (message: unknown) => {
    Object.assign(message as CloseMessage, { records: undefined, unconfirmed: undefined });
  };
  const warnings: string[] = [];
  const listener = ({ message }: Error) => void warnings.push(message);
  process.on("warning", listener);
  subscribe("partial-batch.sqs.close", breaking);
  try {
    const logger = keeping();
    using _logging = logFailures(logger);
    await respond(makeRecords("fail"), handleBody);
    await new Promise((resolve) => setTimeout(resolve));
    assertEquals([logger.calls.length, warnings.length], [0, 1]);
  } finally {
    unsubscribe("partial-batch.sqs.close", breaking);
    process.off("warning", listener);
  }
});

// #endregion
