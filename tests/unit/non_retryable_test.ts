import {
  jsonBody,
  type NonRetryable,
  PartialSQSProcessor,
  SQSBatchProcessingError,
  SqsBodyError,
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
import { lambdaContext } from "../support/lambda_context.ts";
import { isNonRetryable } from "../../src/non_retryable.ts";
import { bodies, makeRecord, makeRecords, QUEUE_ARN } from "../support/factories.ts";
import { holding, HOLDS } from "../support/hold.ts";
import { type ServerName, SERVERS, type TestQueue } from "../support/test_queue.ts";
import { testSqs } from "../support/test_sqs.ts";

class NoSuchOrder extends Error {
  override readonly name = "NoSuchOrder";
}

/** `never…` fails for good, `fail…` fails, everything else is handled. */
function handle({ body }: SQSRecord): void {
  if (body.startsWith("never")) throw new NoSuchOrder(body);
  if (body.startsWith("fail")) throw new RangeError(body);
}

const NEVER: NonRetryable = { when: [NoSuchOrder] };

/** A queue with its dead-letter queue. */
async function setUp(server: ServerName = "fauxqs", fifo = false) {
  const sqs = await testSqs(server);
  const attributes = fifo ? { FifoQueue: "true" } : {};
  const deadLetters = await sqs.createQueue(attributes);
  const deadLetterTargetArn = await deadLetters.arn();
  const queue = await sqs.createQueue({
    ...attributes,
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 5 }),
  });
  return { sqs, queue, deadLetters };
}

async function bodiesIn(queue: TestQueue): Promise<string[]> {
  return (await queue.receive(1_000)).map(({ body }) => body).toSorted();
}

// --------------------------------------------------------------------- moved to the dead letters

for (const server of SERVERS) {
  for (const hold of HOLDS) {
    Deno.test(`${server}, ${hold}: what can never succeed is moved, and deleted like a success`, async () => {
      const { sqs, queue, deadLetters } = await setUp(server);
      const records = await queue.records("ok", "never1", "fail", "never2");
      const processor = new PartialSQSProcessor({ config: sqs.config, nonRetryable: NEVER });
      const { batch, thrown } = await holding({ hold, processor, records, handler: handle });
      assertEquals(batch.outcomes.map(({ status }) => status), [
        "success",
        "dead-lettered",
        "fail",
        "dead-lettered",
      ]);
      assertInstanceOf(thrown, SQSBatchProcessingError);
      assertEquals(thrown.failures.map(({ record }) => record.body), ["fail"]);
      assertEquals([thrown.undeleted, thrown.unmoved], [[], []]);
      assertEquals(await queue.left(), 1);
      assertEquals(await bodiesIn(deadLetters), ["never1", "never2"]);
      assertEquals(await sqs.calls("SendMessageBatch"), 1);
    });

    Deno.test(`${server}, ${hold}: where nothing else failed, nothing is deleted by us or thrown`, async () => {
      const { sqs, queue, deadLetters } = await setUp(server);
      const records = await queue.records("ok", "never");
      const processor = new PartialSQSProcessor({ config: sqs.config, nonRetryable: NEVER });
      const { thrown } = await holding({ hold, processor, records, handler: handle });
      assertEquals(thrown, undefined);
      assertEquals(await sqs.calls(), 0);
      assertEquals(await queue.left(), 2);
      assertEquals(await bodiesIn(deadLetters), ["never"]);
    });
  }
}

for (const reportItemFailures of [false, true]) {
  Deno.test(`the wrapper moves them too, with reportItemFailures ${reportItemFailures}`, async () => {
    const { sqs, queue, deadLetters } = await setUp();
    await queue.send("ok", "never", "fail");
    const handler = withSqsBatch(handle, {
      config: sqs.config,
      nonRetryable: NEVER,
      reportItemFailures,
    });
    const reportBatchItemFailures = reportItemFailures;
    const invocation = await queue.poll({ handler, reportBatchItemFailures });
    assertEquals(invocation?.error instanceof SQSBatchProcessingError, !reportBatchItemFailures);
    assertEquals([await queue.left(), await deadLetters.left()], [1, 1]);
    const again = await queue.poll({ handler, reportBatchItemFailures });
    assertEquals(again, undefined);
  });
}

