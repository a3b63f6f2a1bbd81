/** What a record costs, in things that can be counted: counts are stable where times are not. */
import { PartialSQSProcessor } from "@partial-batch/sqs";
import { assert, assertEquals } from "@std/assert";
import { tracingChannel } from "node:diagnostics_channel";
import { readFile } from "node:fs/promises";
import { handleBody, makeRecord } from "../support/factories.ts";
import { runAs, WAYS } from "../support/ways.ts";

/** Replaces a global for as long as `step` runs, and gives how often it was called or constructed. */
async function countUses(
  name: "AbortController" | "setTimeout" | "Promise",
  step: () => Promise<unknown>,
): Promise<number> {
  const original = globalThis[name];
  let count = 0;
  const counting = new Proxy(original, {
    apply: (
      target,
      self,
      args,
    ) => (count++, Reflect.apply(target as typeof setTimeout, self, args)),
    construct: (target, args, newTarget) => (count++, Reflect.construct(target, args, newTarget)),
  });
  Object.assign(globalThis, { [name]: counting });
  try {
    await step();
  } finally {
    Object.assign(globalThis, { [name]: original });
  }
  return count;
}

/** Gives how often methods of an object were called while `step` ran. */
async function countCalls<T extends object>(
  object: T,
  names: readonly (keyof T)[],
  step: () => Promise<unknown>,
): Promise<number> {
  let count = 0;
  const own = Object.getOwnPropertyDescriptors(object);
  for (const name of names) {
    const method = object[name] as (...args: unknown[]) => unknown;
    const counting = function (this: unknown, ...args: unknown[]) {
      count++;
      return Reflect.apply(method, this, args);
    };
    Object.defineProperty(object, name, { value: counting, configurable: true, writable: true });
  }
  try {
    await step();
  } finally {
    for (const name of names) {
      if (name in own) Object.defineProperty(object, name, own[name as keyof typeof own]);
      else delete object[name];
    }
  }
  return count;
}

const client = {
  send: ({ input }: { input: { Entries?: readonly unknown[] } }) =>
    Promise.resolve({ Successful: input.Entries }),
};

for (const way of WAYS) {
  for (const name of ["AbortController", "setTimeout", "Promise"] as const) {
    Deno.test(`${way}: a batch makes as many uses of ${name} for 1,000 records as for 10`, async () => {
      const processor = new PartialSQSProcessor({ client });
      const uses = (count: number) =>
        countUses(name, async () => {
          const records = Array.from({ length: count }, () => makeRecord());
          await runAs({ way, processor, records, handler: handleBody });
        });
      assertEquals(await uses(1_000), await uses(10));
      if (name === "AbortController") assertEquals(await uses(10), 0);
    });
  }
}

Deno.test("an AbortController is made for a record whose handler reads its signal, and for no other", async () => {
  const processor = new PartialSQSProcessor();
  const records = Array.from({ length: 10 }, (_, index) => makeRecord({ body: String(index) }));
  const made = await countUses(
    "AbortController",
    () =>
      processor.run(records, ({ body }, context) => {
        if (Number(body) < 3) context.signal.throwIfAborted();
      }),
  );
  assertEquals(made, 3);
});

for (const way of WAYS) {
  for (const name of ["AbortController", "setTimeout", "Promise"] as const) {
    Deno.test(`${way}: with reportItemFailures it makes as many uses of ${name} for 300 failures as for 3`, async () => {
      const processor = new PartialSQSProcessor({ reportItemFailures: true });
      const uses = (count: number) =>
        countUses(name, async () => {
          const records = Array.from(
            { length: count },
            (_, index) => makeRecord({ body: index % 10 < 3 ? "fail" : "ok" }),
          );
          await runAs({ way, processor, records, handler: handleBody });
        });
      assertEquals(await uses(1_000), await uses(10));
      if (name === "AbortController") assertEquals(await uses(10), 0);
    });
  }

  Deno.test(`${way}: no AbortSignal is derived while nobody reads a signal`, async () => {
    const processor = new PartialSQSProcessor({ client });
    const made = await countCalls(AbortSignal, ["any", "timeout", "abort"], async () => {
      const records = Array.from({ length: 10 }, () => makeRecord());
      await runAs({ way, processor, records, handler: handleBody });
    });
    assertEquals(made, 0);
  });
}

