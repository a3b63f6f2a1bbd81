import { SQSClient } from "@aws-sdk/client-sqs";
import {
  PartialSQSProcessor,
  type RequestMessage,
  SQSBatchProcessingError,
} from "@partial-batch/sqs";
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertNotEquals,
  assertStringIncludes,
} from "@std/assert";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Worker } from "node:worker_threads";
import { bodies, handleBody, makeRecords } from "../support/factories.ts";
import { type Hold, holding, HOLDS } from "../support/hold.ts";
import { runScript } from "../support/run_script.ts";
import { testSqs } from "../support/test_sqs.ts";
import { die, onWorkerMessage } from "../support/worker.ts";

/** Closes a batch of one success and one failure with plain `using`. */
async function closeOne(over: { closeTimeoutMs?: number } = {}) {
  const sqs = await testSqs();
  const queue = await sqs.createQueue();
  const records = await queue.records("ok", "fail");
  const processor = new PartialSQSProcessor({ config: sqs.config, ...over });
  const { thrown } = await holding({ hold: "using", processor, records, handler: handleBody });
  assertInstanceOf(thrown, SQSBatchProcessingError);
  return { sqs, queue, processor, error: thrown };
}

for (const hold of HOLDS) {
  Deno.test(`${hold}: 1,000 messages with one failure are deleted some requests at a time`, async () => {
    const sqs = await testSqs();
    const queue = await sqs.createQueue();
    const records = await queue.records(...bodies("ok", 999), "fail");
    const processor = new PartialSQSProcessor({ config: sqs.config });
    const { thrown } = await holding({ hold, processor, records, handler: handleBody });
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertEquals(thrown.undeleted, []);
    assertEquals(await queue.left(), 1);
    const requests = await sqs.proxy.requests("DeleteMessageBatch");
    assertEquals(requests.length, 100);
    const most = Math.max(...requests.map(({ atATime }) => atATime));
    assert(most > 1 && most <= 10, `${most} at a time`);
  });
}

Deno.test("using: one call to the worker deletes the whole batch", async () => {
  const sqs = await testSqs();
  const queue = await sqs.createQueue();
  const records = await queue.records(...bodies("ok", 34), "fail");
  const processor = new PartialSQSProcessor({ config: sqs.config });
  let calls = 0;
  using _ = onWorkerMessage(() => calls++);
  await holding({ hold: "using", processor, records, handler: handleBody });
  assertEquals(calls, 1);
  assertEquals(await sqs.calls(), 4);
});

Deno.test("using: nothing failed, nothing signed, no worker asked", async () => {
  const sqs = await testSqs();
  const queue = await sqs.createQueue();
  const records = await queue.records("ok");
  const credentials = () => Promise.reject(new Error("was asked"));
  const processor = new PartialSQSProcessor({ config: { ...sqs.config, credentials } });
  let calls = 0;
  using _ = onWorkerMessage(() => calls++);
  const { thrown } = await holding({ hold: "using", processor, records, handler: handleBody });
  assertEquals([thrown, calls], [undefined, 0]);
});

Deno.test("using: a process() that is still running deletes nothing, and all messages return", async () => {
  const sqs = await testSqs();
  const queue = await sqs.createQueue();
  const records = await queue.records("ok1", "ok2", "fail");
  const processor = new PartialSQSProcessor({ config: sqs.config });
  const { thrown } = await holding({
    hold: "using",
    processor,
    records,
    handler: handleBody,
    body: async (batch) => {
      batch.process();
      await Promise.resolve();
    },
  });
  assertInstanceOf(thrown, SQSBatchProcessingError);
  assertStringIncludes(thrown.message, "process() was still running");
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(await sqs.calls(), 0);
  assertEquals(await queue.left(), 3);
});

// ------------------------------------------------------------------------- the worker's life

Deno.test("using: later batches, also of another processor, use the same worker", async () => {
  const workers = new Set<Worker>();
  using _ = onWorkerMessage((worker) => workers.add(worker));
  await closeOne();
  await closeOne();
  assertEquals(workers.size, 1);
});

Deno.test("using: connections that died between two closes cost nothing", async () => {
  const { sqs } = await closeOne();
  await sqs.proxy.killSockets();
  const { queue, error } = await closeOne();
  assertEquals(error.undeleted, []);
  assertEquals(await queue.left(), 1);
});

