import {
  exponentialBackoff,
  PartialSQSProcessor,
  type RetryDelay,
  SQSBatchProcessingError,
  withSqsBatch,
} from "@partial-batch/sqs";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import type { SQSRecord } from "aws-lambda";
import * as fc from "fast-check";
import { retryDelayOf } from "../../src/retry_delay.ts";
import { bodies, handleBody, makeRecord } from "../support/factories.ts";
import type { Fault } from "../support/fault_proxy.ts";
import { holding, HOLDS } from "../support/hold.ts";
import { SERVERS } from "../support/test_queue.ts";
import { testSqs } from "../support/test_sqs.ts";

function received(times: number) {
  const { attributes } = makeRecord();
  return makeRecord({ attributes: { ...attributes, ApproximateReceiveCount: String(times) } });
}

for (const server of SERVERS) {
  for (const hold of HOLDS) {
    Deno.test(`${server}, ${hold}: failed messages get their delay, by record and error`, async () => {
      const sqs = await testSqs(server);
      const queue = await sqs.createQueue({ VisibilityTimeout: "600" });
      const records = await queue.records("ok", "fail1", "fail2", "fail3");
      const seen: unknown[] = [];
      const retryDelay: RetryDelay = (record, error) => {
        seen.push(error);
        return record.body === "fail1" ? 0 : record.body === "fail2" ? 300 : undefined;
      };
      const processor = new PartialSQSProcessor({ config: sqs.config, retryDelay });
      const { thrown } = await holding({ hold, processor, records, handler: handleBody });
      assertInstanceOf(thrown, SQSBatchProcessingError);
      assertEquals(seen, thrown.errors);
      assertEquals(thrown.undelayed, []);
      const [request, ...more] = await sqs.proxy.requests("ChangeMessageVisibilityBatch");
      assertEquals(more, []);
      assertEquals(request!.input.Entries, [
        { Id: "0", ReceiptHandle: records[1]!.receiptHandle, VisibilityTimeout: 0 },
        { Id: "1", ReceiptHandle: records[2]!.receiptHandle, VisibilityTimeout: 300 },
      ]);
      assertEquals((await queue.receive(10)).map(({ body }) => body), ["fail1"]);
    });
  }
}

Deno.test("fauxqs: a delayed message keeps its receive count", async () => {
  const sqs = await testSqs();
  const queue = await sqs.createQueue({ VisibilityTimeout: "600" });
  await queue.send("fail");
  const counts: number[] = [];
  const handler = withSqsBatch((record, { receiveCount }) => {
    counts.push(receiveCount);
    return handleBody(record);
  }, { config: sqs.config, retryDelay: 0 });
  for (let round = 0; round < 3; round++) await queue.poll({ handler });
  assertEquals(counts, [1, 2, 3]);
});

Deno.test("fauxqs: the delay is set with reportItemFailures too, and for all chunks", async () => {
  const sqs = await testSqs();
  const queue = await sqs.createQueue({ VisibilityTimeout: "600" });
  await queue.send(...bodies("fail", 23));
  const handler = withSqsBatch(handleBody, {
    config: sqs.config,
    retryDelay: 0,
    reportItemFailures: true,
  });
  await queue.poll({ handler, batchSize: 23, reportBatchItemFailures: true });
  assertEquals(await sqs.calls("ChangeMessageVisibilityBatch"), 3);
  assertEquals((await queue.receive(30)).length, 23);
});

Deno.test("no delay is set where nothing failed, or where failures are suppressed", async () => {
  const sqs = await testSqs();
  const queue = await sqs.createQueue();
  const config = sqs.config;
  await new PartialSQSProcessor({ config, retryDelay: 0 })
    .run(await queue.records("ok"), handleBody);
  await new PartialSQSProcessor({ config, retryDelay: 0, suppressException: true })
    .run(await queue.records("fail"), handleBody);
  assertEquals(await sqs.calls("ChangeMessageVisibilityBatch"), 0);
});

