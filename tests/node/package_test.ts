import { SQSClient } from "@aws-sdk/client-sqs";
import {
  BasePartialProcessor,
  type Batch,
  exponentialBackoff,
  jsonBody,
  type Outcome,
  PartialSQSProcessor,
  type RecordContext,
  type RecordMessage,
  SQSBatchProcessingError,
  SqsBodyError,
  withSqsBatch,
} from "@partial-batch/sqs";
import { pollOnce } from "@partial-batch/sqs/local";
import type { SQSRecord } from "aws-lambda";
import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { execFile } from "node:child_process";
import { tracingChannel } from "node:diagnostics_channel";
import process from "node:process";
import { test } from "node:test";
import { promisify } from "node:util";
import { lambdaContext } from "../support/lambda_context.ts";
import { SERVERS } from "../support/test_queue.ts";
import { configOf, createQueue, handle, rejectionOf } from "./setup.ts";

for (const server of SERVERS) {
  test(`${server}: a batch that succeeds makes no call`, async () => {
    const queue = await createQueue(server);
    const records = await queue.records("ok1", "ok2");
    const client = { send: () => Promise.reject(new Error("SQS must not be called")) };
    const outcomes = await new PartialSQSProcessor({ client }).run(records, handle);
    assert.deepEqual(outcomes.map(({ status }) => status), ["success", "success"]);
    assert.equal(await queue.left(), 2);
  });

  test(`${server}: await using deletes the good ones and throws`, async () => {
    const queue = await createQueue(server);
    const records = await queue.records("ok1", "fail", "ok2");
    const processor = new PartialSQSProcessor({ config: configOf(server) });
    const error = await rejectionOf((async () => {
      await using batch = processor.open(records, handle);
      await batch.process();
    })());
    assert(error instanceof SQSBatchProcessingError);
    assert.equal(error.name, "SQSBatchProcessingError");
    assert.deepEqual(error.failures.map(({ record }) => record.body), ["fail"]);
    assert.deepEqual(error.undeleted, []);
    assert.deepEqual(Object.keys(error), []);
    assert.equal(await queue.left(), 1);
  });

  test(`${server}: the wrapper, invoked by an event source mapping`, async () => {
    const queue = await createQueue(server, { VisibilityTimeout: "1" });
    await queue.client.send(
      new (await import("@aws-sdk/client-sqs")).SendMessageCommand({
        QueueUrl: queue.url,
        MessageBody: "ok",
      }),
    );
    const handler = withSqsBatch(handle, { config: configOf(server) });
    const { client, url: queueUrl } = queue;
    const invocation = await pollOnce({ client, queueUrl, handler });
    assert.equal(invocation?.error, undefined);
    assert.equal(await queue.left(), 0);
  });
}

test("local-aws-sqs: Failed entries end in undeleted", async () => {
  const queue = await createQueue("local-aws-sqs");
  const [ok, bad, fail] = await queue.records("ok", "bad", "fail");
  const records = [ok!, { ...bad!, receiptHandle: "malformed" }, fail!];
  const processor = new PartialSQSProcessor({ config: configOf("local-aws-sqs") });
  const error = await rejectionOf(processor.run(records, handle));
  assert(error instanceof SQSBatchProcessingError);
  assert.deepEqual(error.undeleted.map(({ reason }) => reason), ["ReceiptHandleIsInvalid"]);
});

test("the environment's endpoint is used, by the library's client and by one handed in", async () => {
  const { endpoint } = configOf("fauxqs");
  const environment = {
    AWS_ENDPOINT_URL_SQS: endpoint,
    AWS_ACCESS_KEY_ID: "AKIAENV",
    AWS_SECRET_ACCESS_KEY: "s",
  };
  Object.assign(process.env, environment);
  try {
    for (const options of [{}, { client: new SQSClient({ region: "us-east-1" }) }]) {
      const queue = await createQueue();
      const records = await queue.records("ok", "fail");
      await rejectionOf(new PartialSQSProcessor(options).run(records, handle));
      assert.equal(await queue.left(), 1);
    }
  } finally {
    for (const name of Object.keys(environment)) delete process.env[name];
  }
});

test("a client of a second copy of the SDK deletes too", async () => {
  const { SQSClient: Second } = await import("sqs-second" as string) as {
    SQSClient: typeof SQSClient;
  };
  assert.notEqual(Second, SQSClient);
  const queue = await createQueue();
  const records = await queue.records("ok", "fail");
  const processor = new PartialSQSProcessor({ client: new Second(configOf("fauxqs")) });
  const error = await rejectionOf(processor.run(records, handle));
  assert(error instanceof SQSBatchProcessingError);
  assert.deepEqual(error.undeleted, []);
  assert.equal(await queue.left(), 1);
});

