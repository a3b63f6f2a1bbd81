import {
  BasePartialProcessor,
  type BatchMessage,
  type CloseMessage,
  PartialSQSProcessor,
  type RecordMessage,
  type RequestMessage,
  SQSBatchProcessingError,
  withSqsBatch,
} from "@partial-batch/sqs";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe, tracingChannel, unsubscribe } from "node:diagnostics_channel";
import { lambdaContext } from "../support/lambda_context.ts";
import { publishRequest } from "../../src/diagnostics.ts";
import { bodies, handleBody, makeRecords } from "../support/factories.ts";
import { holding, HOLDS } from "../support/hold.ts";
import { testSqs } from "../support/test_sqs.ts";
import { settledAfter } from "../support/time.ts";

class Processor extends BasePartialProcessor {}

/** Listens to a tracing channel while it is held. */
function listen<TMessage extends object>(name: string) {
  const events: { event: string; message: TMessage & { result?: unknown; error?: unknown } }[] = [];
  const on = (event: string) => (message: object) =>
    void events.push({ event, message: message as TMessage });
  const subscribers = {
    start: on("start"),
    end: on("end"),
    asyncStart: on("asyncStart"),
    asyncEnd: on("asyncEnd"),
    error: on("error"),
  };
  const channel = tracingChannel(name);
  channel.subscribe(subscribers);
  return { events, [Symbol.dispose]: () => void channel.unsubscribe(subscribers) };
}

/** Listens to a channel while it is held. */
function listenTo<TMessage>(name: string) {
  const messages: TMessage[] = [];
  const listener = (message: unknown) => void messages.push(message as TMessage);
  subscribe(name, listener);
  return { messages, [Symbol.dispose]: () => void unsubscribe(name, listener) };
}

const listenToRequests = () => listenTo<RequestMessage>("partial-batch.sqs.request");

const listenToCloses = () => listenTo<CloseMessage>("partial-batch.sqs.close");

Deno.test("partial-batch.sqs.record traces each call of a record handler", async () => {
  using traced = listen<RecordMessage>("partial-batch.sqs.record");
  const records = makeRecords("ok", "fail");
  await holding({
    hold: "await using",
    processor: new Processor({ concurrency: 1 }),
    records,
    handler: handleBody,
  });
  assertEquals(traced.events.map(({ event }) => event), [
    "start",
    "end",
    "asyncStart",
    "asyncEnd",
    "start",
    "end",
    "error",
    "asyncStart",
    "asyncEnd",
  ]);
  const [ok, fail] = traced.events.filter(({ event }) => event === "asyncEnd");
  assertStrictEquals(ok!.message.record, records[0]);
  assertEquals([ok!.message.receiveCount, ok!.message.result], [1, "ok"]);
  assert(ok!.message.durationMs! >= 0);
  assert(fail!.message.error instanceof RangeError);
});

Deno.test("partial-batch.sqs.batch traces each process(), and counts its outcomes", async () => {
  using traced = listen<BatchMessage>("partial-batch.sqs.batch");
  const records = makeRecords("ok1", "fail", "ok2");
  const { batch } = await holding({
    hold: "await using",
    processor: new Processor(),
    records,
    handler: handleBody,
  });
  const { event, message } = traced.events.at(-1)!;
  assertEquals(event, "asyncEnd");
  assertEquals(message.records, records);
  assertEquals(message.result, batch.outcomes);
  assertEquals(message.counts, {
    success: 2,
    fail: 1,
    unprocessed: 0,
    "dead-lettered": 0,
    discarded: 0,
  });
  assert(message.durationMs! >= 0);
});

for (const hold of HOLDS) {
  Deno.test(`${hold}: partial-batch.sqs.request tells of each request to SQS`, async () => {
    const sqs = await testSqs();
    const queue = await sqs.createQueue();
    const records = await queue.records(...bodies("ok", 11), "fail");
    const fault = { kind: "fail-entries", code: "InternalError", senderFault: false } as const;
    await sqs.proxy.set({ action: "DeleteMessageBatch", times: 1, ids: ["0"], ...fault });
    using listening = listenToRequests();
    const { messages } = listening;
    await holding({
      hold,
      processor: new PartialSQSProcessor({ config: sqs.config }),
      records,
      handler: handleBody,
    });
    assertEquals(messages.length, await sqs.calls());
    assert(messages.every(({ action }) => action === "DeleteMessageBatch"));
    assert(messages.every(({ durationMs }) => durationMs >= 0));
    assertEquals(messages.map(({ attempt }) => attempt).toSorted(), [1, 1, 2]);
    assertEquals(messages.reduce((sum, each) => sum + each.unconfirmedCount, 0), 1);
    assertEquals(messages.flatMap(({ reasons }) => reasons), ["InternalError"]);
    const first = messages.filter(({ attempt }) => attempt === 1);
    assertEquals(first.map(({ entryCount }) => entryCount).toSorted(), [1, 10]);
    assertEquals(
      first.flatMap(({ messageIds }) => messageIds).toSorted(),
      records.slice(0, 11).map(({ messageId }) => messageId).toSorted(),
    );
    assertEquals(messages[0]!.queue, await queue.arn());
  });
}

