/** What a record costs, in things that can be counted: counts are stable where times are not. */
import { PartialSQSProcessor } from "@partial-batch/sqs";
import { assertEquals } from "@std/assert";
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