Deno.test("run() moves them, and the redrive policy is read once for each queue", async () => {
  const { sqs, queue, deadLetters } = await setUp();
  const processor = new PartialSQSProcessor({ config: sqs.config, nonRetryable: NEVER });
  for (const body of ["never1", "never2"]) {
    const [outcome] = await processor.run(await queue.records(body), handle);
    assertEquals(outcome!.status, "dead-lettered");
  }
  assertEquals(await sqs.calls("GetQueueAttributes"), 1);
  assertEquals(await deadLetters.left(), 2);
});

Deno.test("body, attributes and trace header are kept", async () => {
  const { sqs, queue, deadLetters } = await setUp();
  const traceHeader = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1";
  const records = await queue.records({
    MessageBody: "never, with ümläuts",
    MessageAttributes: {
      text: { DataType: "String", StringValue: "ä" },
      number: { DataType: "Number.int", StringValue: "7" },
      bytes: { DataType: "Binary", BinaryValue: Uint8Array.of(0, 255, 128) },
    },
    MessageSystemAttributes: {
      AWSTraceHeader: { DataType: "String", StringValue: traceHeader },
    },
  });
  records[0]!.attributes.AWSTraceHeader = traceHeader;
  const processor = new PartialSQSProcessor({ config: sqs.config, nonRetryable: NEVER });
  await processor.run(records, handle);
  const [moved] = await deadLetters.receive(1);
  assertEquals(moved!.body, records[0]!.body);
  assertEquals(moved!.messageAttributes, records[0]!.messageAttributes);
  assertEquals(Object.keys(moved!.messageAttributes).toSorted(), ["bytes", "number", "text"]);
  const [request] = await sqs.proxy.requests("SendMessageBatch");
  assertEquals(request!.input.Entries[0].MessageSystemAttributes, {
    AWSTraceHeader: { DataType: "String", StringValue: traceHeader },
  });
});

Deno.test("what is moved is the message as it came, whatever its handler wrote to the record", async () => {
  const { sqs, queue, deadLetters } = await setUp();
  const records = await queue.records({
    MessageBody: "never, encrypted",
    MessageAttributes: { key: { DataType: "String", StringValue: "1" } },
  });
  const processor = new PartialSQSProcessor({ config: sqs.config, nonRetryable: NEVER });
  await processor.run(records, (record) => {
    record.body = "plain text";
    record.messageAttributes.key!.stringValue = "***";
    throw new NoSuchOrder();
  });
  const [moved] = await deadLetters.receive(1);
  assertEquals(moved!.body, "never, encrypted");
  assertEquals(moved!.messageAttributes.key!.stringValue, "1");
});

Deno.test("23 messages are moved in 3 requests, and large ones within 1 MiB each", async () => {
  const { sqs, queue, deadLetters } = await setUp();
  const processor = new PartialSQSProcessor({ config: sqs.config, nonRetryable: NEVER });
  await processor.run(await queue.records(...bodies("never", 23)), handle);
  assertEquals(await sqs.calls("SendMessageBatch"), 3);
  await sqs.proxy.reset();
  const arn = await queue.arn();
  const large = bodies("never", 4).map((body) =>
    makeRecord({ body: body + "x".repeat(400_000), eventSourceARN: arn })
  );
  await processor.run(large, handle);
  const requests = await sqs.proxy.requests("SendMessageBatch");
  assertEquals(requests.map(({ input }) => input.Entries.length), [2, 2]);
  assertEquals(await deadLetters.left(), 27);
});

// ------------------------------------------------------------------------ other targets, FIFO