for (const hold of HOLDS) {
  Deno.test(`${hold}: partial-batch.sqs.close tells what became of each record, and what the close did`, async () => {
    const sqs = await testSqs();
    const queue = await sqs.createQueue();
    const records = await queue.records("ok1", "fail", "ok2");
    const fault = { kind: "fail-entries", code: "InternalError", senderFault: true } as const;
    await sqs.proxy.set({ action: "DeleteMessageBatch", times: 1, ids: ["1"], ...fault });
    const messageIds = records.map(({ messageId }) => messageId);
    using listening = listenToCloses();
    const { batch, thrown } = await holding({
      hold,
      processor: new PartialSQSProcessor({ config: sqs.config }),
      records,
      handler: (record) => {
        record.messageId = "redacted";
        return handleBody(record);
      },
    });
    const [message] = listening.messages;
    assertEquals(listening.messages.length, 1);
    assertEquals(message!.records.map(({ record }) => record), records);
    assertEquals(message!.records.map(({ outcome }) => outcome), [...batch.outcomes]);
    assertEquals(message!.records.map(({ messageId }) => messageId), messageIds);
    const arn = await queue.arn();
    assertEquals(message!.records.map(({ queueArn }) => queueArn), [arn, arn, arn]);
    assertEquals(message!.records.map(({ receiveCount }) => receiveCount), [1, 1, 1]);
    assertEquals(message!.records.map(({ isDeleted }) => isDeleted), [true, false, false]);
    assertEquals(message!.counts.success, 2);
    assertEquals(message!.counts.fail, 1);
    assertEquals(
      message!.unconfirmed.undeleted.map(({ record, reason }) => [record, reason]),
      [[records[2], "InternalError"]],
    );
    assertStrictEquals(message!.error, thrown);
    assert(message!.durationMs >= 0);
    const { records: closed, counts, unconfirmed } = message!;
    for (const each of [closed, ...closed, counts, unconfirmed]) assert(Object.isFrozen(each));
  });

  Deno.test(`${hold}: partial-batch.sqs.close tells of a batch that was all handled, and of one never processed`, async () => {
    using listening = listenToCloses();
    const processor = new PartialSQSProcessor();
    const records = makeRecords("ok");
    await holding({ hold, processor, records, handler: handleBody });
    await holding({ hold, processor, records, handler: handleBody, body: () => {} });
    const [handled, unprocessed] = listening.messages;
    assertEquals([handled!.counts.success, "error" in handled!], [1, false]);
    assertEquals(handled!.records[0]!.isDeleted, false);
    assertEquals(unprocessed!.counts.unprocessed, 1);
    assertInstanceOf(unprocessed!.error, SQSBatchProcessingError);
  });
}

Deno.test("the record channel ends a record that is given up at the deadline, once and with an error", async () => {
  using time = new FakeTime();
  using traced = listen<RecordMessage>("partial-batch.sqs.record");
  let release = () => {};
  const batch = holding({
    hold: "await using",
    processor: new Processor({ deadlineReserveMs: 1_000 }),
    records: makeRecords("slow"),
    handler: () => new Promise<void>((resolve) => release = resolve),
    context: lambdaContext(10_000),
  });
  await settledAfter(time, batch, 9_500);
  const ending = ["start", "end", "error", "asyncStart", "asyncEnd"];
  assertEquals(traced.events.map(({ event }) => event), ending);
  const { error } = traced.events.at(-1)!.message;
  assertInstanceOf(error, DOMException);
  assertEquals(error.name, "TimeoutError");
  release();
  await time.runMicrotasks();
  assertEquals(traced.events.map(({ event }) => event), ending);
});

