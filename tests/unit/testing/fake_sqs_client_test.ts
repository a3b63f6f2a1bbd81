import {
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
} from "@aws-sdk/client-sqs";
import {
  PartialSQSProcessor,
  type PartialSQSProcessorOptions,
  SQSBatchProcessingError,
} from "@partial-batch/sqs";
import {
  createFakeSqsClient,
  createSqsEvent,
  createSqsRecord,
  type FakeSqsClient,
  type FakeSqsClientOptions,
} from "@partial-batch/sqs/testing";
import { assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import type { SQSRecord } from "aws-lambda";
import { handleBody, makeRecord } from "../../support/factories.ts";
import { type Hold, holding, HOLDS } from "../../support/hold.ts";

/** Runs a batch with a client, and gives the error. */
async function failWith(
  hold: Hold,
  client: FakeSqsClient,
  records: readonly SQSRecord[],
  options: PartialSQSProcessorOptions = {},
): Promise<SQSBatchProcessingError> {
  const processor = new PartialSQSProcessor({ client, ...options });
  const { thrown } = await holding({ hold, processor, records, handler: handleBody });
  assertInstanceOf(thrown, SQSBatchProcessingError);
  return thrown;
}

const reasons = (unconfirmed: readonly { readonly reason: string }[]) =>
  unconfirmed.map(({ reason }) => reason);

const DELETIONS = { action: "DeleteMessageBatch" } as const;

for (const hold of HOLDS) {
  Deno.test(`createFakeSqsClient(), ${hold}: it says what was deleted, in order, and what was asked`, async () => {
    const client = createFakeSqsClient();
    const { Records } = createSqsEvent(["ok1", "fail", "ok2"]);
    const error = await failWith(hold, client, Records);
    assertEquals(error.undeleted, []);
    const [first, , third] = Records;
    assertEquals(client.deleted, [first!.messageId, third!.messageId]);
    assertEquals(client.requests.length, 1);
    const [{ action, input }] = client.requests as [FakeSqsClient["requests"][number]];
    assertEquals([action, input.QueueUrl], [
      "DeleteMessageBatch",
      "https://sqs.us-east-1.amazonaws.com/123456789012/orders",
    ]);
    assertEquals(input, {
      QueueUrl: input.QueueUrl,
      Entries: [
        { Id: "0", ReceiptHandle: first!.receiptHandle },
        { Id: "1", ReceiptHandle: third!.receiptHandle },
      ],
    });
  });

  Deno.test(`createFakeSqsClient(), ${hold}: it knows a record of createSqsRecord() that was copied, and given ones`, async () => {
    const own = makeRecord({ body: "ok1" });
    const client = createFakeSqsClient({ records: [own] });
    const { Records } = structuredClone(createSqsEvent(["ok2", "fail"]));
    const error = await failWith(hold, client, [own, ...Records]);
    assertEquals(error.undeleted, []);
    assertEquals(client.deleted, [own.messageId, Records[0]!.messageId]);
  });

  Deno.test(`createFakeSqsClient(), ${hold}: a receipt handle that it does not know fails its entry alone`, async () => {
    const client = createFakeSqsClient();
    const strange = makeRecord({ body: "ok1" });
    const { Records } = createSqsEvent(["ok2", "fail"]);
    const error = await failWith(hold, client, [strange, ...Records]);
    assertEquals(error.undeleted.map(({ record, reason }) => [record, reason]), [
      [strange, "ReceiptHandleIsInvalid"],
    ]);
    assertEquals(client.deleted, [Records[0]!.messageId]);
  });

  Deno.test(`createFakeSqsClient(), ${hold}: messages are moved to the queue of the redrive policy, and delayed`, async () => {
    const client = createFakeSqsClient({ deadLetterQueue: "orders-dlq" });
    const queue = "arn:aws:sqs:eu-west-1:999999999999:orders";
    // Equal bodies: what was moved is told by message, not by body.
    const { Records } = createSqsEvent(["never", "never", "fail", "ok"], { queue });
    const processor = new PartialSQSProcessor({
      client,
      nonRetryable: { when: [SyntaxError] },
      retryDelay: 90,
    });
    const { thrown } = await holding({
      hold,
      processor,
      records: Records,
      handler: (record) => {
        if (record.body === "never") throw new SyntaxError();
        return handleBody(record);
      },
    });
    assertInstanceOf(thrown, SQSBatchProcessingError);
    const ids = Records.map(({ messageId }) => messageId);
    const queueUrl = "https://sqs.eu-west-1.amazonaws.com/999999999999/orders-dlq";
    assertEquals(client.moved, ids.slice(0, 2).map((messageId) => ({ messageId, queueUrl })));
    assertEquals(client.delayed, [{ messageId: ids[2]!, seconds: 90 }]);
    assertEquals(client.deleted, ids.filter((_, index) => index !== 2));
    assertEquals(client.requests.map(({ action }) => action), [
      "GetQueueAttributes",
      "SendMessageBatch",
      "ChangeMessageVisibilityBatch",
      "DeleteMessageBatch",
    ]);
  });

  Deno.test(`createFakeSqsClient(), ${hold}: without deadLetterQueue a queue has no redrive policy`, async () => {
    const client = createFakeSqsClient();
    const { Records } = createSqsEvent(["fail"]);
    const error = await failWith(hold, client, Records, { nonRetryable: { when: [RangeError] } });
    assertEquals(reasons(error.unmoved), [
      "arn:aws:sqs:us-east-1:123456789012:orders has no dead-letter queue",
    ]);
    assertEquals(client.moved, []);
  });

  // ---------------------------------------------------------------------------------- faults

  for (
    const [what, options, undeleted, requests] of [
      [
        "refuse",
        { faults: [{ kind: "refuse", ...DELETIONS }] },
        [
          "AccessDenied (HTTP 403), needs sqs:DeleteMessage on arn:aws:sqs:us-east-1:123456789012:orders",
        ],
        1,
      ],
      [
        "refuse with a code",
        { faults: [{ kind: "refuse", code: "QueueDoesNotExist" }] },
        ["QueueDoesNotExist (HTTP 400)"],
        1,
      ],
      [
        "refuse a message",
        { faults: [{ kind: "refuse", messageIds: ["m1"] }] },
        ["ReceiptHandleIsInvalid"],
        1,
      ],
      ["refuse another message", { faults: [{ kind: "refuse", messageIds: ["m9"] }] }, [], 1],
      [
        "refuse another action",
        { faults: [{ kind: "refuse", action: "SendMessageBatch" }] },
        [],
        1,
      ],
      ["fail once", { faults: [{ kind: "fail", times: 1 }] }, [], 2],
      ["fail", { faults: [{ kind: "fail" }] }, ["InternalError (HTTP 500)"], 3],
      ["fail a message twice", { faults: [{ kind: "fail", messageIds: ["m1"], times: 2 }] }, [], 3],
      ["fail a message", { faults: [{ kind: "fail", messageIds: ["m1"] }] }, ["InternalError"], 4],
      ["throttle twice", { faults: [{ kind: "throttle", times: 2 }] }, [], 3],
      ["throttle", { faults: [{ kind: "throttle" }] }, ["RequestThrottled (HTTP 400)"], 3],
      ["hang", { faults: [{ kind: "hang" }] }, ["no answer within the time limit"], 1],
      [
        "two faults",
        { faults: [{ kind: "throttle", times: 1 }, { kind: "hang" }] },
        ["no answer within the time limit"],
        2,
      ],
    ] as [string, FakeSqsClientOptions, string[], number][]
  ) {
    Deno.test(`createFakeSqsClient(), ${hold}: ${what}`, async () => {
      const client = createFakeSqsClient(options);
      const records = ["ok", "fail"].map((body, index) =>
        createSqsRecord({ messageId: `m${index + 1}`, body })
      );
      const error = await failWith(hold, client, records, { closeTimeoutMs: 1_000 });
      assertEquals(reasons(error.undeleted), undeleted);
      assertEquals(client.deleted, undeleted.length === 0 ? ["m1"] : []);
      assertEquals(client.requests.length, requests);
    });
  }

  Deno.test(`createFakeSqsClient(), ${hold}: a FIFO message whose visibility timeout is over`, async () => {
    const client = createFakeSqsClient({
      faults: [{ kind: "refuse", messageIds: ["m1"], code: "InvalidParameterValue" }],
    });
    const eventSourceARN = "arn:aws:sqs:us-east-1:123456789012:orders.fifo";
    const records = ["m1", "m2"].map((messageId) =>
      createSqsRecord({
        messageId,
        eventSourceARN,
        body: messageId === "m1" ? "ok" : "fail",
        attributes: { MessageGroupId: messageId },
      })
    );
    const error = await failWith(hold, client, records);
    assertEquals(reasons(error.undeleted), [
      "InvalidParameterValue, the message's visibility timeout was over",
    ]);
    assertEquals(client.deleted, []);
  });

  Deno.test(`createFakeSqsClient(), ${hold}: a fault hits moves and delays by message, too`, async () => {
    const client = createFakeSqsClient({
      deadLetterQueue: "dlq",
      faults: [
        { kind: "refuse", action: "SendMessageBatch", messageIds: ["m1"], code: "InvalidMessage" },
        { kind: "refuse", action: "ChangeMessageVisibilityBatch", messageIds: ["m1"] },
      ],
    });
    const records = ["fail1", "fail2"].map((body, index) =>
      createSqsRecord({ messageId: `m${index + 1}`, body })
    );
    const options = { nonRetryable: { when: [RangeError] }, retryDelay: 5 };
    const error = await failWith(hold, client, records, options);
    assertEquals(reasons(error.unmoved), ["InvalidMessage"]);
    assertEquals(reasons(error.undelayed), ["ReceiptHandleIsInvalid"]);
    assertEquals(client.moved.map(({ messageId }) => messageId), ["m2"]);
    assertEquals(client.deleted, ["m2"]);
  });
}

Deno.test("createFakeSqsClient(): a deletion that hangs is told at once under plain using", async () => {
  const client = createFakeSqsClient({ faults: [{ kind: "hang" }] });
  const { Records } = createSqsEvent(["ok", "fail"]);
  const error = await failWith("using", client, Records, { closeTimeoutMs: 5_400_000 });
  assertEquals(reasons(error.undeleted), ["no answer within the time limit"]);
});

Deno.test("createFakeSqsClient(): a message is listed once, however often it is deleted", async () => {
  const client = createFakeSqsClient();
  const { Records } = createSqsEvent(["ok", "fail"]);
  for (let round = 0; round < 2; round++) await failWith("await using", client, Records);
  assertEquals(client.deleted, [Records[0]!.messageId]);
  assertEquals(client.requests.length, 2);
});

Deno.test("createFakeSqsClient() gives a redrive policy only if asked for it, by name or ARN", () => {
  const QueueUrl = "https://sqs.cn-north-1.amazonaws.com.cn/999999999999/orders";
  const ask = (deadLetterQueue: string, ...AttributeNames: ("All" | "RedrivePolicy")[]) =>
    createFakeSqsClient({ deadLetterQueue }).sendSync(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames }),
    );
  const policy = (deadLetterTargetArn: string) => ({
    Attributes: { RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 3 }) },
  });
  const arn = "arn:aws:sqs:us-east-1:123456789012:dlq";
  assertEquals(ask("dlq", "All"), policy("arn:aws-cn:sqs:cn-north-1:999999999999:dlq"));
  assertEquals(ask(arn, "RedrivePolicy"), policy(arn));
  assertEquals(ask(arn), {});
  assertEquals(ask("dlq.fifo", "All"), {});
});

