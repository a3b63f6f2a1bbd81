import { propagation, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import {
  BasePartialProcessor,
  type Batch,
  PartialSQSProcessor,
  type RecordContext,
  withSqsBatch,
} from "@partial-batch/sqs";
import { traceRecords } from "@partial-batch/sqs/opentelemetry";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import type { SQSRecord } from "aws-lambda";
import { channel, tracingChannel } from "node:diagnostics_channel";
import { isAnythingAround } from "../../../src/lifecycle/around_handler.ts";
import { bodies, handleBody, makeRecord, makeRecords, QUEUE_ARN } from "../../support/factories.ts";
import { holding, HOLDS } from "../../support/hold.ts";
import { lambdaContext } from "../../support/lambda_context.ts";
import { RecordedSpans } from "../../support/recorded_spans.ts";
import { testSqs } from "../../support/test_sqs.ts";
import { settledAfter } from "../../support/time.ts";

class Processor extends BasePartialProcessor {}

const TRACE_HEADER = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";

const parentOf = (span?: ReadableSpan) => span?.parentSpanContext?.spanId;
const idOf = (span?: ReadableSpan) => span?.spanContext().spanId;
const eventsOf = (span: ReadableSpan, name: string) =>
  span.events.filter((event) => event.name === name).map(({ attributes }) => attributes!);

/** Waits for whatever else is due, so that concurrent handlers interleave. */
const tick = () => new Promise((resolve) => setTimeout(resolve));

Deno.test("traceRecords() makes a CONSUMER span for each record, in one for the batch, by the conventions", async () => {
  using spans = new RecordedSpans();
  using _tracing = traceRecords({ tracerProvider: spans.provider });
  const records = makeRecords("ok", "ok");
  await new Processor().run(records, handleBody);
  const { batch, all } = spans;
  assertEquals(all.length, 3);
  for (const span of all) {
    assertEquals([span.name, span.kind], ["process orders", SpanKind.CONSUMER]);
    assertEquals(span.status, { code: SpanStatusCode.UNSET });
    assertEquals(span.instrumentationScope.name, "@partial-batch/sqs");
    assertEquals(span.instrumentationScope.schemaUrl, "https://opentelemetry.io/schemas/1.44.0");
  }
  const common = {
    "messaging.system": "aws_sqs",
    "messaging.operation.name": "process",
    "messaging.operation.type": "process",
    "messaging.destination.name": "orders",
    "faas.trigger": "pubsub",
  };
  assertEquals(batch.attributes, {
    ...common,
    "messaging.batch.message_count": 2,
    "partial_batch.records.success": 2,
    "partial_batch.records.fail": 0,
    "partial_batch.records.unprocessed": 0,
    "partial_batch.records.dead_lettered": 0,
    "partial_batch.records.discarded": 0,
    "partial_batch.records.undeleted": 0,
    "partial_batch.records.unmoved": 0,
    "partial_batch.records.undelayed": 0,
  });
  const traced = spans.ofRecords(...records);
  for (const [index, span] of traced.entries()) {
    assertEquals(span.attributes, {
      ...common,
      "messaging.message.id": records[index]!.messageId,
      "partial_batch.receive_count": 1,
    });
    assertEquals(parentOf(span), idOf(batch));
  }
  assertEquals(all.flatMap(({ events, links }) => [...events, ...links]), []);
});

Deno.test("traceRecords() uses the global provider, also one that is registered later", async () => {
  using _tracing = traceRecords();
  using spans = new RecordedSpans();
  trace.setGlobalTracerProvider(spans.provider);
  try {
    await new Processor().run(makeRecords("ok"), handleBody);
    assertEquals(spans.all.length, 2);
    const schemas = spans.all.map(({ instrumentationScope }) => instrumentationScope.schemaUrl);
    assertEquals(new Set(schemas), new Set(["https://opentelemetry.io/schemas/1.44.0"]));
  } finally {
    trace.disable();
  }
});

Deno.test("a record's span is active inside its handler, also with concurrent records", async () => {
  using spans = new RecordedSpans();
  using _tracing = traceRecords({ tracerProvider: spans.provider });
  const records = makeRecords(...bodies("ok", 20));
  await new Processor({ concurrency: 20 }).run(records, async ({ messageId }) => {
    await tick();
    spans.tracer.startSpan(`ship ${messageId}`).end();
  });
  const children = records.map(({ messageId }) =>
    spans.all.find(({ name }) => name === `ship ${messageId}`)
  );
  const parents = spans.ofRecords(...records);
  assertEquals(children.map(parentOf), parents.map(idOf));
  assertEquals(trace.getActiveSpan(), undefined);
});

Deno.test("the batch's span is a child of what is active, and active in the hooks", async () => {
  using spans = new RecordedSpans();
  using _tracing = traceRecords({ tracerProvider: spans.provider });
  class Hooked extends BasePartialProcessor {
    protected override async _prepare() {
      await tick();
      spans.tracer.startSpan("prepare").end();
    }
    protected override async _clean() {
      await tick();
      spans.tracer.startSpan("clean").end();
    }
  }
  await spans.tracer.startActiveSpan("invocation", async (invocation) => {
    await new Hooked().run(makeRecords("ok"), handleBody);
    invocation.end();
  });
  const named = (wanted: string) => spans.all.find(({ name }) => name === wanted);
  assertEquals(parentOf(spans.batch), idOf(named("invocation")));
  assertEquals(parentOf(named("prepare")), idOf(spans.batch));
  assertEquals(parentOf(named("clean")), idOf(spans.batch));
});

Deno.test("without a context manager the spans have their parents, too", async () => {
  using spans = new RecordedSpans();
  spans[Symbol.dispose]();
  using _tracing = traceRecords({ tracerProvider: spans.provider });
  const records = makeRecords("a", "b");
  await new Processor().run(records, handleBody);
  const parent = idOf(spans.batch);
  assertEquals(spans.ofRecords(...records).map(parentOf), [parent, parent]);
});

Deno.test("record and batch are linked to the senders, as the messages were when the batch was opened", async () => {
  using spans = new RecordedSpans();
  using _tracing = traceRecords({ tracerProvider: spans.provider });
  const sent = spans.tracer.startSpan("send");
  const { traceId, spanId } = sent.spanContext();
  const traceparent = `00-${traceId}-${spanId}-01`;
  const [byAttribute, byHeader, unknown] = [
    makeRecord({
      messageAttributes: {
        traceparent: { stringValue: traceparent, dataType: "String" },
        tracestate: { stringValue: "vendor=a", dataType: "String" },
      },
    }),
    makeRecord(),
    makeRecord(),
  ];
  byHeader!.attributes = { ...byHeader!.attributes, AWSTraceHeader: TRACE_HEADER };
  const records = [byAttribute!, byHeader!, unknown!];
  const ids = records.map(({ messageId }) => messageId);
  await new Processor({ concurrency: 1 }).run(records, () => {
    for (const record of records) {
      record.messageAttributes = {};
      record.attributes = { ...record.attributes, AWSTraceHeader: "Root=nonsense" };
    }
  });
  const links = spans.ofRecords(...records).map((span) => span.links);
  const header = "53995c3f42cd8ad8";
  assertEquals(links.map((each) => each.map(({ context }) => context.spanId)), [
    [spanId],
    [header],
    [],
  ]);
  assertEquals(links[0]![0]!.context.traceState?.get("vendor"), "a");
  assertEquals(
    spans.batch.links.map(({ context, attributes }) => [
      context.spanId,
      attributes!["messaging.message.id"],
    ]),
    [[spanId, ids[0]], [header, ids[1]]],
  );
});

Deno.test("a failure is recorded on its span, with what became of the message", async () => {
  using spans = new RecordedSpans();
  using _tracing = traceRecords({ tracerProvider: spans.provider });
  const records = makeRecords("fail", "ok");
  const { thrown } = await holding({
    hold: "await using",
    processor: new Processor({ concurrency: 1 }),
    records,
    handler: (record) => {
      // The SDK's times begin with whole milliseconds.
      for (const start = Date.now(); record.body === "ok" && Date.now() < start + 3;);
      return handleBody(record);
    },
  });
  const [failed, ok] = spans.ofRecords(...records);
  const message = `no such order: ${records[0]!.messageId}`;
  assertEquals(failed!.status, { code: SpanStatusCode.ERROR, message });
  assertEquals(failed!.attributes["error.type"], "RangeError");
  assertEquals(failed!.attributes["partial_batch.outcome"], "fail");
  const [exception] = eventsOf(failed!, "exception");
  assertEquals(exception!["exception.type"], "RangeError");
  assertEquals(exception!["exception.message"], message);
  assert(String(exception!["exception.stacktrace"]).includes("handleBody"));
  assertEquals(ok!.status.code, SpanStatusCode.UNSET);
  // It waited for the outcome, and yet took no longer than its handler.
  const ends = [failed!, ok!].map(({ endTime: [seconds, nanos] }) => seconds * 1e9 + nanos);
  assert(ends[0]! <= ends[1]!, `${ends}`);
  assertEquals(failed!.events[0]!.time, failed!.endTime);

  const { batch } = spans;
  assertEquals(batch.attributes["partial_batch.records.fail"], 1);
  assertEquals(batch.attributes["error.type"], "SQSBatchProcessingError");
  assertEquals(batch.status.code, SpanStatusCode.ERROR);
  assert(thrown instanceof Error && thrown.message.startsWith(batch.status.message!));
  assertEquals(eventsOf(batch, "exception"), []);
});

const THROWN: readonly (readonly [unknown, type: string, message: string])[] = [
  ["out of stock", "_OTHER", "out of stock"],
  [undefined, "_OTHER", "undefined was thrown"],
  [{ secret: 1 }, "_OTHER", "an object was thrown"],
  [Object.assign(new TypeError("no id"), { code: "ENOENT" }), "TypeError", "no id"],
  [
    Object.defineProperty(new Error(), "message", {
      get() {
        throw new Error("hostile");
      },
    }),
    "_OTHER",
    "an error that cannot be read was thrown",
  ],
];

for (const [thrown, type, message] of THROWN) {
  Deno.test(`a span tells what was thrown: ${type}, ${message}`, async () => {
    using spans = new RecordedSpans();
    using _tracing = traceRecords({ tracerProvider: spans.provider });
    const records = makeRecords("a");
    const handler = () => {
      throw thrown;
    };
    await new Processor({ suppressException: true }).run(records, handler);
    const [span] = spans.ofRecords(...records);
    assertEquals(span!.attributes["error.type"], type);
    assertEquals(span!.status, { code: SpanStatusCode.ERROR, message });
    assertEquals(eventsOf(span!, "exception")[0]!["exception.message"], message);
  });
}

for (const hold of HOLDS) {
  Deno.test(`${hold}: the batch's span has the requests to SQS, and what SQS did not confirm`, async () => {
    using spans = new RecordedSpans();
    using _tracing = traceRecords({ tracerProvider: spans.provider });
    const sqs = await testSqs();
    const queue = await sqs.createQueue();
    const records = await queue.records("ok1", "ok2", "fail");
    const fault = { kind: "fail-entries", code: "InternalError", senderFault: true } as const;
    await sqs.proxy.set({ action: "DeleteMessageBatch", times: 1, ids: ["1"], ...fault });
    const processor = new PartialSQSProcessor({ config: sqs.config });
    await holding({ hold, processor, records, handler: handleBody });
    const { batch } = spans;
    const [request] = eventsOf(batch, "DeleteMessageBatch");
    assertEquals(eventsOf(batch, "DeleteMessageBatch").length, await sqs.calls());
    const { "partial_batch.duration_ms": duration, "aws.sqs.queue.url": url, ...rest } = request!;
    assert(
      typeof duration === "number" && String(url).endsWith((await queue.arn()).split(":")[5]!),
    );
    const ids = records.map(({ messageId }) => messageId);
    assertEquals(rest, {
      "messaging.batch.message_count": 2,
      "partial_batch.message_ids": ids.slice(0, 2),
      "partial_batch.unconfirmed": 1,
      "partial_batch.attempt": 1,
      "partial_batch.reasons": ["InternalError"],
    });
    assertEquals(eventsOf(batch, "partial_batch.undeleted"), [{
      "partial_batch.reason": "InternalError",
      "messaging.batch.message_count": 1,
      "partial_batch.message_ids": [ids[1]!],
    }]);
    assertEquals(batch.attributes["partial_batch.records.undeleted"], 1);
    assertEquals(batch.status.code, SpanStatusCode.ERROR);
  });
}

for (
  const [to, status, actions] of [
    ["dead-letter-queue", "dead-lettered", ["GetQueueAttributes", "SendMessageBatch"]],
    ["delete", "discarded", []],
  ] as const
) {
  Deno.test(`a span tells that its message was ${status}, and the batch did not fail`, async () => {
    using spans = new RecordedSpans();
    using _tracing = traceRecords({ tracerProvider: spans.provider });
    const sqs = await testSqs();
    const deadLetterTargetArn = await (await sqs.createQueue()).arn();
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 3 });
    const queue = await sqs.createQueue({ RedrivePolicy });
    const records = await queue.records("fail", "ok");
    const nonRetryable = { when: [RangeError], to };
    const handler = withSqsBatch(handleBody, { config: sqs.config, nonRetryable });
    await handler({ Records: records }, lambdaContext(10_000));
    const [span] = spans.ofRecords(...records);
    assertEquals(span!.attributes["partial_batch.outcome"], status);
    assertEquals(span!.status.code, SpanStatusCode.ERROR);
    const count = `partial_batch.records.${status.replace("-", "_")}`;
    assertEquals(spans.batch.attributes[count], 1);
    assertEquals(spans.batch.status.code, SpanStatusCode.UNSET);
    assertEquals(spans.batch.events.map(({ name }) => name), [...actions]);
  });
}

