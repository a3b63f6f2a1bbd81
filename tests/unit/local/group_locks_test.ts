import { assertEquals, assertRejects } from "@std/assert";
import { GroupLocks } from "../../../src/local/group_locks.ts";
import { makeFifoRecord } from "../../support/factories.ts";

Deno.test("GroupLocks.run() waits for earlier work with a group in common, and for no other", async () => {
  const locks = new GroupLocks();
  const done: string[] = [];
  const first = Promise.withResolvers<void>();
  const a = [makeFifoRecord("a")];
  const runs = [
    locks.run(a, () => first.promise.then(() => void done.push("a1"))),
    locks.run([...a, makeFifoRecord("b")], () => Promise.resolve(void done.push("ab"))),
    locks.run([makeFifoRecord("b")], () => Promise.resolve(void done.push("b"))),
  ];
  await locks.run([makeFifoRecord("c")], () => Promise.resolve(void done.push("c")));
  assertEquals(done, ["c"]);
  first.resolve();
  await Promise.all(runs);
  assertEquals(done, ["c", "a1", "ab", "b"]);
});

Deno.test("GroupLocks.run() goes on after work that failed", async () => {
  const locks = new GroupLocks();
  const records = [makeFifoRecord("a")];
  const failed = locks.run(records, () => Promise.reject(new Error("no")));
  const next = locks.run(records, () => Promise.resolve());
  await assertRejects(() => failed, Error, "no");
  await next;
});