for (
  const [count, requests] of [[10, 1], [11, 1], [12, 2], [1_000, 100], [10_000, 1_000]] as const
) {
  Deno.test(`${count} messages, one failed: the rest takes ${requests === 1 ? "1 request" : `${requests} requests`}`, async () => {
    let sent = 0;
    const counting = {
      send: (command: Parameters<typeof client.send>[0]) => (sent++, client.send(command)),
    };
    const processor = new PartialSQSProcessor({ client: counting });
    const records = Array.from(
      { length: count },
      (_, index) => makeRecord({ body: index === 0 ? "fail" : "ok" }),
    );
    await runAs({ way: "wrapper", processor, records, handler: handleBody });
    assertEquals(sent, requests);
  });
}

Deno.test("while nothing fails, SQS is not asked for anything", async () => {
  let sent = 0;
  const processor = new PartialSQSProcessor({ client: { send: () => Promise.resolve(sent++) } });
  const records = Array.from({ length: 1_000 }, () => makeRecord());
  for (const way of WAYS) await runAs({ way, processor, records, handler: handleBody });
  assertEquals(sent, 0);
});

Deno.test("what is moved or delayed takes one request for ten messages", async () => {
  const sent = new Map<string, number>();
  const counting = {
    send: (command: Parameters<typeof client.send>[0] & object) => {
      const { name } = command.constructor;
      sent.set(name, (sent.get(name) ?? 0) + 1);
      return client.send(command);
    },
  };
  const to = { queueUrl: "https://sqs.us-east-1.amazonaws.com/123456789012/refused" };
  const processor = new PartialSQSProcessor({
    client: counting,
    nonRetryable: { when: [SyntaxError], to },
    retryDelay: 60,
  });
  const bodies = ["ok", "never", "fail"].flatMap((body) => Array<string>(25).fill(body));
  const records = bodies.map((body) => makeRecord({ body }));
  const handler = (record: typeof records[number]) => {
    if (record.body === "never") throw new SyntaxError("never");
    return handleBody(record);
  };
  await runAs({ way: "await using", processor, records, handler });
  assertEquals(Object.fromEntries(sent), {
    SendMessageBatchCommand: 3,
    ChangeMessageVisibilityBatchCommand: 3,
    DeleteMessageBatchCommand: 5,
  });
});

Deno.test("while nobody listens, no time is taken and nothing is published", async () => {
  const channels = ["record", "batch"].flatMap((name) => {
    const { start, end, asyncStart, asyncEnd, error } = tracingChannel(`partial-batch.sqs.${name}`);
    return [start, end, asyncStart, asyncEnd, error];
  });
  const processor = new PartialSQSProcessor({ reportItemFailures: true });
  const records = ["ok", "fail"].map((body) => makeRecord({ body }));
  const run = async () => {
    for (const way of WAYS) await runAs({ way, processor, records, handler: handleBody });
  };
  const count = async () => {
    const calls = [await countCalls(performance, ["now"], run)];
    for (const each of channels) calls.push(await countCalls(each, ["publish", "runStores"], run));
    return calls;
  };
  assertEquals(await count(), [0, ...channels.map(() => 0)]);

  const listener = () => {};
  const [start] = channels;
  start!.subscribe(listener);
  const [times, starts] = await count();
  start!.unsubscribe(listener);
  assert(times! > 0 && starts! > 0, "the same is seen where somebody listens");
});

/** The modules of Node that a module of the library imports where it is loaded, and all that it imports. */
async function nodeModulesOf(file: URL, seen: Set<string> = new Set()): Promise<Set<string>> {
  const found = new Set<string>();
  if (seen.has(file.href)) return found;
  seen.add(file.href);
  const text = await readFile(file, "utf8");
  for (const [, name] of text.matchAll(/^(?:import|export) (?!type )[^;]*?from "([^"]+)";/gms)) {
    if (name!.startsWith("node:")) found.add(name!);
    if (!name!.startsWith(".")) continue;
    for (const each of await nodeModulesOf(new URL(name!, file), seen)) found.add(each);
  }
  return found;
}

Deno.test("a cold start loads one module of Node, and never node:process, which opens the standard streams", async () => {
  const root = new URL("../../", import.meta.url);
  const modulesOf = async (path: string) =>
    [...await nodeModulesOf(new URL(path, root))].toSorted();
  assertEquals(await modulesOf("mod.ts"), ["node:diagnostics_channel"]);
  assertEquals(await modulesOf("src/metrics/mod.ts"), ["node:diagnostics_channel"]);
  assertEquals(await modulesOf("src/logs/mod.ts"), ["node:diagnostics_channel"]);
  assertEquals(await modulesOf("src/current_record/mod.ts"), ["node:async_hooks"]);
  assertEquals(
    await modulesOf("src/opentelemetry/mod.ts"),
    ["node:async_hooks", "node:diagnostics_channel"],
  );
});