Deno.test("the record channel ends a record that still runs when a plain using scope ends", async () => {
  using traced = listen<RecordMessage>("partial-batch.sqs.record");
  await holding({
    hold: "using",
    processor: new Processor(),
    records: makeRecords("slow"),
    handler: () => new Promise<void>(() => {}),
    body: (batch) => {
      batch.process();
    },
  });
  assertEquals(traced.events.map(({ event }) => event).slice(-3), [
    "error",
    "asyncStart",
    "asyncEnd",
  ]);
});

Deno.test("with reportItemFailures the channels tell what no error does", async () => {
  const sqs = await testSqs();
  const queue = await sqs.createQueue();
  const records = await queue.records("fail");
  const fault = { kind: "status", status: 403, code: "AccessDeniedException" } as const;
  await sqs.proxy.set({ action: "GetQueueAttributes", ...fault });
  using requests = listenToRequests();
  using traced = listen<BatchMessage>("partial-batch.sqs.batch");
  const handler = withSqsBatch(handleBody, {
    config: sqs.config,
    reportItemFailures: true,
    nonRetryable: { when: [RangeError] },
  });
  await handler({ Records: records }, lambdaContext(10_000));
  const arn = await queue.arn();
  const reason = `AccessDenied (HTTP 403), needs sqs:GetQueueAttributes on ${arn}`;
  assertEquals(requests.messages.map(({ action, reasons }) => [action, reasons]), [
    ["GetQueueAttributes", [reason]],
  ]);
  const { unconfirmed } = traced.events.at(-1)!.message;
  assertEquals(unconfirmed?.unmoved.map((each) => each.reason), [reason]);
});

Deno.test("a store bound to the record channel is the handler's own, with concurrent records", async () => {
  const storage = new AsyncLocalStorage<string>();
  const { start } = tracingChannel<string, RecordMessage>("partial-batch.sqs.record");
  start.bindStore(storage, ({ record }) => record.messageId);
  try {
    const records = makeRecords(...bodies("ok", 20));
    const outcomes = await new Processor().run(records, async () => {
      await new Promise((resolve) => setTimeout(resolve));
      return storage.getStore();
    });
    assertEquals(
      outcomes.map((each) => each.status === "success" && each.result),
      records.map(({ messageId }) => messageId),
    );
  } finally {
    start.unbindStore(storage);
  }
});

Deno.test("nothing is published when nobody listens, and a handler's sync throw stays a failure", async () => {
  const { batch } = await holding({
    hold: "await using",
    processor: new Processor(),
    records: makeRecords("fail"),
    handler: handleBody,
  });
  assertEquals(batch.outcomes.map(({ status }) => status), ["fail"]);
});

Deno.test("a request is not described when nobody listens", () => {
  publishRequest(() => {
    throw new Error("was built");
  });
});

Deno.test("a subscriber that freezes or changes its message has no effect on the batch", async () => {
  const spoil = (message: object) => {
    const { unconfirmed, result } = message as { unconfirmed?: object; result?: unknown };
    for (const each of [result, unconfirmed, ...Object.values(unconfirmed ?? {})]) {
      if (Array.isArray(each)) assertThrows(() => each.length = 0, TypeError);
    }
    for (const name of ["record", "records", "result", "error", "counts", "durationMs"]) {
      Reflect.set(message, name, "spoilt");
    }
    Object.freeze(message);
  };
  const subscribers = {
    start: spoil,
    end: spoil,
    asyncStart: spoil,
    asyncEnd: spoil,
    error: spoil,
  };
  const channels = ["record", "batch"].map((name) => tracingChannel(`partial-batch.sqs.${name}`));
  for (const channel of channels) channel.subscribe(subscribers);
  try {
    const records = makeRecords("ok", "fail");
    const processor = new Processor();
    const { batch, thrown } = await holding({
      hold: "await using",
      processor,
      records,
      handler: handleBody,
    });
    assertEquals(batch.outcomes.map(({ status }) => status), ["success", "fail"]);
    assertEquals(batch.outcomes.map(({ record }) => record), records);
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertInstanceOf(thrown.errors[0], RangeError);
  } finally {
    for (const channel of channels) channel.unsubscribe(subscribers);
  }
});

Deno.test("the record channel tells a message's id as it was received", async () => {
  using traced = listen<RecordMessage>("partial-batch.sqs.record");
  const records = makeRecords("a");
  const id = records[0]!.messageId;
  await new Processor().run(records, (record) => {
    record.messageId = "redacted";
  });
  assertEquals(traced.events.at(-1)!.message.messageId, id);
});