Deno.test("{ queueUrl } moves to that queue, without reading a redrive policy", async () => {
  const { sqs, queue, deadLetters } = await setUp();
  const other = await sqs.createQueue();
  const nonRetryable = { ...NEVER, to: { queueUrl: await other.urlAt(sqs.proxy.endpoint) } };
  const processor = new PartialSQSProcessor({ config: sqs.config, nonRetryable });
  await processor.run(await queue.records("never"), handle);
  assertEquals([await deadLetters.left(), await other.left()], [0, 1]);
  assertEquals(await sqs.calls("GetQueueAttributes"), 0);
});

Deno.test("{ queueUrl } on a host of AWS still goes to the endpoint of the config", async () => {
  const { sqs, queue } = await setUp();
  const other = await sqs.createQueue();
  const { pathname } = new URL(await other.urlAt(sqs.proxy.endpoint));
  const queueUrl = `https://sqs.us-east-1.amazonaws.com${pathname}`;
  const nonRetryable = { ...NEVER, to: { queueUrl } };
  const processor = new PartialSQSProcessor({ config: sqs.config, nonRetryable });
  const { batch } = await holding({
    hold: "await using",
    processor,
    records: await queue.records("never"),
    handler: handle,
  });
  assertEquals(batch.unconfirmed.unmoved, []);
  assertEquals(await other.left(), 1);
});

Deno.test('"delete" gives them up without asking anybody', async () => {
  const { sqs, queue, deadLetters } = await setUp();
  const nonRetryable = { ...NEVER, to: "delete" } as const;
  const processor = new PartialSQSProcessor({ config: sqs.config, nonRetryable });
  const records = await queue.records("never", "fail");
  const { batch } = await holding({ hold: "await using", processor, records, handler: handle });
  assertEquals(batch.outcomes.map(({ status }) => status), ["discarded", "fail"]);
  assertEquals([await queue.left(), await deadLetters.left()], [1, 0]);
  assertEquals(await sqs.calls("SendMessageBatch"), 0);
});

for (const hold of HOLDS) {
  Deno.test(`local-aws-sqs, ${hold}: a FIFO group goes on after an accepted move, and only after it`, async () => {
    const { sqs, queue, deadLetters } = await setUp("local-aws-sqs", true);
    const message = (MessageBody: string) => ({
      MessageBody,
      MessageGroupId: "a",
      MessageDeduplicationId: MessageBody,
    });
    const records = await queue.records(...["ok1", "never1", "ok2", "never2"].map(message));
    const processor = new PartialSQSProcessor({ config: sqs.config, nonRetryable: NEVER });
    const movesBefore: number[] = [];
    const { batch, thrown } = await holding({
      hold,
      processor,
      records,
      handler: async (record) => {
        movesBefore.push(await sqs.calls("SendMessageBatch"));
        handle(record);
      },
    });
    assertEquals(thrown, undefined);
    assertEquals(batch.outcomes.map(({ status }) => status), [
      "success",
      "dead-lettered",
      "success",
      "dead-lettered",
    ]);
    assertEquals(movesBefore, [0, 0, 1, 1]);
    const moved = await deadLetters.receive(2);
    assertEquals(moved.map(({ body }) => body), ["never1", "never2"]);
    assertEquals(moved.map(({ attributes }) => attributes.MessageGroupId), ["a", "a"]);
    assertEquals(
      moved.map(({ attributes }) => attributes.MessageDeduplicationId),
      [records[1]!.messageId, records[3]!.messageId],
    );
  });

  Deno.test(`local-aws-sqs, ${hold}: a FIFO group stops at a move that is refused`, async () => {
    const { sqs, queue, deadLetters } = await setUp("local-aws-sqs", true);
    const message = (MessageBody: string) => ({
      MessageBody,
      MessageGroupId: "a",
      MessageDeduplicationId: MessageBody,
    });
    const records = await queue.records(...["ok1", "never1", "ok2"].map(message));
    const fault = {
      kind: "fail-entries",
      code: "InvalidMessageContents",
      senderFault: true,
    } as const;
    await sqs.proxy.set({ action: "SendMessageBatch", ids: ["0"], ...fault });
    const processor = new PartialSQSProcessor({ config: sqs.config, nonRetryable: NEVER });
    const { batch, thrown } = await holding({ hold, processor, records, handler: handle });
    assertEquals(batch.outcomes.map(({ status }) => status), ["success", "fail", "unprocessed"]);
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertInstanceOf(thrown.errors[0], NoSuchOrder);
    assertEquals(thrown.unmoved.map(({ reason }) => reason), ["InvalidMessageContents"]);
    assertEquals([await queue.left(), await deadLetters.left()], [2, 0]);
  });
}

