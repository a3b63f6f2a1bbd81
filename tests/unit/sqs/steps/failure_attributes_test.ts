import { assert, assertEquals } from "@std/assert";
import type { SQSMessageAttributes } from "aws-lambda";
import { runInNewContext } from "node:vm";
import { receiveRecords } from "../../../../src/lifecycle/open.ts";
import {
  addFailureAttributes,
  FAILURE_ATTRIBUTE_NAMES,
} from "../../../../src/sqs/steps/failure_attributes.ts";
import { byteLength, readMessage } from "../../../../src/sqs/steps/message.ts";
import { makeRecord, QUEUE_ARN } from "../../../support/factories.ts";
import { lambdaContext } from "../../../support/lambda_context.ts";

interface Given {
  readonly over?: Parameters<typeof makeRecord>[0];
  readonly withErrorMessage?: boolean;
  readonly context?: ReturnType<typeof lambdaContext>;
}

/** The message of a record that failed with this error, as it is moved. */
function describe(error: unknown, { over, withErrorMessage = true, context }: Given = {}) {
  const received = receiveRecords([makeRecord(over)])[0]!;
  const failure = { error, received, lambdaContext: context };
  const plain = readMessage(received, FAILURE_ATTRIBUTE_NAMES);
  return { plain, message: addFailureAttributes(plain, failure, withErrorMessage) };
}

/** The attributes' values; the names without the prefix of those that the library added. */
function valuesOf({ message }: ReturnType<typeof describe>): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(message.attributes).map((
      [name, { StringValue }],
    ) => [name.replace("PartialBatch.", ""), StringValue]),
  );
}

function own(count: number): SQSMessageAttributes {
  return Object.fromEntries(
    Array.from({ length: count }, (_, nth) => [
      `own${nth}`,
      { dataType: "String", stringValue: "x" },
    ]),
  );
}

const NAMES = [
  "ErrorName",
  "ErrorMessage",
  "MessageId",
  "SourceQueue",
  "FunctionName",
  "ReceiveCount",
  "MovedAt",
];

/** An error with a member that throws. */
function throwing(member: "name" | "message"): Error {
  return Object.defineProperty(new RangeError("secret"), member, {
    get() {
      throw new Error("no");
    },
  });
}

class NoSuchOrder extends Error {}
class NamedError extends Error {
  override readonly name = "named by itself";
}

for (
  const [what, error, name] of [
    ["an error", new RangeError("secret"), "RangeError"],
    ["an error of a class without a name of its own", new NoSuchOrder("secret"), "NoSuchOrder"],
    ["an error with a name of its own", new NamedError("secret"), "named by itself"],
    ["an error of another realm", runInNewContext("new TypeError('secret')"), "TypeError"],
    ["a DOMException", new DOMException("secret", "TimeoutError"), "TimeoutError"],
    ["an error of an anonymous class", new (class extends Error {})("secret"), "Error"],
    ["a string", "secret", "a string was thrown"],
    ["an object with a name", { name: "secret" }, "an object was thrown"],
    ["nothing", undefined, "undefined was thrown"],
    ["a symbol", Symbol("secret"), "a symbol was thrown"],
    ["an object without a prototype", Object.create(null), "an object was thrown"],
    [
      "an error whose name is a symbol",
      Object.assign(new RangeError("secret"), { name: Symbol("secret") }),
      "RangeError",
    ],
    [
      "an error whose name is empty",
      Object.assign(new RangeError("secret"), { name: "" }),
      "RangeError",
    ],
    ["an error without a prototype", Object.setPrototypeOf(new Error("secret"), null), "Error"],
    ["an error whose name throws", throwing("name"), "an error that cannot be read was thrown"],
    [
      "a proxy that throws",
      new Proxy({}, {
        getPrototypeOf() {
          throw new Error("no");
        },
      }),
      "an error that cannot be read was thrown",
    ],
  ] as const
) {
  Deno.test(`addFailureAttributes() names ${what}, and tells nothing of its message`, () => {
    const described = describe(error, { withErrorMessage: false });
    assertEquals(valuesOf(described).ErrorName, name);
    assert(!JSON.stringify(described.message).includes("secret"));
  });
}

