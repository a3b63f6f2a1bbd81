import {
  type Batch,
  jsonBody,
  type Outcome,
  PartialSQSProcessor,
  type RecordContext,
  SQSBatchProcessingError,
} from "@partial-batch/sqs";
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import type { SQSRecord } from "aws-lambda";
import { runInNewContext } from "node:vm";
import { makeRecord } from "../support/factories.ts";

/** Failures of the messages `id-0`, `id-1`, … with these errors. */
function failuresWith(errors: readonly unknown[]): Outcome[] {
  return errors.map((error, index) => ({
    status: "fail",
    record: makeRecord({ messageId: `id-${index}` }),
    error,
  }));
}

function failures(count: number): Outcome[] {
  return failuresWith(Array.from({ length: count }, (_, i) => new RangeError(`no order ${i}`)));
}

Deno.test("SQSBatchProcessingError holds the thrown values themselves", () => {
  const error = new Error("x");
  const outcomes: Outcome[] = [
    { status: "fail", record: makeRecord(), error },
    { status: "fail", record: makeRecord(), error: undefined },
    { status: "success", record: makeRecord(), result: 1 },
    { status: "unprocessed", record: makeRecord(), reason: "deadline" },
  ];
  const thrown = new SQSBatchProcessingError(outcomes);
  assertInstanceOf(thrown, AggregateError);
  assertEquals(thrown.name, "SQSBatchProcessingError");
  assertStrictEquals(thrown.errors[0], error);
  assertEquals(thrown.errors, [error, undefined]);
  assertEquals(thrown.failures, outcomes.slice(0, 2) as typeof thrown.failures);
  assertEquals(thrown.unprocessed, outcomes.slice(3) as typeof thrown.unprocessed);
  assertStrictEquals(thrown.outcomes, outcomes);
  assertEquals(thrown.undeleted, []);
});

Deno.test("SQSBatchProcessingError has no enumerable property", () => {
  const thrown = new SQSBatchProcessingError(failures(1), { undeleted: [], cause: new Error("x") });
  assertEquals(Object.keys(thrown), []);
  assertEquals(JSON.stringify(thrown), "{}");
});

Deno.test("SQSBatchProcessingError has a cause only where there is one", () => {
  assertFalse("cause" in new SQSBatchProcessingError([]));
  const cause = new Error("no table");
  const thrown = new SQSBatchProcessingError([], { cause });
  assertStrictEquals(thrown.cause, cause);
  assertStringIncludes(thrown.message, "Cause: Error: no table");
});

Deno.test("SQSBatchProcessingError writes message id and stack of ten errors, and counts the rest", () => {
  const { message } = new SQSBatchProcessingError(failures(13));
  assertMatch(
    message,
    /^Not all records processed successfully\. 13 records failed\.\n/,
  );
  assertStringIncludes(message, "id-9: RangeError: no order 9\n    at ");
  assertFalse(message.includes("RangeError: no order 10"));
  assertStringIncludes(message, "3 more errors: id-10, id-11, id-12");
});

Deno.test("SQSBatchProcessingError writes at most a hundred ids of any list", () => {
  for (const [count, more] of [[100, ""], [101, " and 1 more"], [250, " and 150 more"]] as const) {
    const outcomes: Outcome[] = Array.from({ length: count }, (_, index) => ({
      status: "unprocessed",
      record: makeRecord({ messageId: `id-${index}` }),
      reason: "deadline",
    }));
    const { message } = new SQSBatchProcessingError(outcomes);
    assertMatch(message, new RegExp(`${count} records were not processed \\(deadline\\): id-0, `));
    assert(message.endsWith(`id-99${more}`), message);
  }
});