Deno.test("local-aws-sqs: two messages with the same deduplication id of their own are both kept", async () => {
  const { sqs, queue, deadLetters } = await setUp("local-aws-sqs", true);
  const [first] = await queue.records({
    MessageBody: "never1",
    MessageGroupId: "a",
    MessageDeduplicationId: "same",
  });
  // As if it had been sent after the five minutes of deduplication.
  const second = { ...first!, messageId: crypto.randomUUID(), body: "never2" };
  assertEquals(second.attributes.MessageDeduplicationId, "same");
  const processor = new PartialSQSProcessor({ config: sqs.config, nonRetryable: NEVER });
  await processor.run([first!, second], handle);
  assertEquals(await bodiesIn(deadLetters), ["never1", "never2"]);
});

Deno.test("fauxqs: a message of a standard queue gets a group of its own in a FIFO queue", async () => {
  const sqs = await testSqs();
  const target = await sqs.createQueue({ FifoQueue: "true" });
  const queue = await sqs.createQueue();
  const nonRetryable = { ...NEVER, to: { queueUrl: await target.urlAt(sqs.proxy.endpoint) } };
  const processor = new PartialSQSProcessor({ config: sqs.config, nonRetryable });
  const records = await queue.records("never1");
  await processor.run(records, handle);
  const [moved] = await target.receive(1);
  assertEquals(moved!.attributes.MessageGroupId, records[0]!.messageId);
});

// ------------------------------------------------------------------------------ what goes wrong

for (const hold of HOLDS) {
  for (
    const [what, faults, reason] of [
      [
        "a refused entry",
        [{
          action: "SendMessageBatch",
          kind: "fail-entries",
          ids: ["0"],
          code: "InvalidMessageContents",
          senderFault: true,
        }],
        "InvalidMessageContents",
      ],
      [
        "a missing permission to send",
        [{
          action: "SendMessageBatch",
          kind: "status",
          status: 403,
          code: "AccessDeniedException",
        }],
        "AccessDenied (HTTP 403), needs sqs:SendMessage on arn:aws:sqs:",
      ],
      [
        "a missing permission to read the redrive policy",
        [{
          action: "GetQueueAttributes",
          kind: "status",
          status: 403,
          code: "AccessDeniedException",
        }],
        "AccessDenied (HTTP 403), needs sqs:GetQueueAttributes on arn:aws:sqs:",
      ],
      [
        "a server that never answers",
        [{ action: "SendMessageBatch", kind: "hang" }],
        "no answer within the time limit",
      ],
      [
        "a redrive policy that never comes",
        [{ action: "GetQueueAttributes", kind: "hang" }],
        "no answer within the time limit",
      ],
      [
        "an answer that confirms nothing",
        [{ action: "SendMessageBatch", kind: "status", status: 200, body: "{}" }],
        "not among Successful in the answer",
      ],
    ] as const
  ) {
    Deno.test(`fauxqs, ${hold}: after ${what} the message returns, and the error says why`, async () => {
      const { sqs, queue, deadLetters } = await setUp();
      const records = await queue.records("ok", "never");
      await sqs.proxy.set(...faults);
      const processor = new PartialSQSProcessor({
        config: sqs.config,
        nonRetryable: NEVER,
        closeTimeoutMs: 400,
      });
      const { batch, thrown } = await holding({ hold, processor, records, handler: handle });
      assertEquals(batch.outcomes.map(({ status }) => status), ["success", "fail"]);
      assertInstanceOf(thrown, SQSBatchProcessingError);
      assertInstanceOf(thrown.errors[0], NoSuchOrder);
      assertEquals(thrown.unmoved.map(({ record }) => record), [records[1]!]);
      assertStringIncludes(thrown.unmoved[0]!.reason, reason);
      if (reason.startsWith("AccessDenied")) {
        // The SDK's own, whichever request it was.
        assertEquals((thrown.unmoved[0]!.error as Error).name, "AccessDeniedException");
      }
      assertStringIncludes(thrown.message, "1 failed message was not moved and will return");
      assertEquals([await queue.left(), await deadLetters.left()], [1, 0]);
      await sqs.proxy.killSockets();
    });
  }
}