Deno.test("a record that is given up at the deadline fails with the timeout, those not begun are on the batch", async () => {
  using time = new FakeTime();
  using spans = new RecordedSpans();
  using _tracing = traceRecords({ tracerProvider: spans.provider });
  const records = makeRecords("slow", "later");
  const batch = holding({
    hold: "await using",
    processor: new Processor({ concurrency: 1, deadlineReserveMs: 1_000 }),
    records,
    handler: () => new Promise<void>(() => {}),
    context: lambdaContext(10_000),
  });
  await settledAfter(time, batch, 9_500);
  const [span] = spans.ofRecords(records[0]!);
  assertEquals(span!.attributes["error.type"], "TimeoutError");
  assertEquals(span!.attributes["partial_batch.outcome"], "unprocessed");
  assertEquals(eventsOf(spans.batch, "partial_batch.unprocessed"), [{
    "partial_batch.reason": "deadline",
    "messaging.batch.message_count": 2,
    "partial_batch.message_ids": records.map(({ messageId }) => messageId),
  }]);
});

Deno.test("a record given up has a span, also where _processRecord makes the context", async () => {
  class OwnContext extends Processor {
    protected override _processRecord<T>(
      record: SQSRecord,
      batch: Batch<T>,
      { lambdaContext, receiveCount, signal }: RecordContext,
    ) {
      return super._processRecord(record, batch, { lambdaContext, receiveCount, signal });
    }
  }
  using time = new FakeTime();
  using spans = new RecordedSpans();
  using _tracing = traceRecords({ tracerProvider: spans.provider });
  const records = makeRecords("slow");
  const batch = holding({
    hold: "await using",
    processor: new OwnContext({ deadlineReserveMs: 1_000 }),
    records,
    handler: () => new Promise<void>(() => {}),
    context: lambdaContext(10_000),
  });
  await settledAfter(time, batch, 9_500);
  const [span] = spans.ofRecords(...records);
  assertEquals(span!.status.code, SpanStatusCode.ERROR);
  assertEquals(span!.attributes["partial_batch.outcome"], "unprocessed");
});

