import type { SQSClient } from "@aws-sdk/client-sqs";
import { PartialSQSProcessor, SQSBatchProcessingError } from "@partial-batch/sqs";
import type { SQSRecord } from "aws-lambda";
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { promisify } from "node:util";
import { SERVERS } from "../support/test_queue.ts";
import { configOf, createQueue, handle, rejectionOf } from "./setup.ts";

const run = promisify(execFile);

async function closeWithUsing(
  processor: PartialSQSProcessor,
  records: readonly SQSRecord[],
): Promise<unknown> {
  using batch = processor.open(records, handle);
  return await batch.process();
}

for (const server of SERVERS) {
  test(`${server}: plain using deletes before the block ends, and throws the same`, async () => {
    const queue = await createQueue(server);
    const processor = new PartialSQSProcessor({ config: configOf(server) });
    let left: Promise<number> | undefined;
    let thrown: unknown;
    try {
      using batch = processor.open(await queue.records("ok1", "fail", "ok2"), handle);
      await batch.process();
    } catch (error) {
      left = queue.left();
      thrown = error;
    }
    assert.equal(await left, 1);
    assert(thrown instanceof SQSBatchProcessingError);
    assert.deepEqual(thrown.failures.map(({ record }) => record.body), ["fail"]);
    assert.deepEqual(thrown.undeleted, []);
  });

  test(`${server}: later closes go the same way`, async () => {
    const queue = await createQueue(server);
    const processor = new PartialSQSProcessor({ config: configOf(server) });
    for (let round = 1; round <= 3; round++) {
      const records = await queue.records(
        ...Array.from({ length: 25 }, (_, i) => `ok${i}`),
        "fail",
      );
      const error = await rejectionOf(closeWithUsing(processor, records));
      assert(error instanceof SQSBatchProcessingError);
      assert.deepEqual(error.undeleted, []);
      assert.equal(await queue.left(), round);
    }
  });
}

test("local-aws-sqs: Failed entries end in undeleted", async () => {
  const queue = await createQueue("local-aws-sqs");
  const [ok, bad, fail] = await queue.records("ok", "bad", "fail");
  const processor = new PartialSQSProcessor({ config: configOf("local-aws-sqs") });
  const records = [ok!, { ...bad!, receiptHandle: "malformed" }, fail!];
  const error = await rejectionOf(closeWithUsing(processor, records));
  assert(error instanceof SQSBatchProcessingError);
  assert.deepEqual(error.undeleted.map(({ reason }) => reason), ["ReceiptHandleIsInvalid"]);
  assert.equal(await queue.left(), 2);
});

test("a client of a second copy of the SDK signs too", async () => {
  const { SQSClient: Second } = await import("sqs-second" as string) as {
    SQSClient: typeof SQSClient;
  };
  const queue = await createQueue();
  const processor = new PartialSQSProcessor({ client: new Second(configOf("fauxqs")) });
  const records = await queue.records("ok", "fail");
  const error = await rejectionOf(closeWithUsing(processor, records));
  assert(error instanceof SQSBatchProcessingError);
  assert.deepEqual(error.undeleted, []);
  assert.equal(await queue.left(), 1);
});

test("nobody listening is undeleted, and the error says why", async () => {
  const queue = await createQueue();
  const config = { ...configOf("fauxqs"), endpoint: "http://127.0.0.1:1" };
  const processor = new PartialSQSProcessor({ config });
  const records = await queue.records("ok", "fail");
  const error = await rejectionOf(closeWithUsing(processor, records));
  assert(error instanceof SQSBatchProcessingError);
  assert.equal(error.undeleted.length, 1);
  assert.doesNotMatch(error.message, /secret|AKIA/);
});

test("await using starts no worker; using starts one, at the first failure and not before", async () => {
  const queue = await createQueue();
  const records = await queue.records("ok", "fail");
  // A process of its own: in this one there may be a worker already.
  const script = `
    import { PartialSQSProcessor } from "@partial-batch/sqs";
    const config = ${JSON.stringify(configOf("fauxqs"))};
    const records = ${JSON.stringify(records)};
    let workers = 0;
    process.on("worker", () => workers++);
    const processor = new PartialSQSProcessor({ config, concurrency: 1 });
    const tell = async (what) => {
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
      console.log(what, workers);
    };
    const fail = () => {
      throw new Error("no such order");
    };
    await processor.run(records, ({ body }) => body === "fail" && fail()).catch(() => {});
    await tell("await using");
    const held = async (records, handler) => {
      const batch = processor.open(records, handler);
      const dispose = batch[Symbol.dispose];
      await batch.process();
      dispose.call(batch);
    };
    await held(records, () => {});
    await tell("using, nothing failed");
    await held(records, async ({ body }) => {
      if (body === "ok") fail();
      await tell("using, after the first failure");
    }).catch(() => {});
  `;
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", script]);
  assert.deepEqual(stdout.trim().split("\n"), [
    "await using 0",
    "using, nothing failed 0",
    "using, after the first failure 1",
  ]);
});

test("the worker does not keep the process alive, and loads nothing of NODE_OPTIONS", async () => {
  const queue = await createQueue();
  const records = await queue.records("ok", "fail");
  const script = `
    import { PartialSQSProcessor } from "@partial-batch/sqs";
    const processor = new PartialSQSProcessor({ config: ${JSON.stringify(configOf("fauxqs"))} });
    const batch = processor.open(${JSON.stringify(records)}, ({ body }) => {
      if (body === "fail") throw new Error("no such order");
    });
    const dispose = batch[Symbol.dispose];
    await batch.process();
    try {
      dispose.call(batch);
    } catch (error) {
      console.log(error.name, error.undeleted.length);
    }
  `;
  const preload = "data:text/javascript,import { isMainThread } from 'node:worker_threads';" +
    "if (!isMainThread) process._rawDebug('loaded in a worker')";
  const { stdout, stderr } = await run(
    process.execPath,
    ["--input-type=module", "--eval", script],
    { env: { ...process.env, NODE_OPTIONS: `--import=${JSON.stringify(preload)}` } },
  );
  assert.equal(stdout, "SQSBatchProcessingError 0\n");
  assert.doesNotMatch(stderr, /loaded in a worker/);
  assert.equal(await queue.left(), 1);
});
