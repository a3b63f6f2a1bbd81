import { type Outcome, SQSBatchProcessingError } from "@partial-batch/sqs";
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertMatch,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import { makeRecord } from "./_factories.ts";

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
    /^Not all records processed successfully\. 13 individual errors logged separately below\.\n/,
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
    "1 handled messages were not deleted and will return (TimeoutError): id-1",
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
      "id-6: an error that cannot be read",
    ]
  ) {
    assertStringIncludes(message, part);
  }
  assertStringIncludes(message, "id-4: RangeError: no stock");
});

Deno.test("SQSBatchProcessingError writes a long chain of causes only so far", () => {
  let error = new Error("the first");
  for (let depth = 0; depth < 20_000; depth++) error = new Error("next", { cause: error });
  const { message } = new SQSBatchProcessingError(failuresWith([error]));
  assertEquals(message.split("Caused by").length, 21);
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