Deno.test("SQSBatchProcessingError names the undeleted messages by reason", () => {
  const undeleted = ["AccessDenied", "TimeoutError", "AccessDenied"].map((reason, index) => ({
    record: makeRecord({ messageId: `id-${index}` }),
    reason,
  }));
  const { message } = new SQSBatchProcessingError(failures(1), { undeleted });
  assertStringIncludes(
    message,
    "2 handled messages were not deleted and will return (AccessDenied): id-0, id-2",
  );
  assertStringIncludes(
    message,
    "1 handled message was not deleted and will return (TimeoutError): id-1",
  );
});

Deno.test("SQSBatchProcessingError writes inner errors, and thrown things that are no errors", () => {
  const cause = new Error("connection refused");
  const errors: unknown[] = [
    new Error("no stock", { cause }),
    new AggregateError([new Error("one"), "two"], "both"),
    undefined,
    "plain text",
    { token: "secret" },
  ];
  const { message } = new SQSBatchProcessingError(failuresWith(errors));
  for (
    const part of [
      "id-0: Error: no stock\n",
      "Caused by: Error: connection refused\n",
      "id-1: AggregateError: both\n",
      "Caused by: Error: one\n",
      "Caused by: two",
      "id-2: undefined was thrown",
      "id-3: plain text",
      "id-4: an object was thrown",
    ]
  ) {
    assertStringIncludes(message, part);
  }
  assertFalse(message.includes("secret"));
});

Deno.test("SQSBatchProcessingError writes that an error cannot be read, and the others in full", () => {
  const throwing = Object.defineProperty(new Error("x"), "stack", {
    get() {
      throw new Error("no stack for you");
    },
  });
  const callSites = Object.assign(new Error("y"), { stack: [{}] });
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const errors: unknown[] = [
    throwing,
    new Error("outer", { cause: throwing }),
    callSites,
    revoked.proxy,
    new RangeError("no stock"),
    Object.assign(new AggregateError([], "several"), { errors: { name: "no array" } }),
    Object.assign(new Error(), { message: Symbol("odd") }),
  ];
  const { message } = new SQSBatchProcessingError(failuresWith(errors));
  for (
    const part of [
      "id-0: an error that cannot be read",
      "id-1: Error: outer",
      "id-2: Error: y",
      "id-3: an error that cannot be read",
      "id-5: AggregateError: several",
      "id-6: Error",
    ]
  ) {
    assertStringIncludes(message, part);
  }
  assertStringIncludes(message, "id-4: RangeError: no stock");
});

Deno.test("SQSBatchProcessingError writes a long chain of causes only so far", () => {
  const chain = (depth: number) => {
    let error = Object.assign(new Error("the first"), { stack: "" });
    for (let each = 0; each < depth; each++) {
      error = Object.assign(new Error("next", { cause: error }), { stack: "" });
    }
    return error;
  };
  for (const [depth, causes] of [[3, 3], [20, 20], [20_000, 20]] as const) {
    const { message } = new SQSBatchProcessingError(failuresWith([chain(depth)]));
    assertEquals(message.split("Caused by").length - 1, causes);
  }
});

Deno.test("SQSBatchProcessingError bounds the text of one failure, and leaves the error alone", () => {
  const long = new Error("x".repeat(50_000));
  const { message, errors } = new SQSBatchProcessingError(failuresWith([long, new Error("short")]));
  assert(message.length < 5_000, `${message.length}`);
  assertStringIncludes(message, "more characters)");
  assertStringIncludes(message, "id-1: Error: short");
  assertEquals(errors[0].message.length, 50_000);
});

Deno.test("SQSBatchProcessingError bounds the whole text, whatever failed", () => {
  const bytes = (text: string | undefined) => new TextEncoder().encode(text).length;
  for (const character of ["x", "€", "\u{1F4E6}"]) {
    for (const count of [10, 10_000]) {
      const errors = Array.from({ length: count }, () => new Error(character.repeat(50_000 / 2)));
      const outcomes = failuresWith(errors.slice(0, 10)).concat(
        failuresWith(errors.slice(10).map(() => "plain")),
      );
      const undeleted = outcomes.map(({ record }) => ({ record, reason: "x".repeat(30_000) }));
      const thrown = new SQSBatchProcessingError(outcomes, { undeleted, cause: errors[0] });
      assert(bytes(thrown.message) <= 64 * 1024, `${bytes(thrown.message)} bytes`);
      assertMatch(thrown.message, /^Not all records processed successfully\./);
      assertEquals(thrown.errors.length, count);
    }
  }
});

