import { assertEquals, assertNotEquals } from "@std/assert";
import type { Worker } from "node:worker_threads";
import { sendBlocking, WorkerLease } from "../../../../src/sqs/blocking/worker.ts";
import { die, onWorkerMessage } from "../../../support/worker.ts";

Deno.test("the worker lives until its last lease is released", async () => {
  const workers: Worker[] = [];
  using _ = onWorkerMessage((worker) => workers.push(worker));
  const [first, second] = [new WorkerLease(), new WorkerLease()];
  for (const lease of [first, first, second]) await lease.hold();

  assertEquals(sendBlocking([], { limitMs: 5_000, concurrency: 10 }), []);
  const exit = new Promise((resolve) => workers[0]!.once("exit", resolve));
  first.release();
  first.release();
  assertEquals(sendBlocking([], { limitMs: 5_000, concurrency: 10 }), []);
  assertEquals(workers[1], workers[0]);

  second.release();
  await exit;
  await second.hold();
  assertEquals(sendBlocking([], { limitMs: 5_000, concurrency: 10 }), []);
  assertNotEquals(workers[2], workers[0]);
  second.release();
});

Deno.test("sendBlocking() gives undefined when the worker dies, and takes a new one the next time", async () => {
  const lease = new WorkerLease();
  await lease.hold();
  {
    using _ = onWorkerMessage(die);
    assertEquals(sendBlocking([], { limitMs: 50, concurrency: 10 }), undefined);
  }
  assertEquals(sendBlocking([], { limitMs: 5_000, concurrency: 10 }), []);
  lease.release();
});

Deno.test("sendBlocking() gives up a worker that does not answer", async () => {
  const lease = new WorkerLease();
  await lease.hold();
  const workers: Worker[] = [];
  {
    using _ = onWorkerMessage((worker) => workers.push(worker) && "lost");
    assertEquals(sendBlocking([], { limitMs: 20, concurrency: 10 }), undefined);
    assertEquals(sendBlocking([], { limitMs: 20, concurrency: 10 }), undefined);
  }
  assertNotEquals(workers[1], workers[0]);
  lease.release();
});
