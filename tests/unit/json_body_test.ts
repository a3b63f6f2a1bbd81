import {
  BasePartialProcessor,
  jsonBody,
  SQSBatchProcessingError,
  SqsBodyError,
  withSqsBatch,
} from "@partial-batch/sqs";
import {
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { type } from "arktype";
import type { SQSRecord } from "aws-lambda";
import * as v from "valibot";
import * as z from "zod";
import { lambdaContext } from "../support/lambda_context.ts";
import { makeRecord } from "../support/factories.ts";

class Processor extends BasePartialProcessor {}

interface Order {
  id: string;
  items: { sku: string; quantity: number }[];
}

const SCHEMAS = {
  Zod: z.object({
    id: z.string(),
    items: z.array(z.object({ sku: z.string(), quantity: z.number() })),
  }),
  Valibot: v.object({
    id: v.string(),
    items: v.array(v.object({ sku: v.string(), quantity: v.number() })),
  }),
  ArkType: type({ id: "string", items: type({ sku: "string", quantity: "number" }).array() }),
  "an async Zod": z.object({
    id: z.string(),
    items: z.array(z.object({ sku: z.string(), quantity: z.number() })),
  }).refine((order) => Promise.resolve(order.items.length < 3)),
};

async function failureOf(body: string, handler: ReturnType<typeof jsonBody>): Promise<unknown> {
  const record = makeRecord({ messageId: "m1", body });
  const error = await assertRejects(
    () => new Processor().run([record], handler),
    SQSBatchProcessingError,
  );
  assertFalse(error.message.includes("SECRET"), error.message);
  return error.errors[0];
}

for (const [name, schema] of Object.entries(SCHEMAS)) {
  Deno.test(`jsonBody() gives the body that ${name} makes`, async () => {
    const order: Order = { id: "A1", items: [{ sku: "x", quantity: 2 }] };
    const record = makeRecord({ body: JSON.stringify(order) });
    const seen: Order[] = [];
    const handler = jsonBody(schema, (body, given, { receiveCount }) => {
      // Its type comes from the schema.
      const typed: Order = body;
      seen.push(typed);
      assertStrictEquals(given, record);
      return receiveCount;
    });
    const outcomes = await new Processor().run([record], handler);
    assertEquals(seen, [order]);
    assertEquals(outcomes.map((each) => each.status === "success" && each.result), [1]);
  });

  Deno.test(`jsonBody() fails a record that ${name} refuses, with its paths and no value`, async () => {
    const body = JSON.stringify({ id: 7, items: [{ sku: "SECRET", quantity: "SECRET" }] });
    const error = await failureOf(body, jsonBody(schema, () => {}));
    assertInstanceOf(error, SqsBodyError);
    assertEquals(error.name, "SqsBodyError");
    assertEquals(error.messageId, "m1");
    assertEquals(error.paths.toSorted(), ["id", "items[0].quantity"]);
    assertEquals(
      error.message.startsWith("Cannot read the body of the message m1: the schema refuses "),
      true,
    );
    assertEquals(error.cause, undefined);
  });
}

for (const [name, schema] of Object.entries(SCHEMAS)) {
  Deno.test(`jsonBody() names the whole body where ${name} refuses that`, async () => {
    const error = await failureOf('"SECRET"', jsonBody(schema, () => {}));
    assertInstanceOf(error, SqsBodyError);
    assertEquals(error.paths, [""]);
    assertEquals(
      error.message,
      "Cannot read the body of the message m1: the schema refuses the whole body",
    );
  });
}

Deno.test("jsonBody() counts the paths after the twentieth", async () => {
  const schema = z.array(z.number());
  const error = await failureOf(
    JSON.stringify(Array.from({ length: 23 }, () => "SECRET")),
    jsonBody(schema, () => {}),
  );
  assertInstanceOf(error, SqsBodyError);
  assertEquals(error.paths.length, 23);
  assertEquals(error.message.endsWith("[19] and 3 more"), true);
});

for (const body of ["SECRET", "", '{"SECRET', "undefined"]) {
  Deno.test(`jsonBody() fails a record whose body is ${JSON.stringify(body)}, and quotes nothing`, async () => {
    for (const handler of [jsonBody(() => {}), jsonBody(SCHEMAS.Zod, () => {})]) {
      const error = await failureOf(body, handler);
      assertInstanceOf(error, SqsBodyError);
      assertEquals(error.message, "Cannot read the body of the message m1: not valid JSON");
      assertEquals([error.paths, error.cause], [[], undefined]);
    }
  });
}

Deno.test("jsonBody() without a schema gives whatever the JSON is", async () => {
  const seen: unknown[] = [];
  const records = ["null", "7", '{"a":[1]}'].map((body) => makeRecord({ body }));
  await new Processor({ concurrency: 1 }).run(records, jsonBody((body) => seen.push(body)));
  assertEquals(seen, [null, 7, { a: [1] }]);
});

Deno.test("jsonBody() gives what the schema transforms the body into", async () => {
  const schema = z.object({ at: z.string().transform((text) => new Date(text)) });
  const seen: Date[] = [];
  const record = makeRecord({ body: '{"at":"2026-01-02T00:00:00Z"}' });
  await new Processor().run([record], jsonBody(schema, ({ at }) => seen.push(at)));
  assertEquals(seen.map((date) => date.toISOString()), ["2026-01-02T00:00:00.000Z"]);
});

Deno.test("jsonBody() passes on what a schema or a handler throws", async () => {
  const error = new Error("not ours");
  const throwing = {
    "~standard": { version: 1, vendor: "x", validate: () => Promise.reject(error) },
  };
  assertStrictEquals(await failureOf("{}", jsonBody(throwing, () => {})), error);
  assertStrictEquals(await failureOf("{}", jsonBody(() => Promise.reject(error))), error);
});

Deno.test("jsonBody() throws TypeError for what is no schema or no handler", () => {
  for (const schema of [null, undefined, {}, { "~standard": {} }, "z"]) {
    assertThrows(
      () => jsonBody(schema as never, () => {}),
      TypeError,
      "expected a Standard Schema",
    );
  }
  assertThrows(() => jsonBody(SCHEMAS.Zod, undefined as never), TypeError, "expected a function");
  assertThrows(() => jsonBody(undefined as never), TypeError, "expected a function");
});

Deno.test("jsonBody() in a wrapper has Lambda's context for certain", async () => {
  const ids: string[] = [];
  const handler = withSqsBatch(
    jsonBody(SCHEMAS.Valibot, (order, record: SQSRecord, { lambdaContext }) => {
      ids.push(lambdaContext.functionName, order.id, record.messageId);
    }),
  );
  const record = makeRecord({ messageId: "m1", body: '{"id":"A1","items":[]}' });
  await handler({ Records: [record] }, lambdaContext(30_000));
  assertEquals(ids, ["orders", "A1", "m1"]);
});