Deno.test("SQSBatchProcessingError keeps the message of an error of another realm", () => {
  const foreign = runInNewContext('new RangeError("from another realm")');
  assertFalse(foreign instanceof Error);
  const { message } = new SQSBatchProcessingError(failuresWith([foreign]));
  assertStringIncludes(message, "id-0: RangeError: from another realm");
});

Deno.test("SQSBatchProcessingError has no stack frame of the library's own", async () => {
  class Wrapping extends PartialSQSProcessor {
    protected override async _processRecord<T>(
      record: SQSRecord,
      batch: Batch<T>,
      recordContext: RecordContext,
    ): Promise<Outcome<T>> {
      return await super._processRecord(record, batch, recordContext);
    }
  }
  const handlers = [
    () => {
      throw new RangeError("at once");
    },
    async () => {
      await Promise.resolve();
      throw new RangeError("later");
    },
    jsonBody(() => {
      throw new RangeError("in a body");
    }),
    () => [Promise.resolve()],
  ];
  for (const handler of handlers) {
    for (const processor of [new PartialSQSProcessor(), new Wrapping({ recordTimeoutMs: 1_000 })]) {
      const error = await assertRejects(
        () => processor.run([makeRecord({ body: "{}" })], handler),
        SQSBatchProcessingError,
      );
      for (const text of [error.message, error.stack!]) {
        const own = /^ +at .*(\/src\/|partial-batch handles).*$/m.exec(text);
        assertEquals(own?.[0], undefined);
      }
    }
  }
});

Deno.test("SQSBatchProcessingError has no frame of what the library calls in the language", async () => {
  const processor = new PartialSQSProcessor({
    nonRetryable: { when: () => "yes" as unknown as boolean, to: "delete" },
  });
  const error = await assertRejects(
    () => processor.run([makeRecord()], () => Promise.reject(new RangeError("no such order"))),
    SQSBatchProcessingError,
  );
  assertStringIncludes(error.message, "expected a boolean, got a string");
  assertEquals(/^ +at (?:Array|new Promise).*$/m.exec(error.message)?.[0], undefined);
});

Deno.test("SQSBatchProcessingError is made and read whatever a handler did to its record", async () => {
  for (const messageId of [Symbol("id"), { id: 1 }, undefined, "redacted"]) {
    const record = makeRecord();
    const id = record.messageId;
    const error = await assertRejects(
      () =>
        new PartialSQSProcessor().run([record], () => {
          record.messageId = messageId as string;
          throw new Error("no such order");
        }),
      SQSBatchProcessingError,
    );
    assertStringIncludes(error.message, `\n${id}: Error: no such order`);
  }
  const spoilt = makeRecord({ messageId: Symbol("id") as unknown as string });
  const outcome = { status: "fail", record: spoilt, error: "x" } as const;
  assertStringIncludes(
    new SQSBatchProcessingError([outcome]).message,
    "a message without an id: x",
  );
});

Deno.test("SQSBatchProcessingError tells nothing of a thrown value that may be a body", () => {
  for (const thrown of [{ "secret-key": 1 }, ["secret-key"], 4111]) {
    const { message } = new SQSBatchProcessingError(failuresWith([thrown]));
    assertFalse(/secret-key|4111/.test(message));
  }
});

Deno.test("SQSBatchProcessingError writes an error that is its own cause only once", () => {
  const error = new Error("round");
  error.cause = error;
  const { message } = new SQSBatchProcessingError(failuresWith([error]));
  assertEquals(message.split("Error: round").length, 2);
});