Deno.test("a message that is twice in a batch has two spans, each with its own outcome", async () => {
  using spans = new RecordedSpans();
  using _tracing = traceRecords({ tracerProvider: spans.provider });
  const failing = makeRecord({ body: "fail" });
  const records = [failing, { ...failing, body: "ok" }];
  await new Processor({ suppressException: true }).run(records, handleBody);
  const failed = spans.all.find(({ attributes }) => "partial_batch.outcome" in attributes);
  assertEquals(failed?.attributes["partial_batch.outcome"], "fail");
});

Deno.test("a batch that is never processed has a span, which failed", async () => {
  using spans = new RecordedSpans();
  using _tracing = traceRecords({ tracerProvider: spans.provider });
  const records = makeRecords("ok");
  await holding({
    hold: "await using",
    processor: new Processor(),
    records,
    handler: handleBody,
    body: () => {},
  });
  assertEquals(spans.all.length, 1);
  assertEquals(spans.batch.status.code, SpanStatusCode.ERROR);
  assertEquals(
    eventsOf(spans.batch, "partial_batch.unprocessed")[0]!["partial_batch.reason"],
    "process-not-called",
  );
});

Deno.test("what a hook throws is recorded on the batch's span", async () => {
  class Hooked extends BasePartialProcessor {
    protected override _clean() {
      throw new TypeError("no table");
    }
  }
  for (const body of ["ok", "fail"]) {
    using spans = new RecordedSpans();
    using _tracing = traceRecords({ tracerProvider: spans.provider });
    const records = makeRecords(body);
    await holding({ hold: "await using", processor: new Hooked(), records, handler: handleBody });
    const exceptions = eventsOf(spans.batch, "exception");
    assertEquals(exceptions.map((each) => each["exception.message"]), ["no table"]);
  }
});