for (const hold of HOLDS) {
  Deno.test(`local-aws-sqs, ${hold}: the rest of a failed message group gets the same delay, unasked`, async () => {
    const sqs = await testSqs("local-aws-sqs");
    const queue = await sqs.createQueue({ FifoQueue: "true" });
    const message = (MessageGroupId: string, MessageBody: string) => ({
      MessageBody,
      MessageGroupId,
      MessageDeduplicationId: MessageBody,
    });
    const records = await queue.records(
      message("a", "ok-a1"),
      message("a", "fail-a2"),
      message("a", "ok-a3"),
      message("b", "fail-b1"),
      message("b", "ok-b2"),
      message("c", "ok-c1"),
    );
    const asked: string[] = [];
    const retryDelay: RetryDelay = ({ body }) => {
      asked.push(body);
      return body === "fail-a2" ? 60 : undefined;
    };
    const processor = new PartialSQSProcessor({ config: sqs.config, retryDelay });
    const handler = (record: SQSRecord) => {
      if (record.body.startsWith("fail")) throw new RangeError("no such order");
    };
    const { thrown } = await holding({ hold, processor, records, handler });
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertEquals(thrown.undelayed, []);
    assertEquals(asked, ["fail-a2", "fail-b1"]);
    const [request, ...more] = await sqs.proxy.requests("ChangeMessageVisibilityBatch");
    assertEquals(more, []);
    assertEquals(request!.input.Entries, [
      { Id: "0", ReceiptHandle: records[1]!.receiptHandle, VisibilityTimeout: 60 },
      { Id: "1", ReceiptHandle: records[2]!.receiptHandle, VisibilityTimeout: 60 },
    ]);
  });

  Deno.test(`local-aws-sqs, ${hold}: what is not confirmed of a failed message group is undelayed`, async () => {
    const sqs = await testSqs("local-aws-sqs");
    const queue = await sqs.createQueue({ FifoQueue: "true" });
    const records = await queue.records(...["fail1", "ok2", "ok3"].map((MessageBody) => ({
      MessageBody,
      MessageGroupId: "a",
      MessageDeduplicationId: MessageBody,
    })));
    const fault = { kind: "fail-entries", code: "InvalidParameterValue", senderFault: true };
    const action = "ChangeMessageVisibilityBatch";
    await sqs.proxy.set({ ...fault, action, ids: ["2"] } as Fault);
    const processor = new PartialSQSProcessor({ config: sqs.config, retryDelay: 60 });
    const { thrown } = await holding({ hold, processor, records, handler: handleBody });
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertEquals(thrown.undelayed.map(({ record }) => record), [records[2]!]);
  });
}

Deno.test("a receipt handle is delayed once, and what was not handled in a standard queue not at all", async () => {
  const sqs = await testSqs();
  const queue = await sqs.createQueue();
  const [fail, other] = await queue.records("fail", "ok");
  const processor = new PartialSQSProcessor({ config: sqs.config, retryDelay: 60 });
  const records = [fail!, { ...fail! }, other!];
  await holding({ hold: "await using", processor, records, handler: handleBody });
  const [request] = await sqs.proxy.requests("ChangeMessageVisibilityBatch");
  assertEquals(request!.input.Entries.length, 1);
});

// ------------------------------------------------------------------------------ what goes wrong

for (const hold of HOLDS) {
  for (
    const [what, fault, reason] of [
      [
        "a refused entry",
        { kind: "fail-entries", ids: ["0"], code: "InvalidParameterValue", senderFault: true },
        "InvalidParameterValue",
      ],
      [
        "a missing permission",
        { kind: "status", status: 403, code: "AccessDeniedException" },
        "needs sqs:ChangeMessageVisibility on arn:aws:sqs:",
      ],
      ["a server that never answers", { kind: "hang" }, "no answer within the time limit"],
    ] as const
  ) {
    Deno.test(`fauxqs, ${hold}: ${what} is reported and changes nothing else`, async () => {
      const sqs = await testSqs();
      const queue = await sqs.createQueue();
      const records = await queue.records("ok", "fail");
      await sqs.proxy.set({ action: "ChangeMessageVisibilityBatch", ...fault });
      const options = { config: sqs.config, retryDelay: 60, closeTimeoutMs: 400 };
      const processor = new PartialSQSProcessor(options);
      const { thrown } = await holding({ hold, processor, records, handler: handleBody });
      assertInstanceOf(thrown, SQSBatchProcessingError);
      assertInstanceOf(thrown.errors[0], RangeError);
      assertEquals(thrown.undelayed.map(({ record }) => record), [records[1]!]);
      assertStringIncludes(thrown.undelayed[0]!.reason, reason);
      assertStringIncludes(thrown.message, "1 message was not given the retry delay");
      assertEquals(thrown.undeleted, []);
      assertEquals(await queue.left(), 1);
      await sqs.proxy.killSockets();
    });
  }
}

