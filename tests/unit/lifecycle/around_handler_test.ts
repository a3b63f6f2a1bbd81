import { BasePartialProcessor } from "@partial-batch/sqs";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { AsyncLocalStorage } from "node:async_hooks";
import { type Around, type HandlerCall, putAround } from "../../../src/lifecycle/around_handler.ts";
import { makeRecords } from "../../support/factories.ts";

class Processor extends BasePartialProcessor {}

Deno.test("putAround() is active inside each handler, also of concurrent records", async () => {
  const storage = new AsyncLocalStorage<HandlerCall>();
  using _around = putAround((call, handle) => storage.run(call, handle));
  const records = makeRecords("a", "b", "c");
  const outcomes = await new Processor({ concurrency: 3 }).run(records, async (record) => {
    await Promise.resolve();
    return storage.getStore()?.record === record;
  });
  assertEquals(outcomes.map((each) => each.status === "success" && each.result), [
    true,
    true,
    true,
  ]);
  assertEquals(storage.getStore(), undefined);
});

Deno.test("putAround() puts what comes later around what was there, until it is disposed", async () => {
  const order: string[] = [];
  const named = (name: string): Around => (_, handle) => {
    order.push(`${name} in`);
    handle();
    order.push(`${name} out`);
  };
  using _first = putAround(named("first"));
  {
    using _second = putAround(named("second"));
    await new Processor().run(makeRecords("a"), () => void order.push("handler"));
  }
  await new Processor().run(makeRecords("a"), () => {});
  assertEquals(order, [
    ...["second in", "first in", "handler", "first out", "second out"],
    ...["first in", "first out"],
  ]);
});

const MISBEHAVIOURS: Readonly<Record<string, Around>> = {
  "throws before it calls the handler": () => {
    throw new Error("around");
  },
  "throws after it has called the handler": (_, handle) => {
    handle();
    throw new Error("around");
  },
  "never calls the handler": () => {},
  "calls the handler twice": (_, handle) => {
    handle();
    handle();
  },
};

for (const [name, around] of Object.entries(MISBEHAVIOURS)) {
  Deno.test(`what is around a handler has no effect on its record: it ${name}`, async () => {
    using _around = putAround(around);
    const calls: string[] = [];
    const failure = new RangeError("fail");
    const processor = new Processor({ concurrency: 1, suppressException: true });
    const outcomes = await processor.run(makeRecords("ok", "fail"), ({ body }) => {
      calls.push(body);
      if (body === "fail") throw failure;
      return body;
    });
    assertEquals(calls, ["ok", "fail"]);
    const [ok, fail] = outcomes;
    assertEquals(ok!.status, "success");
    assert(fail?.status === "fail");
    assertStrictEquals(fail.error, failure);
  });
}

Deno.test("what is around a handler is in no stack that the error shows", async () => {
  using _around = putAround((_, handle) => handle());
  const error = await new Processor().run(makeRecords("a"), function failing() {
    throw new Error("fail");
  }).catch((thrown) => thrown);
  assertEquals(error.message.includes("failing"), true);
  assertEquals(/handleWithin|attempt/.test(error.message), false);
});