Deno.test("why a record failed is on the batch's span where its handler did not throw", async () => {
  class Hooked extends BasePartialProcessor {
    protected override successHandler(): never {
      throw new TypeError("no table");
    }
  }
  using spans = new RecordedSpans();
  using _tracing = traceRecords({ tracerProvider: spans.provider });
  const records = makeRecords("ok", "fail", ...bodies("ok", 12));
  await new Hooked({ suppressException: true }).run(records, handleBody);
  const exceptions = eventsOf(spans.batch, "exception");
  assertEquals(exceptions.length, 10);
  assertEquals(exceptions[1]!["messaging.message.id"], records[2]!.messageId);
  assertEquals(exceptions[1]!["exception.type"], "TypeError");
  assertEquals(exceptions[1]!["exception.message"], "no table");
  assert(String(exceptions[1]!["exception.stacktrace"]).includes("successHandler"));
});

Deno.test("with reportItemFailures the failures are on the spans, and the batch's did not fail", async () => {
  using spans = new RecordedSpans();
  using _tracing = traceRecords({ tracerProvider: spans.provider });
  const records = makeRecords("fail", "ok");
  const handler = withSqsBatch(handleBody, { reportItemFailures: true });
  await handler({ Records: records }, lambdaContext(10_000));
  const [failed] = spans.ofRecords(...records);
  assertEquals(failed!.status.code, SpanStatusCode.ERROR);
  assertEquals(spans.batch.status.code, SpanStatusCode.UNSET);
  assertEquals(spans.batch.attributes["partial_batch.records.fail"], 1);
});