for (
  const [what, retryDelay] of [
    ["throws", () => {
      throw new Error("no delay");
    }],
    ["gives -1", () => -1],
    ["gives NaN", () => NaN],
    ["gives 43,201", () => 43_201],
    ["gives a promise", () => Promise.resolve(1) as unknown as number],
    ["gives a promise that rejects", () => Promise.reject(new Error("late")) as unknown as number],
  ] as const
) {
  Deno.test(`fauxqs: a retryDelay that ${what} is reported and changes nothing else`, async () => {
    const sqs = await testSqs();
    const queue = await sqs.createQueue();
    const processor = new PartialSQSProcessor({ config: sqs.config, retryDelay });
    const records = await queue.records("ok", "fail");
    const { thrown } = await holding({
      hold: "await using",
      processor,
      records,
      handler: handleBody,
    });
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertEquals(thrown.undelayed.map(({ record }) => record), [records[1]!]);
    assertEquals(await queue.left(), 1);
  });
}

Deno.test("retryDelayOf() gives whole seconds", () => {
  assertEquals(retryDelayOf(1.5, makeRecord(), undefined, 1), 2);
  assertEquals(retryDelayOf(() => 0.4, makeRecord(), undefined, 1), 0);
  assertEquals(retryDelayOf(() => undefined, makeRecord(), undefined, 1), undefined);
});

Deno.test("PartialSQSProcessor refuses a retryDelay that is none", () => {
  for (const retryDelay of [-1, 43_201, NaN, Infinity]) {
    assertThrows(() => new PartialSQSProcessor({ retryDelay }), RangeError, "retryDelay");
  }
  for (const retryDelay of [null, "60", {}]) {
    const options = { retryDelay: retryDelay as never };
    assertThrows(
      () => new PartialSQSProcessor(options),
      TypeError,
      "Cannot use retryDelay: expected seconds or a function",
    );
  }
});

// -------------------------------------------------------------------------- exponentialBackoff()

Deno.test("exponentialBackoff() doubles with each receive, up to maxSeconds", () => {
  const delay = exponentialBackoff({ baseSeconds: 3, maxSeconds: 20, jitter: "none" });
  assertEquals([1, 2, 3, 4, 5, 2_000].map((times) => delay(received(times))), [
    3,
    6,
    12,
    20,
    20,
    20,
  ]);
  const byDefault = exponentialBackoff({ jitter: "none" });
  assertEquals([1, 2, 20].map((times) => byDefault(received(times))), [5, 10, 900]);
});

Deno.test("exponentialBackoff() counts the receives that the batch was opened with, whatever a handler does", async () => {
  const sqs = await testSqs();
  const queue = await sqs.createQueue();
  const records = await queue.records("fail");
  records[0]!.attributes.ApproximateReceiveCount = "4";
  const retryDelay = exponentialBackoff({ baseSeconds: 10, jitter: "none" });
  const processor = new PartialSQSProcessor({ config: sqs.config, retryDelay });
  await processor.run(records, (record) => {
    record.attributes = {} as SQSRecord["attributes"];
    throw new Error("no such order");
  }).catch(() => {});
  const [request] = await sqs.proxy.requests("ChangeMessageVisibilityBatch");
  assertEquals(request!.input.Entries[0].VisibilityTimeout, 80);
});

Deno.test("exponentialBackoff() takes its delay by chance up to the computed one", () => {
  const limits = fc.record({
    baseSeconds: fc.integer({ min: 1, max: 100 }),
    maxSeconds: fc.integer({ min: 100, max: 43_200 }),
  });
  fc.assert(fc.property(limits, fc.integer({ min: 1, max: 30 }), (options, times) => {
    const most = exponentialBackoff({ ...options, jitter: "none" })(received(times));
    const delay = exponentialBackoff(options)(received(times));
    assert(delay >= 0 && delay <= most);
    assert(most <= options.maxSeconds);
  }));
});

Deno.test("exponentialBackoff() has full jitter by default: from nothing to the whole delay", () => {
  const delay = exponentialBackoff({ baseSeconds: 10, maxSeconds: 100 });
  const { random } = Math;
  try {
    for (const [drawn, seconds] of [[0, 0], [0.5, 20], [0.9, 36]] as const) {
      Math.random = () => drawn;
      assertEquals(delay(received(3)), seconds);
    }
  } finally {
    Math.random = random;
  }
});

Deno.test("exponentialBackoff() refuses options out of their limits", () => {
  for (
    const options of [
      { baseSeconds: 0 },
      { baseSeconds: -1 },
      { baseSeconds: 901 },
      {
        maxSeconds: 43_201,
      },
      { baseSeconds: 10, maxSeconds: 9 },
      { baseSeconds: NaN },
    ]
  ) {
    assertThrows(() => exponentialBackoff(options), RangeError);
  }
  for (const options of [{ jitter: "half" }, { base: 1 }, { baseSeconds: "1" }, null]) {
    assertThrows(() => exponentialBackoff(options as never), TypeError);
  }
});
