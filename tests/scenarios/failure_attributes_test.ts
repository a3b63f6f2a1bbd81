import {
  type NonRetryable,
  PartialSQSProcessor,
  type PartialSQSProcessorOptions,
  SQSBatchProcessingError,
  withSqsBatch,
} from "@partial-batch/sqs";
import {
  createFakeSqsClient,
  createLambdaContext,
  createSqsEvent,
} from "@partial-batch/sqs/testing";
import { assert, assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import type { SQSRecord } from "aws-lambda";
import { lambdaContext } from "../support/lambda_context.ts";
import { holding, HOLDS } from "../support/hold.ts";
import { type MessageToSend, type ServerName, SERVERS } from "../support/test_queue.ts";
import { testSqs } from "../support/test_sqs.ts";

// A moved message tells why, and is moved whatever the library adds to it.

class NoSuchOrder extends Error {}

function refuse({ body }: SQSRecord): void {
  throw new NoSuchOrder(`no order ${body}`);
}

const TELLING: NonRetryable = { when: [Error], failureAttributes: true };

/** A queue with its dead-letter queue, which may have attributes of its own. */
async function setUp(
  server: ServerName,
  { fifo = false, deadLetterAttributes = {} }: {
    readonly fifo?: boolean;
    readonly deadLetterAttributes?: Record<string, string>;
  } = {},
) {
  const sqs = await testSqs(server);
  const attributes = fifo ? { FifoQueue: "true" } : {};
  const deadLetters = await sqs.createQueue({ ...attributes, ...deadLetterAttributes });
  const deadLetterTargetArn = await deadLetters.arn();
  const queue = await sqs.createQueue({
    ...attributes,
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 5 }),
  });
  const processorWith = (
    nonRetryable: NonRetryable,
    options: PartialSQSProcessorOptions = {},
  ) => new PartialSQSProcessor({ config: sqs.config, nonRetryable, ...options });
  return { sqs, queue, deadLetters, processorWith };
}

/** The text attributes of a message, without the prefix of those that the library added. */
function told({ messageAttributes }: SQSRecord): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(messageAttributes)
      .map(([name, { stringValue }]) => [name.replace("PartialBatch.", ""), stringValue]),
  );
}

function own(count: number): NonNullable<MessageToSend["MessageAttributes"]> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, nth) => [
      `own${nth}`,
      { DataType: "String", StringValue: "x" },
    ]),
  );
}