Deno.test("local-aws-sqs: a message that SQS refuses to take returns, the others of its request are moved", async () => {
  const { sqs, queue, deadLetters } = await setUp("local-aws-sqs");
  const records = await queue.records("never1", "never2");
  records[0]!.messageAttributes.odd = { dataType: "Odd", stringValue: "secret" };
  const processor = new PartialSQSProcessor({ config: sqs.config, nonRetryable: NEVER });
  const { batch, thrown } = await holding({
    hold: "await using",
    processor,
    records,
    handler: handle,
  });
  assertEquals(batch.outcomes.map(({ status }) => status), ["fail", "dead-lettered"]);
  assertInstanceOf(thrown, SQSBatchProcessingError);
  assertEquals(thrown.unmoved, [{ record: records[0]!, reason: "InvalidParameterValue" }]);
  assertEquals(await bodiesIn(deadLetters), ["never2"]);
  await queue.makeVisible(records[0]!);
  assertEquals(await bodiesIn(queue), ["never1"]);
});

for (const hold of HOLDS) {
  Deno.test(`fauxqs, ${hold}: suppressException does not lose a message that could not be moved`, async () => {
    const { sqs, queue } = await setUp();
    const records = await queue.records("ok", "fail", "never");
    const fault = { kind: "status", status: 403, code: "AccessDeniedException" } as const;
    await sqs.proxy.set({ action: "SendMessageBatch", ...fault });
    const processor = new PartialSQSProcessor({
      config: sqs.config,
      nonRetryable: NEVER,
      suppressException: true,
    });
    const { thrown } = await holding({ hold, processor, records, handler: handle });
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertEquals(thrown.unmoved.map(({ record }) => record), [records[2]!]);
    await sqs.proxy.reset();
    const moved = await holding({ hold, processor, records: records.slice(1), handler: handle });
    assertEquals(moved.thrown, undefined);
  });
}

Deno.test("fauxqs: a queue without a dead-letter queue is a clear error, and is asked again", async () => {
  const sqs = await testSqs();
  const queue = await sqs.createQueue();
  const processor = new PartialSQSProcessor({ config: sqs.config, nonRetryable: NEVER });
  for (const bodies of [["never1", "never2"], ["never3"]]) {
    const records = await queue.records(...bodies);
    const { thrown } = await holding({ hold: "await using", processor, records, handler: handle });
    assertInstanceOf(thrown, SQSBatchProcessingError);
    const [unmoved] = thrown.unmoved;
    assertEquals(unmoved!.reason, `${await queue.arn()} has no dead-letter queue`);
  }
  assertEquals(await sqs.calls("GetQueueAttributes"), 2);
  assertEquals(await sqs.calls("SendMessageBatch"), 0);
});