Deno.test("where the Lambda instrumentation has made the batch's span, there is no second one", async () => {
  using spans = new RecordedSpans();
  using _tracing = traceRecords({ tracerProvider: spans.provider });
  const tracer = spans.provider.getTracer("@opentelemetry/instrumentation-aws-lambda");
  const records = makeRecords("ok", "fail");
  await tracer.startActiveSpan(
    "function",
    { attributes: { "faas.trigger": "pubsub" } },
    async (invocation) => {
      await new Processor().run(records, handleBody).catch(() => {});
      invocation.end();
    },
  );
  assertEquals(spans.all.length, 3);
  const invocation = spans.all.find(({ name }) => name === "function")!;
  const parents = spans.ofRecords(...records).map(parentOf);
  assertEquals(parents, [idOf(invocation), idOf(invocation)]);
  assertEquals(invocation.attributes["partial_batch.records.fail"], 1);
  // Its own instrumentation says how the invocation ended.
  assertEquals(invocation.status.code, SpanStatusCode.UNSET);
  assertEquals(invocation.attributes["messaging.batch.message_count"], undefined);
});

Deno.test("a second batch in an invocation of the Lambda instrumentation has a span of its own", async () => {
  using spans = new RecordedSpans();
  using _tracing = traceRecords({ tracerProvider: spans.provider });
  const tracer = spans.provider.getTracer("@opentelemetry/instrumentation-aws-lambda");
  const [first, ...rest] = makeRecords("ok", "ok", "ok");
  await tracer.startActiveSpan(
    "function",
    { attributes: { "faas.trigger": "pubsub" } },
    async (invocation) => {
      await new Processor().run([first!], handleBody);
      await new Processor().run(rest, handleBody);
      invocation.end();
    },
  );
  const invocation = spans.all.find(({ name }) => name === "function")!;
  assertEquals(invocation.attributes["partial_batch.records.success"], 1);
  assertEquals(spans.batch.attributes["partial_batch.records.success"], 2);
  assertEquals(parentOf(spans.batch), idOf(invocation));
  const parents = spans.ofRecords(first!, ...rest).map(parentOf);
  assertEquals(parents, [invocation, spans.batch, spans.batch].map(idOf));
});