for (const server of SERVERS) {
  for (const hold of HOLDS) {
    Deno.test(`${server}, ${hold}: a moved message tells why, beside its own attributes`, async () => {
      const { queue, deadLetters, processorWith } = await setUp(server);
      const records = await queue.records({ MessageBody: "17", MessageAttributes: own(1) });
      const { thrown } = await holding({
        hold,
        processor: processorWith(TELLING),
        records,
        handler: refuse,
        context: { ...lambdaContext(60_000), functionName: "ship-orders" },
      });
      assertEquals(thrown, undefined);
      const [moved] = await deadLetters.receive();
      const { MovedAt, ...rest } = told(moved!);
      assertMatch(MovedAt!, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      assertEquals(rest, {
        own0: "x",
        ErrorName: "NoSuchOrder",
        MessageId: records[0]!.messageId,
        SourceQueue: await queue.arn(),
        FunctionName: "ship-orders",
        ReceiveCount: "1",
      });
      const types = Object.entries(moved!.messageAttributes).filter(([, { dataType }]) =>
        dataType !== "String"
      );
      assertEquals(types.map(([name, { dataType }]) => [name, dataType]), [
        ["PartialBatch.ReceiveCount", "Number"],
      ]);
      assertEquals(moved!.body, "17");
    });
  }

  Deno.test(`${server}: only with "with-error-message" it tells the error's message`, async () => {
    const { queue, deadLetters, processorWith } = await setUp(server);
    for (const failureAttributes of [true, "with-error-message"] as const) {
      const records = await queue.records("17");
      await processorWith({ ...TELLING, failureAttributes }).run(records, refuse);
      const [moved] = await deadLetters.receive();
      const message = failureAttributes === true ? undefined : "no order 17";
      assertEquals(told(moved!).ErrorMessage, message);
      assertEquals(JSON.stringify(moved).includes("no order"), failureAttributes !== true);
    }
  });

  Deno.test(`${server}: without the option, or with false, nothing is added`, async () => {
    const { queue, deadLetters, processorWith } = await setUp(server);
    const to = { when: [Error] };
    for (const nonRetryable of [to, { ...to, failureAttributes: false }]) {
      const records = await queue.records({ MessageBody: "17", MessageAttributes: own(1) });
      await processorWith(nonRetryable).run(records, refuse);
      assertEquals(told((await deadLetters.receive())[0]!), { own0: "x" });
    }
  });

  Deno.test(`${server}: of ten attributes the message's own come first`, async () => {
    const { sqs, queue, deadLetters, processorWith } = await setUp(server);
    for (const count of [8, 9, 10]) {
      const records = await queue.records({ MessageBody: "17", MessageAttributes: own(count) });
      await processorWith(TELLING).run(records, refuse);
      const [moved] = await deadLetters.receive();
      const names = Object.keys(told(moved!)).filter((name) => !name.startsWith("own"));
      assertEquals(names.toSorted(), ["ErrorName", "MessageId"].slice(0, 10 - count));
      assertEquals(Object.keys(moved!.messageAttributes).length, 10);
    }
    assertEquals(await sqs.calls("SendMessageBatch"), 3);
  });

  Deno.test(`${server}: a message near 1 MiB is moved, with what there is room for`, async () => {
    const { sqs, queue, deadLetters, processorWith } = await setUp(server);
    // PartialBatch.ErrorName, String and NoSuchOrder have 39 bytes; those of the receive count are 32.
    const cases = [[0, []], [31, []], [38, ["ReceiveCount"]], [39, ["ErrorName"]]] as const;
    for (const [left, names] of cases) {
      const records = await queue.records("x".repeat(1_048_576 - left));
      await processorWith(TELLING).run(records, refuse);
      const [moved] = await deadLetters.receive();
      assertEquals(Object.keys(told(moved!)), [...names]);
      assertEquals(moved!.body.length, 1_048_576 - left);
    }
    assertEquals(await sqs.calls("SendMessageBatch"), cases.length);
  });

  Deno.test(`${server}: a request has room for what is added to its messages`, async () => {
    const { sqs, queue, deadLetters, processorWith } = await setUp(server);
    // Without attributes, the two would fit into one request.
    const bodies = ["a", "b"].map((letter) => letter.repeat(524_288 - 20));
    const records = (await Promise.all(bodies.map((body) => queue.records(body)))).flat();
    await processorWith(TELLING).run(records, refuse);
    const requests = await sqs.proxy.requests("SendMessageBatch");
    assertEquals(requests.map(({ input }) => input.Entries.length), [1, 1]);
    const moved = await deadLetters.receive();
    assertEquals(moved.map((each) => told(each).ErrorName), ["NoSuchOrder", "NoSuchOrder"]);
  });

  Deno.test(`${server}: where SQS refuses a message with them, it is moved without them`, async () => {
    const { sqs, queue, deadLetters, processorWith } = await setUp(server);
    const records = await queue.records(
      { MessageBody: "1", MessageAttributes: own(1) },
      "2",
    );
    await sqs.proxy.set({
      action: "SendMessageBatch",
      kind: "fail-entries",
      ids: ["0"],
      code: "InvalidParameterValue",
      senderFault: true,
      times: 1,
    });
    const outcomes = await processorWith(TELLING).run(records, refuse);
    assertEquals(outcomes.map(({ status }) => status), ["dead-lettered", "dead-lettered"]);
    const moved = (await deadLetters.receive()).sort((a, b) => a.body < b.body ? -1 : 1);
    assertEquals(told(moved[0]!), { own0: "x" });
    assertEquals(told(moved[1]!).ErrorName, "NoSuchOrder");
    const requests = await sqs.proxy.requests("SendMessageBatch");
    assertEquals(requests.map(({ input }) => input.Entries.length), [2, 1]);
  });

  Deno.test(`${server}: where SQS refuses a whole request with them, its messages are moved without them`, async () => {
    const { sqs, queue, deadLetters, processorWith } = await setUp(server);
    const records = await queue.records("1", "2");
    const fault = { kind: "status", status: 400, code: "BatchRequestTooLong", times: 1 } as const;
    await sqs.proxy.set({ action: "SendMessageBatch", ...fault });
    const outcomes = await processorWith(TELLING).run(records, refuse);
    assertEquals(outcomes.map(({ status }) => status), ["dead-lettered", "dead-lettered"]);
    assertEquals((await deadLetters.receive()).map(told), [{}, {}]);
  });

  Deno.test(`${server}: a message without room is moved, where its request is refused for what others got`, async () => {
    const { sqs, queue, deadLetters, processorWith } = await setUp(server);
    const records = await queue.records(
      { MessageBody: "1", MessageAttributes: own(10) },
      "2",
    );
    const fault = { kind: "status", status: 400, code: "BatchRequestTooLong", times: 1 } as const;
    await sqs.proxy.set({ action: "SendMessageBatch", ...fault });
    const outcomes = await processorWith(TELLING).run(records, refuse);
    assertEquals(outcomes.map(({ status }) => status), ["dead-lettered", "dead-lettered"]);
    const moved = (await deadLetters.receive()).sort((a, b) => a.body < b.body ? -1 : 1);
    assertEquals(moved.map((each) => Object.keys(told(each)).length), [10, 0]);
    assertEquals(await sqs.calls("SendMessageBatch"), 2);
  });

  Deno.test(`${server}: what SQS refuses without them too returns, with the reason`, async () => {
    const { sqs, queue, deadLetters, processorWith } = await setUp(server);
    const records = await queue.records("1");
    await sqs.proxy.set({
      action: "SendMessageBatch",
      kind: "fail-entries",
      ids: ["0"],
      code: "InvalidParameterValue",
      senderFault: true,
    });
    const processor = processorWith(TELLING);
    const { thrown } = await holding({ hold: "await using", processor, records, handler: refuse });
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertEquals(thrown.unmoved, [{ record: records[0]!, reason: "InvalidParameterValue" }]);
    assertEquals([await queue.left(), await deadLetters.left()], [1, 0]);
    assertEquals(await sqs.calls("SendMessageBatch"), 2);
  });

  Deno.test(`${server}: a message that was redriven and failed again tells of its last failure`, async () => {
    const { queue, deadLetters, processorWith } = await setUp(server);
    const options = { ...TELLING, failureAttributes: "with-error-message" } as const;
    const first = await queue.records({ MessageBody: "17", MessageAttributes: own(3) });
    await processorWith(options).run(first, refuse);
    const [dead] = await deadLetters.receive();
    assertEquals(Object.keys(dead!.messageAttributes).length, 9);
    assertEquals(told(dead!).MessageId, first[0]!.messageId);
    const again = await queue.records({
      MessageBody: dead!.body,
      MessageAttributes: Object.fromEntries(
        Object.entries(dead!.messageAttributes)
          .map(([name, { dataType, stringValue }]) => [name, {
            DataType: dataType,
            StringValue: stringValue,
          }]),
      ),
    });
    await processorWith(TELLING).run(again, () => {
      throw new RangeError("other");
    });
    const [deadAgain] = await deadLetters.receive();
    const { MovedAt, ...rest } = told(deadAgain!);
    assert(MovedAt! >= told(dead!).MovedAt!);
    assertEquals(rest, {
      own0: "x",
      own1: "x",
      own2: "x",
      ErrorName: "RangeError",
      MessageId: again[0]!.messageId,
      SourceQueue: await queue.arn(),
      ReceiveCount: "1",
    });
  });

  for (
    const [what, error] of [
      ["with control characters", Object.assign(new Error("a\0\x08b"), { name: "a\0\x08b" })],
      ["with lone surrogates", Object.assign(new Error("\uD800"), { name: "\uDC00\uD800" })],
      ["with noncharacters", Object.assign(new Error("\uFFFE\uFFFF"), { name: "\uFFFF" })],
      ["with emoji", Object.assign(new Error("\u{1F600}"), { name: "\u{1F600}" })],
      [
        "of 100,000 characters",
        Object.assign(new Error("é".repeat(100_000)), { name: "n".repeat(100_000) }),
      ],
      [
        "whose members are symbols",
        Object.assign(new Error(), { name: Symbol(), message: Symbol() }),
      ],
      ["without a prototype", Object.setPrototypeOf(new Error("x"), null)],
      [
        "whose members throw",
        Object.defineProperties(new Error(), {
          name: { get: () => JSON.parse("") },
          message: { get: () => JSON.parse("") },
        }),
      ],
      ["that is none", { toString: () => JSON.parse("") }],
    ] as const
  ) {
    Deno.test(`${server}: an error ${what} keeps no message from being moved`, async () => {
      const { sqs, queue, deadLetters, processorWith } = await setUp(server);
      const records = await queue.records("17");
      const processor = processorWith({
        when: () => true,
        failureAttributes: "with-error-message",
      });
      const [outcome] = await processor.run(records, () => {
        throw error;
      });
      assertEquals(outcome!.status, "dead-lettered");
      const [moved] = await deadLetters.receive();
      assert(told(moved!).ErrorName !== undefined);
      // At the first attempt: SQS took what was added.
      assertEquals(await sqs.calls("SendMessageBatch"), 1);
    });
  }

  Deno.test(`${server}: the wrapper does it too, and gives a response that lists nothing`, async () => {
    const { sqs, queue, deadLetters } = await setUp(server);
    await queue.send("17");
    const handler = withSqsBatch(refuse, {
      config: sqs.config,
      nonRetryable: TELLING,
      reportItemFailures: true,
    });
    const invocation = await queue.poll({ handler, reportBatchItemFailures: true });
    assertEquals(invocation?.error, undefined);
    const [moved] = await deadLetters.receive();
    assertEquals(told(moved!).ErrorName, "NoSuchOrder");
    assert(told(moved!).FunctionName !== undefined);
    assertEquals(await queue.left(), 0);
  });
}

Deno.test("fauxqs: a dead-letter queue whose limit is smaller gets the message without them", async () => {
  const { sqs, queue, deadLetters, processorWith } = await setUp("fauxqs", {
    deadLetterAttributes: { MaximumMessageSize: "1024" },
  });
  const [large] = await queue.records("x".repeat(1_020));
  const [small] = await queue.records("17");
  const outcomes = await processorWith(TELLING).run([large!, small!], refuse);
  assertEquals(outcomes.map(({ status }) => status), ["dead-lettered", "dead-lettered"]);
  const moved = await deadLetters.receive();
  const names = moved.map((each) => [each.body.length, told(each).ErrorName] as const);
  assertEquals(names.toSorted(([a], [b]) => a - b), [[2, "NoSuchOrder"], [1_020, undefined]]);
  assertEquals(await sqs.calls("SendMessageBatch"), 2);
});

Deno.test("local-aws-sqs: in a FIFO queue each failure tells why, and keeps its group", async () => {
  const { queue, deadLetters, processorWith } = await setUp("local-aws-sqs", { fifo: true });
  const records = await queue.records(
    ...["1", "2"].map((MessageBody) => ({
      MessageBody,
      MessageGroupId: "a",
      MessageDeduplicationId: MessageBody,
    })),
  );
  const options = { ...TELLING, failureAttributes: "with-error-message" } as const;
  await processorWith(options).run(records, refuse);
  const moved = await deadLetters.receive();
  assertEquals(
    moved.map((each) => [each.attributes.MessageGroupId, told(each).ErrorMessage]),
    [["a", "no order 1"], ["a", "no order 2"]],
  );
});

Deno.test("a message of a fair queue keeps its group, and tells why", async () => {
  const client = createFakeSqsClient({ deadLetterQueue: "orders-dlq" });
  const handler = withSqsBatch(refuse, { client, nonRetryable: TELLING });
  await handler(createSqsEvent(["17"], { groups: ["tenant-1"] }), createLambdaContext());
  const [entry] = client.requests.flatMap(({ action, input }) =>
    action === "SendMessageBatch" ? input.Entries ?? [] : []
  );
  assertEquals(entry?.MessageGroupId, "tenant-1");
  const { "PartialBatch.ErrorName": name } = entry?.MessageAttributes ?? {};
  assertEquals(name, { DataType: "String", StringValue: "NoSuchOrder" });
});

Deno.test("a message that is in a batch twice is moved once, and tells of its first failure", async () => {
  const { queue, deadLetters, processorWith } = await setUp("fauxqs");
  const [record] = await queue.records("17");
  let nth = 0;
  const options = { ...TELLING, failureAttributes: "with-error-message" } as const;
  const outcomes = await processorWith(options, { concurrency: 1 })
    .run([record!, { ...record! }], () => {
      throw new NoSuchOrder(`${++nth}`);
    });
  assertEquals(outcomes.map(({ status }) => status), ["dead-lettered", "dead-lettered"]);
  assertEquals((await deadLetters.receive()).map((each) => told(each).ErrorMessage), ["1"]);
});

Deno.test("what the handler writes to its record is not what the attributes tell", async () => {
  const { queue, deadLetters, processorWith } = await setUp("fauxqs");
  const records = await queue.records("17");
  const { messageId } = records[0]!;
  await processorWith(TELLING).run(records, (record) => {
    record.messageId = "other";
    record.eventSourceARN = "other";
    record.attributes.ApproximateReceiveCount = "99";
    throw new NoSuchOrder();
  });
  const { MessageId, ReceiveCount, SourceQueue } = told((await deadLetters.receive())[0]!);
  assertEquals([MessageId, ReceiveCount, SourceQueue], [messageId, "1", await queue.arn()]);
});

for (const fault of [{ kind: "drop" }, { kind: "status", status: 503 }] as const) {
  Deno.test(`where SQS did not refuse (${fault.kind}), nothing is sent without them, and the message returns`, async () => {
    const { sqs, queue, processorWith } = await setUp("fauxqs");
    const records = await queue.records("17");
    await sqs.proxy.set({ action: "SendMessageBatch", ...fault });
    const processor = processorWith(TELLING, { config: { ...sqs.config, maxAttempts: 1 } });
    const { thrown } = await holding({ hold: "await using", processor, records, handler: refuse });
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertEquals(thrown.unmoved.map(({ record }) => record), records);
    const requests = await sqs.proxy.requests("SendMessageBatch");
    // A client may repeat by itself what a connection that it kept did not carry.
    assert(requests.length > 0);
    assert(
      requests.every(({ input }) => "PartialBatch.ErrorName" in input.Entries[0].MessageAttributes),
    );
  });
}