Deno.test("fauxqs: a batch waits for a redrive policy that another one asked for, but not too long", async () => {
  const { sqs, queue, deadLetters } = await setUp();
  const [first, second] = await queue.records("never1", "never2");
  await sqs.proxy.set({ action: "GetQueueAttributes", kind: "hang", times: 1 });
  const processor = new PartialSQSProcessor({ config: sqs.config, nonRetryable: NEVER });
  const patient = processor.run([first!], handle, { context: lambdaContext(60_000) });
  while (await sqs.calls("GetQueueAttributes") === 0);
  const context = lambdaContext(600);
  const { batch } = await holding({
    hold: "await using",
    processor,
    records: [second!],
    handler: handle,
    context,
  });
  assert(context.getRemainingTimeInMillis() > 0);
  const reasons = batch.unconfirmed.unmoved.map(({ reason }) => reason);
  assertEquals(reasons, ["no answer within the time limit"]);
  await sqs.proxy.killSockets();
  assertEquals((await patient).map(({ status }) => status), ["dead-lettered"]);
  assertEquals(await deadLetters.left(), 1);
});

Deno.test("fauxqs: a redrive policy that another batch had no time for is asked for again", async () => {
  const { sqs, queue, deadLetters } = await setUp();
  const [first, second] = await queue.records("never1", "never2");
  await sqs.proxy.set({ action: "GetQueueAttributes", kind: "hang", times: 1 });
  const processor = new PartialSQSProcessor({ config: sqs.config, nonRetryable: NEVER });
  const context = lambdaContext(600);
  const hurried = holding({
    hold: "await using",
    processor,
    records: [first!],
    handler: handle,
    context,
  });
  while (await sqs.calls("GetQueueAttributes") === 0);
  const outcomes = await processor.run([second!], handle);
  assertEquals(outcomes.map(({ status }) => status), ["dead-lettered"]);
  assertEquals((await hurried).batch.outcomes.map(({ status }) => status), ["fail"]);
  assertEquals(await deadLetters.left(), 1);
  await sqs.proxy.killSockets();
});

Deno.test("local-aws-sqs: a redrive policy that cannot be read is asked for twice at most by a batch", async () => {
  const { sqs, queue } = await setUp("local-aws-sqs", true);
  await queue.send(
    ...bodies("never", 9).flatMap((MessageBody) =>
      [1, 2].map((nth) => ({
        MessageBody,
        MessageGroupId: MessageBody,
        MessageDeduplicationId: `${MessageBody}-${nth}`,
      }))
    ),
  );
  const records = await queue.receive(18);
  const fault = { kind: "status", status: 403, code: "AccessDeniedException" } as const;
  await sqs.proxy.set({ action: "GetQueueAttributes", ...fault });
  const processor = new PartialSQSProcessor({ config: sqs.config, nonRetryable: NEVER });
  const { batch } = await holding({ hold: "await using", processor, records, handler: handle });
  assertEquals(batch.unconfirmed.unmoved.length, 9);
  assert(await sqs.calls("GetQueueAttributes") <= 2);
});

Deno.test("fauxqs: a lost answer may leave a message in both queues, never in none", async () => {
  const { sqs, queue, deadLetters } = await setUp();
  const records = await queue.records("never");
  await sqs.proxy.set({ action: "SendMessageBatch", kind: "lose-answer" });
  const processor = new PartialSQSProcessor({ config: sqs.config, nonRetryable: NEVER });
  const { batch } = await holding({ hold: "await using", processor, records, handler: handle });
  assertEquals(batch.outcomes.map(({ status }) => status), ["fail"]);
  assertEquals(await queue.left(), 1);
  assert(await deadLetters.left() >= 1);
});

Deno.test("a move gets at most half of what is left of the invocation", async () => {
  const { sqs, queue } = await setUp();
  const records = await queue.records("ok", "never");
  await sqs.proxy.set({ action: "SendMessageBatch", kind: "hang" });
  const processor = new PartialSQSProcessor({ config: sqs.config, nonRetryable: NEVER });
  const context = lambdaContext(1_500);
  const { thrown } = await holding({
    hold: "await using",
    processor,
    records,
    handler: handle,
    context,
  });
  assert(context.getRemainingTimeInMillis() > 0);
  assertInstanceOf(thrown, SQSBatchProcessingError);
  assertEquals(thrown.undeleted, []);
  assertEquals(await queue.left(), 1);
  await sqs.proxy.killSockets();
});