Deno.test("using: a connection that says nothing any more is left for another one", async () => {
  const sqs = await testSqs();
  const queue = await sqs.createQueue();
  const records = await queue.records("ok", "fail");
  await sqs.proxy.set({ action: "DeleteMessageBatch", kind: "hang", times: 1 });
  const processor = new PartialSQSProcessor({ config: sqs.config, closeTimeoutMs: 1_000 });
  const { thrown } = await holding({ hold: "using", processor, records, handler: handleBody });
  assertInstanceOf(thrown, SQSBatchProcessingError);
  assertEquals(thrown.undeleted, []);
  const [first, second] = await sqs.proxy.requests("DeleteMessageBatch");
  assertNotEquals(first!.remotePort, second!.remotePort);
  await sqs.proxy.killSockets();
});

Deno.test("using: a worker that died between two closes is replaced", async () => {
  let worker: Worker | undefined;
  {
    using _ = onWorkerMessage((each) => worker = each);
    await closeOne();
  }
  await worker!.terminate();
  const attempts: unknown[] = [];
  const listener = (message: unknown) => attempts.push((message as RequestMessage).attempt);
  subscribe("partial-batch.sqs.request", listener);
  const { queue, error } = await closeOne();
  unsubscribe("partial-batch.sqs.request", listener);
  assertEquals(attempts, [1]);
  assertEquals(error.undeleted, []);
  assertEquals(await queue.left(), 1);
});

Deno.test("using: a worker that dies during the wait is replaced within the time limit", async () => {
  let deaths = 0;
  using _ = onWorkerMessage((worker) => deaths++ === 0 && die(worker));
  const { queue, error } = await closeOne({ closeTimeoutMs: 6_000 });
  assertEquals(error.undeleted, []);
  assertEquals(await queue.left(), 1);
});

Deno.test("using: workers that go on dying cost the time limit, and the messages return", async () => {
  using _ = onWorkerMessage(die);
  const { error } = await closeOne({ closeTimeoutMs: 200 });
  assertStringIncludes(error.undeleted[0]!.reason, "no answer within the time limit");
});

// --------------------------------------------------------------- nothing secret gets anywhere

Deno.test("using: no credential, receipt handle or body in any error or log, whatever goes wrong", async () => {
  const sqs = await testSqs();
  const logged: unknown[] = [];
  const real = globalThis.console;
  const recorder = { get: () => (...args: unknown[]) => void logged.push(...args) };
  globalThis.console = new Proxy(real, recorder);
  try {
    for (
      const fault of [
        { kind: "drop" },
        { kind: "hang" },
        { kind: "status", status: 200, body: "<html>" },
        { kind: "status", status: 403, code: "AccessDeniedException" },
        { kind: "fail-entries", ids: ["0"], code: "InternalError", senderFault: true },
      ] as const
    ) {
      const queue = await sqs.createQueue();
      await sqs.proxy.set({ action: "DeleteMessageBatch", ...fault });
      const records = await queue.records("ok-secret-body", "fail-secret-body");
      const processor = new PartialSQSProcessor({
        config: {
          ...sqs.config,
          credentials: {
            accessKeyId: "AKIASECRET",
            secretAccessKey: "secret-key",
            sessionToken: "secret-token",
          },
        },
        closeTimeoutMs: 200,
      });
      const { thrown } = await holding({ hold: "using", processor, records, handler: handleBody });
      assertInstanceOf(thrown, SQSBatchProcessingError);
      assertEquals(thrown.undeleted.length, 1);
      const texts = [thrown.message, thrown.stack, Deno.inspect(thrown), Deno.inspect(logged)];
      for (const secret of ["secret", "AKIA", records[0]!.receiptHandle, "handle-of"]) {
        assertFalse(texts.some((text) => text!.includes(secret)), `${secret} after ${fault.kind}`);
      }
    }
    await sqs.proxy.killSockets();
  } finally {
    globalThis.console = real;
  }
  assertEquals(logged, []);
});