Deno.test("createFakeSqsClient() takes messages that others send, and does not call them moved", async () => {
  const client = createFakeSqsClient();
  const Entries = [{ Id: "a", MessageBody: "hello" }];
  const QueueUrl = "https://sqs.us-east-1.amazonaws.com/123456789012/bills";
  const answer = await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
  const { Successful: [sent] } = answer as { Successful: Record<string, string>[] };
  assertEquals([sent!.Id, sent!.MD5OfMessageBody], ["a", "5d41402abc4b2a76b9719d911017c592"]);
  assertEquals(client.moved, []);
});

Deno.test("createFakeSqsClient() rejects commands that the library does not use", async () => {
  const client = createFakeSqsClient();
  const command = new ReceiveMessageCommand({ QueueUrl: "https://example.com/1/orders" });
  await assertRejects(() => client.send(command), TypeError, "Cannot answer ReceiveMessage");
  assertThrows(() => client.sendSync(command), TypeError, "Cannot answer ReceiveMessage");
  assertEquals(client.requests, []);
});

Deno.test("createFakeSqsClient() ends a request that hangs when its signal is aborted", async () => {
  const client = createFakeSqsClient({ faults: [{ kind: "hang" }] });
  const command = new GetQueueAttributesCommand({ QueueUrl: "u", AttributeNames: ["All"] });
  const reason = new Error("too late");
  for (const isBefore of [true, false]) {
    const controller = new AbortController();
    if (isBefore) controller.abort(reason);
    const sent = client.send(command, { abortSignal: controller.signal });
    if (!isBefore) controller.abort(reason);
    await assertRejects(() => sent, Error, "too late");
  }
});