// ------------------------------------------------------------------------------------- when

Deno.test("isNonRetryable() goes by class or by function", () => {
  const record = makeRecord();
  const judge = (when: NonRetryable["when"], error: unknown) =>
    isNonRetryable({ when }, record, error);
  assert(judge([TypeError, NoSuchOrder], new NoSuchOrder()));
  assert(!judge([TypeError, NoSuchOrder], new Error()));
  assert(!judge([], new Error()));
  assert(!judge([Error], undefined));
  const seen: unknown[] = [];
  const when = (...args: unknown[]) => seen.push(...args) > 0;
  assert(judge(when, "text"));
  assertEquals(seen, ["text", record]);
});

for (
  const [what, when] of [
    ["a promise", () => Promise.resolve(true) as unknown as boolean],
    ["a promise that rejects", () => Promise.reject(new Error("late")) as unknown as boolean],
    ["a truthy value", () => 1 as unknown as boolean],
    ["nothing", () => undefined as unknown as boolean],
    ["an error that it throws", () => {
      throw new TypeError("cannot tell");
    }],
  ] as const
) {
  Deno.test(`a \`when\` that gives ${what} decides nothing: the record fails, with both errors`, async () => {
    // With "delete" nothing stands between a wrong decision and the loss of the message.
    const processor = new PartialSQSProcessor({
      nonRetryable: { when, to: "delete" },
      suppressException: true,
    });
    const { batch, thrown } = await holding({
      hold: "using",
      processor,
      records: makeRecords("never"),
      handler: handle,
    });
    const [outcome] = batch.outcomes;
    assert(outcome?.status === "fail");
    assertInstanceOf(outcome.error, AggregateError);
    assertInstanceOf(outcome.error.errors[0], NoSuchOrder);
    assertInstanceOf(outcome.error.errors[1], TypeError);
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertEquals(thrown.unmoved.map(({ record }) => record), [outcome.record]);
  });
}

Deno.test("a body that is no order is moved: nonRetryable knows SqsBodyError", async () => {
  const { sqs, queue, deadLetters } = await setUp();
  await queue.send("no JSON");
  const handler = withSqsBatch(jsonBody(() => {}), {
    config: sqs.config,
    nonRetryable: { when: [SqsBodyError] },
  });
  await queue.poll({ handler });
  assertEquals([await queue.left(), await deadLetters.left()], [0, 1]);
});

Deno.test("PartialSQSProcessor throws TypeError for a nonRetryable that is none", () => {
  const cases = [
    [null, "expected an object, got null"],
    [{}, "nonRetryable.when: expected an array of error classes or a function, got undefined"],
    [{ when: NoSuchOrder }, "got a class, put it into an array"],
    [{ when: TypeError }, "got a class, put it into an array"],
    [{ when: ["TypeError"] }, "got an array of length 1"],
    [{ when: [() => true] }, "got an array of length 1"],
    [{ when: [], to: "trash" }, "nonRetryable.to: expected"],
    [{ when: [], to: { queueUrl: "orders" } }, "nonRetryable.to: expected"],
    [{ when: [], to: { queueUrl: `${QUEUE_ARN}-failed` } }, "http or https URL"],
    [{ when: [], too: "delete" }, '"too"'],
    [
      { when: [], failureAttributes: "yes" },
      'nonRetryable.failureAttributes: expected a boolean or "with-error-message", got a string',
    ],
    [{ when: [], failureAttributes: null }, "nonRetryable.failureAttributes: expected a boolean"],
    [{ when: [], failureAttributes: {} }, "nonRetryable.failureAttributes: expected a boolean"],
    [{ when: [], to: "delete", failureAttributes: true }, "a deleted message tells nothing"],
  ] as const;
  for (const [nonRetryable, says] of cases) {
    assertThrows(
      () => new PartialSQSProcessor({ nonRetryable: nonRetryable as never }),
      TypeError,
      says,
    );
  }
});