Deno.test("using: where sending throws an error that quotes a header, only its name is told", async () => {
  const sqs = await testSqs();
  const queue = await sqs.createQueue();
  const records = await queue.records("ok", "fail");
  const client = new SQSClient(sqs.config);
  client.middlewareStack.add((next) => (args) => {
    const { headers } = args.request as { headers: Record<string, string> };
    headers["x-tenant"] = "not a header\nsecret-token";
    return next(args);
  }, { step: "finalizeRequest", priority: "low" });
  const processor = new PartialSQSProcessor({ client });
  const { thrown } = await holding({ hold: "using", processor, records, handler: handleBody });
  assertInstanceOf(thrown, SQSBatchProcessingError);
  assertEquals(thrown.undeleted.map(({ reason }) => reason), ["TypeError"]);
  client.destroy();
});

// ------------------------------------------------------------------- a process of its own

const PERMISSIONS = ["--allow-net", "--allow-env", "--allow-sys"];

const script = (records: unknown, config: unknown, hold: Hold = "using") => `
  import { PartialSQSProcessor } from "@partial-batch/sqs";
  const processor = new PartialSQSProcessor({ config: ${JSON.stringify(config)} });
  try {
    ${hold} batch = processor.open(${JSON.stringify(records)}, (record) => {
      if (record.body === "fail") throw new Error("no such order");
    });
    await batch.process();
  } catch (error) {
    console.log(JSON.stringify(error.undeleted.map(({ reason }) => reason)));
  }
`;

Deno.test("using: --allow-net, --allow-env and --allow-sys are enough, and the process ends by itself", async () => {
  const sqs = await testSqs();
  const queue = await sqs.createQueue();
  const records = await queue.records("ok", "fail");
  const { code, stdout, stderr } = await runScript(script(records, sqs.config), PERMISSIONS);
  assertEquals([code, stdout.trim(), stderr], [0, "[]", ""]);
  assertEquals(await queue.left(), 1);
});

for (const hold of HOLDS) {
  for (const missing of PERMISSIONS) {
    Deno.test(`${hold}: without ${missing} the messages return, the reason says so, and nothing hangs`, async () => {
      const sqs = await testSqs();
      const queue = await sqs.createQueue();
      const records = await queue.records("ok", "fail");
      const permissions = PERMISSIONS.filter((each) => each !== missing);
      const source = script(records, sqs.config, hold);
      const { code, stdout, stderr } = await runScript(source, permissions);
      assertEquals([code, stderr], [0, ""]);
      assertStringIncludes(stdout, missing);
      assertEquals(await queue.left(), 2);
    });
  }
}

Deno.test("the AWS SDK is loaded in the background at the first failure", async () => {
  const spy = { "@aws-sdk/client-sqs": `data:text/javascript,globalThis.loaded = true` };
  const { code, stdout } = await runScript(
    `
    import { PartialSQSProcessor } from "@partial-batch/sqs";
    const records = ${JSON.stringify(makeRecords("fail", "last"))};
    await new PartialSQSProcessor({ concurrency: 1 }).run(records, async ({ body }) => {
      if (body === "last") {
        console.log("at first", globalThis.loaded);
        for (let turn = 0; turn < 1_000 && !globalThis.loaded; turn++) {
          await new Promise((resolve) => setTimeout(resolve));
        }
        console.log("then", globalThis.loaded);
      }
      throw new Error("no such order");
    }).catch(() => {});
    `,
    [],
    spy,
  );
  assertEquals([code, stdout], [0, "at first undefined\nthen true\n"]);
});

Deno.test("a batch that succeeds never loads the AWS SDK, and needs no permission", async () => {
  const noSdk = { "@aws-sdk/client-sqs": `data:text/javascript,throw new Error("was loaded")` };
  const sqs = await testSqs();
  const queue = await sqs.createQueue();
  const records = await queue.records("ok1", "ok2");
  const { code, stdout, stderr } = await runScript(script(records, sqs.config), [], noSdk);
  assertEquals([code, stdout, stderr], [0, "", ""]);
  const failing = await queue.records("ok", "fail");
  const loaded = await runScript(script(failing, sqs.config), [], noSdk);
  const reasons = '["the AWS SDK could not be loaded: was loaded"]';
  assertEquals([loaded.code, loaded.stdout.trim()], [0, reasons]);
});