test("a client of a copy that does not fit leaves its entries undeleted, and the error says so", async () => {
  const { SQSClient: Old } = await import("sqs-old" as string) as { SQSClient: typeof SQSClient };
  const queue = await createQueue();
  const records = await queue.records("ok", "fail");
  const processor = new PartialSQSProcessor({ client: new Old(configOf("fauxqs")) });
  const error = await rejectionOf(processor.run(records, handle));
  assert(error instanceof SQSBatchProcessingError);
  assert.match(error.undeleted[0]!.reason, /a copy of the AWS SDK that does not fit/);
  assert.equal(await queue.left(), 2);
});

test("the AWS SDK and node:worker_threads are not loaded while nothing fails", async () => {
  const queue = await createQueue();
  const records = await queue.records("ok", "fail");
  // A process of its own: in this one they are loaded already.
  const script = `
    import { createRequire } from "node:module";
    import { PartialSQSProcessor, withSqsBatch } from "@partial-batch/sqs";
    const config = ${JSON.stringify(configOf("fauxqs"))};
    const [ok, fail] = ${JSON.stringify(records)};
    const { cache } = createRequire(process.cwd() + "/");
    const tell = async (what) => {
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
      const sdk = Object.keys(cache).some((path) => path.includes("client-sqs"));
      const threads = process.moduleLoadList.includes("NativeModule worker_threads");
      console.log(what, sdk, threads);
    };
    const handle = ({ body }) => {
      if (body === "fail") throw new Error("no such order");
    };
    const processor = new PartialSQSProcessor({ config });
    const close = async (symbol, records) => {
      const batch = processor.open(records, handle);
      const dispose = batch[symbol];
      await batch.process();
      await dispose.call(batch);
    };
    await withSqsBatch(handle)({ Records: [ok] }, {});
    await withSqsBatch(handle, { reportItemFailures: true })({ Records: [ok, fail] }, {});
    await processor.run([ok], handle);
    await close(Symbol.asyncDispose, [ok]);
    await close(Symbol.dispose, [ok]);
    await tell("nothing failed:");
    await close(Symbol.asyncDispose, [ok, fail]).catch(() => {});
    await tell("await using, one failed:");
    await close(Symbol.dispose, [ok, fail]).catch(() => {});
    await tell("using, one failed:");
  `;
  const env = { ...process.env, NODE_NO_WARNINGS: "1" };
  const args = ["--input-type=module", "--eval", script];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env });
  assert.deepEqual(stdout.trim().split("\n"), [
    "nothing failed: false false",
    "await using, one failed: true false",
    "using, one failed: true true",
  ]);
});

test("nobody holding the batch makes process() throw", async () => {
  const queue = await createQueue();
  const batch = new PartialSQSProcessor().open(await queue.records("ok"), handle);
  assert.throws(() => batch.process(), /nobody would close it/);
});

test("a processor of one's own", async () => {
  const cleaned: number[] = [];
  class Counting extends BasePartialProcessor {
    protected override _clean(batch: Batch) {
      cleaned.push(batch.successMessages.length);
    }
  }
  const queue = await createQueue();
  await new Counting().run(await queue.records("ok1", "ok2"), handle);
  assert.deepEqual(cleaned, [2]);
});

// On Node, where Object.prototype has an accessor of that name; Deno has none.
test("an outcome has a status of its own, not one of a __proto__", async () => {
  class Odd extends BasePartialProcessor {
    protected override _processRecord<T>(record: SQSRecord): Promise<Outcome<T>> {
      const prototype = { value: { status: "success" }, enumerable: true };
      return Promise.resolve(Object.defineProperty({ record }, "__proto__", prototype) as never);
    }
  }
  const queue = await createQueue();
  const error = await rejectionOf(new Odd().run(await queue.records("ok"), handle));
  assert(error instanceof SQSBatchProcessingError && error.errors[0] instanceof TypeError);
});

test("local-aws-sqs: what can never succeed is moved, what failed is delayed", async () => {
  const server = "local-aws-sqs";
  const deadLetters = await createQueue(server);
  const { QueueArn: deadLetterTargetArn } = await deadLetters.attributes();
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 100 });
  const queue = await createQueue(server, { RedrivePolicy });
  const records = await queue.records("7", '"fail"', "no JSON");
  const processor = new PartialSQSProcessor({
    config: configOf(server),
    nonRetryable: { when: [SqsBodyError] },
    retryDelay: exponentialBackoff({ baseSeconds: 60 }),
  });
  const error = await rejectionOf(processor.run(
    records,
    jsonBody((body) => {
      if (body === "fail") throw new Error("no such order");
    }),
  ));
  assert(error instanceof SQSBatchProcessingError);
  assert.deepEqual(error.outcomes.map(({ status }) => status), [
    "success",
    "fail",
    "dead-lettered",
  ]);
  assert.deepEqual([error.undeleted, error.unmoved, error.undelayed], [[], [], []]);
  assert.equal(await queue.left(), 1);
});