Deno.test("createFakeSqsClient() refuses options and faults that would have no effect", () => {
  const any = createFakeSqsClient as (options: unknown) => unknown;
  const fault = (fault: unknown) => ({ faults: [fault] });
  const [a, b] = [makeRecord(), makeRecord()];
  for (
    const [options, text] of [
      [null, "Cannot read the options of createFakeSqsClient(): expected an object, got null"],
      [{ dlq: "a" }, 'Cannot use the option "dlq" of createFakeSqsClient()'],
      [{ deadLetterQueue: "a/b" }, "Cannot use deadLetterQueue: expected the name or the ARN"],
      [{ deadLetterQueue: true }, "Cannot use deadLetterQueue: expected the name or the ARN"],
      [{ records: {} }, "Cannot use records: expected an array"],
      [{ records: [{}] }, "Cannot use records: expected SQS records, got an object without keys"],
      [
        { records: [a, { ...b, receiptHandle: a.receiptHandle }] },
        `Cannot use records: ${a.messageId} and ${b.messageId} have the same receipt handle`,
      ],
      [{ faults: {} }, "Cannot use faults: expected an array"],
      [fault("hang"), "Cannot read the options of a fault"],
      [fault({ kind: "drop" }), "Cannot use kind of a fault: expected one of refuse, fail"],
      [fault({ kind: "hang", action: "SendMessage" }), "Cannot use action of a fault: expected"],
      [fault({ kind: "refuse", messageIds: [] }), "Cannot use messageIds of a fault: expected an"],
      [fault({ kind: "refuse", messageIds: [1] }), "Cannot use messageIds of a fault: expected an"],
      [fault({ kind: "refuse", code: 1 }), "Cannot use code of a fault: expected an error code"],
      [fault({ kind: "hang", times: "1" }), "Cannot use times of a fault: expected a number"],
      [fault({ kind: "fail", code: "X" }), 'Cannot use code of a fault with "fail"'],
      [fault({ kind: "hang", messageIds: ["a"] }), 'Cannot use messageIds of a fault with "hang"'],
      [
        fault({ kind: "refuse", action: "GetQueueAttributes", messageIds: ["a"] }),
        'Cannot use messageIds of a fault with "GetQueueAttributes"',
      ],
    ] as const
  ) assertThrows(() => any(options), TypeError, text);
  for (const times of [0, 1.5, -1]) {
    assertThrows(() => any(fault({ kind: "hang", times })), RangeError, "expected at least 1");
  }
});