for (
  const [what, error, message] of [
    ["an error's message", new Error("no order 17"), "no order 17"],
    ["a string that was thrown", "no order 17", "no order 17"],
    ["no empty message", new Error(""), undefined],
    ["no message of what is not an error", { message: "no order 17" }, undefined],
    ["no message that throws", throwing("message"), undefined],
    [
      "no message that is not a string",
      Object.assign(new Error(), { message: Symbol("x") }),
      undefined,
    ],
    [
      "no character that SQS refuses",
      new Error("a\0b\x1Bc\uFFFEd\uD800e\uDC00f\t\r\n\u{1F600}"),
      "a\uFFFDb\uFFFDc\uFFFDd\uFFFDe\uFFFDf\t\r\n\u{1F600}",
    ],
    ["1,024 bytes at most", new Error("x".repeat(10_000)), "x".repeat(1_024)],
    [
      "whole characters, where it is cut",
      new Error("xx" + "€".repeat(500)),
      "xx" + "€".repeat(340),
    ],
    [
      "whole characters, where a surrogate pair is cut",
      new Error("x".repeat(1_023) + "\u{1F600}"),
      "x".repeat(1_023),
    ],
  ] as const
) {
  Deno.test(`addFailureAttributes() adds ${what} as the error's message`, () => {
    const values = valuesOf(describe(error));
    assertEquals(values.ErrorMessage, message);
    assertEquals("ErrorMessage" in values, message !== undefined);
    assertEquals(values.SourceQueue, QUEUE_ARN);
  });
}

Deno.test("addFailureAttributes() cuts names to 256 bytes", () => {
  const error = Object.assign(new Error(), { name: "n\u{10FFFF}".repeat(10_000) });
  const context = { ...lambdaContext(1_000), functionName: "f".repeat(10_000) };
  const { ErrorName = "", FunctionName } = valuesOf(describe(error, { context }));
  assertEquals(ErrorName, "n\u{10FFFF}".repeat(51) + "n");
  assertEquals(FunctionName, "f".repeat(256));
});

Deno.test("addFailureAttributes() adds them in the order of their importance", () => {
  const context = lambdaContext(1_000);
  for (let count = 0; count <= 10; count++) {
    const over = { messageAttributes: own(count) };
    const described = describe(new Error("x"), { over, context });
    const names = Object.keys(valuesOf(described));
    const added = NAMES.slice(0, 10 - count);
    assertEquals(names, [...Object.keys(own(count)), ...added]);
    assertEquals(described.message === described.plain, count === 10);
  }
});

Deno.test("addFailureAttributes() never makes a message larger than 1 MiB, and counts all it adds", () => {
  const seen = new Set<number>();
  const context = lambdaContext(1_000);
  for (let left = 0; left <= 1_500; left += 10) {
    const body = "x".repeat(1_048_576 - left);
    const { message } = describe(new Error("y".repeat(1_000)), { over: { body }, context });
    const bytes = Object.entries(message.attributes).reduce(
      (sum, [name, { DataType, StringValue }]) =>
        sum + byteLength(name) + byteLength(DataType!) + byteLength(StringValue!),
      byteLength(message.body),
    );
    assertEquals(message.bytes, bytes);
    assert(bytes <= 1_048_576);
    seen.add(Object.keys(message.attributes).length);
  }
  assert(seen.has(0) && seen.has(7), `${[...seen]}`);
});

Deno.test("addFailureAttributes() replaces what the library wrote before, also where it now adds less", () => {
  const before = Object.fromEntries(
    NAMES.map((name) => [`PartialBatch.${name}`, { dataType: "String", stringValue: "before" }]),
  );
  const messageAttributes = { ...own(2), ...before };
  const described = describe(new RangeError("secret"), {
    over: { messageAttributes },
    withErrorMessage: false,
  });
  const { own0, own1, MovedAt, MessageId, ...values } = valuesOf(described);
  assertEquals([own0, own1], ["x", "x"]);
  assert(MovedAt !== "before" && MessageId !== "before");
  assertEquals(values, { ErrorName: "RangeError", SourceQueue: QUEUE_ARN, ReceiveCount: "1" });
});

Deno.test("addFailureAttributes() leaves off what it cannot read", () => {
  const context = Object.defineProperty(lambdaContext(1_000), "functionName", {
    get() {
      throw new Error("no");
    },
  });
  const { attributes } = makeRecord();
  const over = { attributes: { ...attributes, ApproximateReceiveCount: "Infinity" } };
  const described = describe(new Error("x"), { over, context });
  assertEquals(Object.keys(valuesOf(described)), [
    "ErrorName",
    "ErrorMessage",
    "MessageId",
    "SourceQueue",
    "MovedAt",
  ]);
});