test("a deadline ends a handler that never settles", async () => {
  const queue = await createQueue();
  const records = await queue.records("ok", "stuck");
  const processor = new PartialSQSProcessor({ config: configOf("fauxqs") });
  const error = await rejectionOf(processor.run(
    records,
    ({ body }) => body === "stuck" ? new Promise(() => {}) : body,
    { context: lambdaContext(1_500) },
  ));
  assert(error instanceof SQSBatchProcessingError);
  assert.deepEqual(error.unprocessed.map(({ reason }) => reason), ["deadline"]);
  assert.equal(await queue.left(), 1);
});

test("a record that took too long shows no stack frame of a timer", async () => {
  const queue = await createQueue();
  const processor = new PartialSQSProcessor({ recordTimeoutMs: 1 });
  const error = await rejectionOf(
    processor.run(await queue.records("ok"), () => new Promise(() => {})),
  );
  assert(error instanceof SQSBatchProcessingError);
  assert.match(error.message, /TimeoutError: The record was not handled within 1 ms/);
  assert.doesNotMatch(error.message, /^ +at /m);
});

test("a store bound to the record channel is the handler's own", async () => {
  const storage = new AsyncLocalStorage<string>();
  const { start } = tracingChannel<string, RecordMessage>("partial-batch.sqs.record");
  start.bindStore(storage, ({ record }) => record.body);
  const queue = await createQueue();
  const records = await queue.records("a", "b", "c");
  const outcomes = await new PartialSQSProcessor().run(records, async () => {
    await new Promise((resolve) => setImmediate(resolve));
    return storage.getStore();
  });
  start.unbindStore(storage);
  assert.deepEqual(
    outcomes.map((each) => each.status === "success" && each.result),
    ["a", "b", "c"],
  );
});

test("reportItemFailures gives Lambda's partial batch response", async () => {
  const queue = await createQueue();
  const records = await queue.records("ok", "fail");
  const handler = withSqsBatch(handle, { reportItemFailures: true });
  assert.deepEqual(await handler({ Records: records }, lambdaContext(30_000)), {
    batchItemFailures: [{ itemIdentifier: records[1]!.messageId }],
  });
});

for (const hold of ["await using", "using"] as const) {
  test(`${hold}: close() without its await is thrown by the scope's end, and nothing is unhandled`, async () => {
    const unhandled: unknown[] = [];
    const listener = (error: unknown) => void unhandled.push(error);
    process.on("unhandledRejection", listener);
    const processor = new PartialSQSProcessor({ config: configOf("fauxqs") });
    const queue = await createQueue();
    const records = await queue.records("ok", "fail");
    const close = async (batch: Batch<string>) => {
      await batch.process();
      batch.close();
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    };
    const error = await rejectionOf((async () => {
      if (hold === "using") {
        using batch = processor.open(records, handle);
        await close(batch);
      } else {
        await using batch = processor.open(records, handle);
        await close(batch);
      }
    })());
    await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", listener);
    assert(error instanceof SQSBatchProcessingError);
    assert.deepEqual([error.undeleted, unhandled], [[], []]);
    assert.equal(await queue.left(), 1);
  });
}

for (const hold of ["await using", "using"] as const) {
  test(`${hold}: 500 records, moved and deleted, make no warning about listeners or timers`, async () => {
    const warnings: string[] = [];
    const listener = ({ name, message }: Error) => {
      if (!message.includes("NodeVersionSupportWarning") && name !== "NodeVersionSupportWarning") {
        warnings.push(`${name}: ${message}`);
      }
    };
    process.on("warning", listener);
    const target = await createQueue();
    const queue = await createQueue();
    const records = await queue.records(
      ...Array.from({ length: 250 }, (_, index) => `ok${index}`),
      ...Array.from({ length: 249 }, (_, index) => `never${index}`),
      "fail",
    );
    const processor = new PartialSQSProcessor({
      config: configOf("fauxqs"),
      concurrency: Infinity,
      retryDelay: 60,
      recordTimeoutMs: 60_000,
      nonRetryable: {
        when: [SyntaxError],
        to: { queueUrl: await target.urlAt(configOf("fauxqs").endpoint) },
      },
    });
    const handler = (record: SQSRecord, { signal }: RecordContext) => {
      signal.throwIfAborted();
      if (record.body.startsWith("never")) throw new SyntaxError("never");
      return handle(record);
    };
    const context = lambdaContext(30_000);
    const error = await rejectionOf((async () => {
      if (hold === "using") {
        using batch = processor.open(records, handler, { context });
        await batch.process();
      } else {
        await using batch = processor.open(records, handler, { context });
        await batch.process();
      }
    })());
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", listener);
    assert(error instanceof SQSBatchProcessingError);
    assert.deepEqual([error.undeleted, error.unmoved, error.undelayed], [[], [], []]);
    assert.equal(await queue.left(), 1);
    assert.deepEqual(warnings, []);
  });
}