Deno.test("a batch inside a handler is a child of the record's span", async () => {
  using spans = new RecordedSpans();
  using _tracing = traceRecords({ tracerProvider: spans.provider });
  const [outer, inner] = makeRecords("outer", "inner");
  await new Processor().run([outer!], () => new Processor().run([inner!], handleBody));
  const [outerSpan, innerSpan] = spans.ofRecords(outer!, inner!);
  const innerBatch = spans.all.find((span) => idOf(span) === parentOf(innerSpan));
  assertEquals(parentOf(innerBatch), idOf(outerSpan));
  assertEquals(spans.all.length, 4);
});

Deno.test("a batch of several queues has no queue in its name", async () => {
  using spans = new RecordedSpans();
  using _tracing = traceRecords({ tracerProvider: spans.provider });
  const records = [makeRecord(), makeRecord({ eventSourceARN: `${QUEUE_ARN}-2` })];
  await new Processor().run(records, handleBody);
  assertEquals(spans.batch.name, "process");
  assertEquals(spans.batch.attributes["messaging.destination.name"], undefined);
  assertEquals(spans.ofRecords(...records).map(({ name }) => name), [
    "process orders",
    "process orders-2",
  ]);
});

Deno.test("no body, attribute value or receipt handle is on a span", async () => {
  using spans = new RecordedSpans();
  using _tracing = traceRecords({ tracerProvider: spans.provider });
  const secret = "s3cr3t";
  const attribute = { stringValue: secret, dataType: "String" } as const;
  const records = ["ok", "fail"].map((id) =>
    makeRecord({
      body: `{"${secret}":1}`,
      receiptHandle: `${secret}-${id}`,
      messageAttributes: { tenant: attribute, baggage: attribute },
    })
  );
  await new Processor().run(records, () => {
    throw new RangeError("no such order");
  }).catch(() => {});
  const text = spans.all.map(({ name, attributes, links, events, status }) =>
    JSON.stringify({ name, attributes, links, events, status })
  ).join();
  assert(text.includes("no such order"));
  assert(!text.includes(secret), text);
});

