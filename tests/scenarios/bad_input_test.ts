import { SQSClient } from "@aws-sdk/client-sqs";
import {
  BasePartialProcessor,
  PartialSQSProcessor,
  withBatchProcessor,
  withSqsBatch,
} from "@partial-batch/sqs";
import {
  assertEquals,
  assertFalse,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import type { SQSEvent, SQSRecord } from "aws-lambda";
import { handleBody, makeRecord } from "../support/factories.ts";

class Processor extends BasePartialProcessor {}

const SECRET = "secret-body-or-handle";

// ---------------------------------------------------------------------------- open(): records

for (
  const [what, records, says] of [
    ["the whole event", { Records: [] }, "an object with Records, pass event.Records"],
    ["undefined", undefined, "got undefined"],
    ["null", null, "got null"],
    ["a body", SECRET, "got a string"],
    ["a hole", [, makeRecord()], "record 0: expected an SQS record, got undefined"],
    ["a string in it", [SECRET], "record 0: expected an SQS record, got a string"],
    ["an SNS event", [{ EventSource: "aws:sns", Sns: {} }], 'got one from "aws:sns"'],
    ["a Kinesis event", [{ eventSource: "aws:kinesis" }], 'got one from "aws:kinesis"'],
    ["a source that is no string", [{ eventSource: 7 }], "got one from 7"],
    [
      "no messageId",
      [makeRecord(), { ...makeRecord(), messageId: undefined }],
      "record 1: expected messageId to be a string, got undefined",
    ],
    [
      "an empty receiptHandle",
      [makeRecord({ receiptHandle: "" })],
      "record 0: expected receiptHandle to be a string, got an empty string",
    ],
    [
      "a receiptHandle that is none",
      [{ ...makeRecord(), receiptHandle: { handle: SECRET } }],
      "record 0: expected receiptHandle to be a string, got an object with handle",
    ],
    [
      "no eventSourceARN",
      [{ ...makeRecord(), eventSourceARN: undefined }],
      "record 0: expected eventSourceARN to be a string, got undefined",
    ],
    [
      "the ARN of a topic",
      [makeRecord({ eventSourceARN: "arn:aws:sns:us-east-1:123456789012:orders" })],
      "record 0: expected the ARN of a queue",
    ],
  ] as const
) {
  Deno.test(`open() throws TypeError for ${what}`, () => {
    const error = assertThrows(
      () => new Processor().open(records as unknown as SQSRecord[], handleBody),
      TypeError,
      says,
    );
    assertFalse((error as Error).message.includes(SECRET));
  });
}

Deno.test("open() takes records with no more than it needs, as tests make them", async () => {
  const { messageId, receiptHandle, eventSourceARN } = makeRecord();
  const bare = { messageId, receiptHandle, eventSourceARN } as SQSRecord;
  assertEquals((await new Processor().run([bare], () => 1)).length, 1);
});

// ------------------------------------------------------------------- open(): handler and options

Deno.test("open() throws TypeError for a handler that is no function", () => {
  for (const handler of [undefined, null, {}, "handler"]) {
    assertThrows(
      () => new Processor().open([], handler as unknown as () => void),
      TypeError,
      "Cannot use the record handler: expected a function",
    );
  }
});

Deno.test("open() throws TypeError for a context or an option it does not know", () => {
  const open = (options: unknown) => () => new Processor().open([], handleBody, options as never);
  assertThrows(open({ context: "ctx" }), TypeError, "Cannot use context");
  assertThrows(open({ contxt: {} }), TypeError, '"contxt"');
  assertThrows(open(null), TypeError, "expected an object, got null");
});

Deno.test("open() takes a context without a clock, as tests make it", async () => {
  assertEquals(await new Processor().run([], handleBody, { context: {} as never }), []);
});

// ------------------------------------------------------------------------------- constructors

Deno.test("constructors throw TypeError for an option they do not know", () => {
  const options = { supressException: true };
  for (
    const make of [
      () => new (class extends BasePartialProcessor {})(options as never),
      () => new PartialSQSProcessor(options as never),
      () => withSqsBatch(handleBody, options as never),
      () => withBatchProcessor(new Processor(), handleBody, options as never),
    ]
  ) {
    assertThrows(make, TypeError, '"supressException"');
  }
});

for (const concurrency of [0, -1, 1.5, NaN, -Infinity]) {
  Deno.test(`constructors throw RangeError for concurrency ${concurrency}`, () => {
    assertThrows(
      () => new PartialSQSProcessor({ concurrency }),
      RangeError,
      `expected an integer of at least 1 or Infinity, got ${concurrency}`,
    );
  });
}

for (const closeTimeoutMs of [0, -1, NaN, Infinity, 5_400_001]) {
  Deno.test(`PartialSQSProcessor throws RangeError for closeTimeoutMs ${closeTimeoutMs}`, () => {
    assertThrows(() => new PartialSQSProcessor({ closeTimeoutMs }), RangeError, "closeTimeoutMs");
  });
}

Deno.test("PartialSQSProcessor throws TypeError for options of the wrong type", () => {
  const cases = [
    [{ concurrency: "10" }, "concurrency: expected a number, got a string"],
    [{ closeTimeoutMs: "10" }, "closeTimeoutMs: expected a number, got a string"],
    [{ suppressException: "yes" }, "suppressException: expected a boolean, got a string"],
    [{ config: null }, "config: expected an SQSClientConfig, got null"],
    [{ config: "eu-west-1" }, "config: expected an SQSClientConfig, got a string"],
    [{ client: {} }, "client: expected an SQS client, got an object without keys"],
    [{ client: SQSClient }, "client: expected an SQS client, got a function"],
    [
      { client: { send: () => {}, config: { serviceId: "SNS" } } },
      "client: expected an SQS client, got a client of SNS",
    ],
  ] as const;
  for (const [options, says] of cases) {
    assertThrows(() => new PartialSQSProcessor(options as never), TypeError, says);
  }
});

Deno.test("PartialSQSProcessor takes undefined as not given", () => {
  const options = { config: undefined, client: undefined, closeTimeoutMs: undefined };
  new PartialSQSProcessor({ ...options, concurrency: undefined } as never);
});

// ---------------------------------------------------------------------------------- wrappers

Deno.test("wrappers throw TypeError for what is no function or no processor", () => {
  assertThrows(() => withSqsBatch(undefined as never), TypeError, "the record handler");
  assertThrows(
    () => withSqsBatch(handleBody, { lambdaHandler: 1 as never }),
    TypeError,
    "lambdaHandler",
  );
  assertThrows(() => withBatchProcessor({} as never, handleBody), TypeError, "processor");
});

Deno.test("withSqsBatch() names all its options, and refuses what is not an object", () => {
  const misspelt = { lamdbaHandler: () => {} } as never;
  const error = assertThrows(() => withSqsBatch(handleBody, misspelt), TypeError, "withSqsBatch()");
  assertStringIncludes((error as Error).message, "suspectAfter, lambdaHandler");
  assertThrows(() => withSqsBatch(handleBody, null as never), TypeError, "expected an object");
});

Deno.test("withSqsBatch() throws TypeError for a processor in the place of options", () => {
  const processor = new PartialSQSProcessor({ concurrency: 1 });
  assertThrows(() => withSqsBatch(handleBody, processor), TypeError, "use withBatchProcessor");
});

Deno.test("a wrapper's handler rejects with TypeError for what is no SQS event", async () => {
  const handler = withSqsBatch(handleBody);
  for (const event of [undefined, null, [], {}, { Records: "x" }, { detail: {} }]) {
    const error = await assertRejects(
      () => handler(event as unknown as SQSEvent, {} as never),
      TypeError,
    );
    assertStringIncludes(error.message, "expected an SQS event");
  }
});