Deno.test("a batch that was opened before is not traced", async () => {
  using spans = new RecordedSpans();
  await using batch = new Processor().open(makeRecords("ok"), handleBody);
  using _tracing = traceRecords({ tracerProvider: spans.provider });
  await batch.process();
  await batch.close();
  assertEquals(spans.all, []);
});

Deno.test("a batch that is not traced, and is closed inside a handler, ends no other", async () => {
  using spans = new RecordedSpans();
  const [outer, inner] = makeRecords("outer", "fail");
  const untraced = new Processor({ suppressException: true }).open([inner!], handleBody);
  using _tracing = traceRecords({ tracerProvider: spans.provider });
  await new Processor().run([outer!], async () => {
    await using batch = untraced;
    await batch.process();
  });
  assertEquals(spans.all.length, 2);
  assertEquals(spans.batch.attributes["partial_batch.records.success"], 1);
});

Deno.test("traceRecords() takes everything off when it is disposed", async () => {
  using spans = new RecordedSpans();
  {
    using _tracing = traceRecords({ tracerProvider: spans.provider });
    assert(isAnythingAround());
  }
  assert(!isAnythingAround());
  assert(!tracingChannel("partial-batch.sqs.record").asyncEnd.hasSubscribers);
  for (const name of ["request", "close"]) {
    assert(!channel(`partial-batch.sqs.${name}`).hasSubscribers);
  }
  await new Processor().run(makeRecords("ok"), handleBody);
  assertEquals(spans.all, []);
});

Deno.test("traceRecords() ends the spans of a batch under way when it is disposed", async () => {
  using spans = new RecordedSpans();
  const tracing = traceRecords({ tracerProvider: spans.provider });
  const records = makeRecords("fail", "ok");
  await new Processor({ suppressException: true, concurrency: 1 }).run(records, (record) => {
    if (record.body === "ok") tracing[Symbol.dispose]();
    return handleBody(record);
  });
  assertEquals(spans.all.length, 3);
  assertEquals(spans.ofRecords(...records)[0]!.status.code, SpanStatusCode.ERROR);
});

Deno.test("traceRecords() twice makes two sets of spans, each with a life of its own", async () => {
  using first = new RecordedSpans();
  using second = new RecordedSpans();
  using _first = traceRecords({ tracerProvider: first.provider });
  {
    using _second = traceRecords({ tracerProvider: second.provider });
    await new Processor().run(makeRecords("ok"), handleBody);
  }
  await new Processor().run(makeRecords("ok"), handleBody);
  assertEquals([first.all.length, second.all.length], [4, 2]);
});

Deno.test("traceRecords() refuses what is no tracer provider", () => {
  const wrong = (options: unknown) => () => traceRecords(options as Record<string, never>);
  assertThrows(wrong(null), TypeError, "expected an object, got null");
  assertThrows(wrong({ provider: 1 }), TypeError, 'the option "provider"');
  assertThrows(
    wrong({ tracerProvider: { tracer: 1 } }),
    TypeError,
    "Cannot use tracerProvider: expected a tracer provider, got an object with tracer",
  );
  assert(!isAnythingAround());
});

Deno.test("a propagator that throws costs the links, and no span", async () => {
  using spans = new RecordedSpans();
  propagation.disable();
  const extract = () => {
    throw new Error("propagator");
  };
  propagation.setGlobalPropagator({ inject() {}, extract, fields: () => [] });
  using _tracing = traceRecords({ tracerProvider: spans.provider });
  const attribute = { stringValue: "a", dataType: "String" } as const;
  const records = [makeRecord({ messageAttributes: { tenant: attribute } })];
  await new Processor().run(records, handleBody);
  assertEquals(spans.ofRecords(...records)[0]!.links, []);
});
