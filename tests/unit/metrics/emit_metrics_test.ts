import {
  BasePartialProcessor,
  type CloseMessage,
  SQSBatchProcessingError,
} from "@partial-batch/sqs";
import { emitMetrics } from "@partial-batch/sqs/metrics";
import { assertEquals, assertFalse, assertInstanceOf, assertStringIncludes } from "@std/assert";
import { channel } from "node:diagnostics_channel";
import process from "node:process";
import { readEmbeddedMetrics } from "../../support/embedded_metrics.ts";
import { handleBody, makeRecords } from "../../support/factories.ts";
import { holding, HOLDS } from "../../support/hold.ts";
import { runScript } from "../../support/run_script.ts";

class Processor extends BasePartialProcessor {}

const METRICS = new URL("../../../src/metrics/mod.ts", import.meta.url).href;

/** Notes the warnings of the process while it is held. */
function listenToWarnings() {
  const warnings: (Error & { detail?: string })[] = [];
  const listener = (warning: Error) => void warnings.push(warning);
  process.on("warning", listener);
  return { warnings, [Symbol.dispose]: () => void process.off("warning", listener) };
}

/** Warnings and rejections are told in a later turn. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function runBatch(...bodies: readonly string[]) {
  return holding({
    hold: "await using",
    processor: new Processor(),
    records: makeRecords(...bodies),
    handler: handleBody,
  });
}

for (const hold of HOLDS) {
  Deno.test(`${hold}: emitMetrics() writes a line a batch: handled, failed, never processed`, async () => {
    const lines: string[] = [];
    using _metrics = emitMetrics({ namespace: "Orders", write: (line) => void lines.push(line) });
    const processor = new Processor();
    const handler = handleBody;
    await holding({ hold, processor, handler, records: makeRecords("ok", "ok") });
    await holding({ hold, processor, handler, records: makeRecords("ok", "fail", "fail") });
    await holding({ hold, processor, handler, records: makeRecords("ok"), body: () => {} });
    const written = lines.map(readEmbeddedMetrics);
    assertEquals(
      written.map(({ Handled, Failed, Unprocessed }) => [Handled, Failed, Unprocessed]),
      [[2, 0, 0], [1, 2, 0], [0, 0, 1]],
    );
  });
}

Deno.test("emitMetrics() counts failures under suppressException and in response mode too", async () => {
  const lines: string[] = [];
  using _metrics = emitMetrics({ namespace: "Orders", write: (line) => void lines.push(line) });
  for (const options of [{ suppressException: true }, { reportItemFailures: true }]) {
    await holding({
      hold: "await using",
      processor: new Processor(options),
      records: makeRecords("ok", "fail"),
      handler: handleBody,
      body: async (batch) => {
        await batch.process();
        if ("reportItemFailures" in options) batch.response();
      },
    });
  }
  const written = lines.map(readEmbeddedMetrics);
  assertEquals(written.map(({ Handled, Failed }) => [Handled, Failed]), [[1, 1], [1, 1]]);
});

Deno.test("emitMetrics() writes nothing of a message", async () => {
  const lines: string[] = [];
  using _metrics = emitMetrics({ namespace: "Orders", write: (line) => void lines.push(line) });
  const records = makeRecords("fail: secret body");
  await holding({
    hold: "await using",
    processor: new Processor(),
    records,
    handler: handleBody,
  });
  for (
    const text of ["secret", records[0]!.messageId, records[0]!.receiptHandle, "no such order"]
  ) {
    assertFalse(lines.join().includes(text), text);
  }
});

Deno.test("emitMetrics() writes nothing for a batch without records", async () => {
  const lines: string[] = [];
  using _metrics = emitMetrics({ namespace: "Orders", write: (line) => void lines.push(line) });
  await runBatch();
  assertEquals(lines, []);
});

Deno.test("emitMetrics() stops when it is disposed, and only itself", async () => {
  const orders: string[] = [];
  const mail: string[] = [];
  const metrics = emitMetrics({ namespace: "Orders", write: (line) => void orders.push(line) });
  using _others = emitMetrics({ namespace: "Mail", write: (line) => void mail.push(line) });
  await runBatch("ok");
  metrics[Symbol.dispose]();
  metrics[Symbol.dispose]();
  await runBatch("ok");
  assertEquals([orders.length, mail.length], [1, 2]);
});

const REFUSING: Readonly<Record<string, () => unknown>> = {
  throws: () => {
    throw new RangeError("the disk is full");
  },
  rejects: () => Promise.reject(new RangeError("the disk is full")),
};

for (const hold of HOLDS) {
  for (const [how, write] of Object.entries(REFUSING)) {
    Deno.test(`${hold}: a write() that ${how} changes no batch, and is one warning`, async () => {
      using listening = listenToWarnings();
      using _metrics = emitMetrics({ namespace: "Orders", write });
      for (let batch = 0; batch < 3; batch++) {
        const { thrown } = await holding<unknown>({
          hold,
          processor: new Processor(),
          records: makeRecords("ok", "fail"),
          handler: handleBody,
        });
        assertInstanceOf(thrown, SQSBatchProcessingError);
        assertEquals([thrown.failures.length, thrown.cause], [1, undefined]);
        await nextTurn();
      }
      const [warning] = listening.warnings;
      assertEquals(listening.warnings.length, 1);
      assertEquals(warning!.name, "PartialBatchWarning");
      assertStringIncludes(warning!.message, "Cannot write the metrics of a batch");
      assertStringIncludes(warning!.detail!, "RangeError: the disk is full");
    });
  }
}

Deno.test("emitMetrics() survives a message that cannot be read", async () => {
  using listening = listenToWarnings();
  using _metrics = emitMetrics({ namespace: "Orders", write: () => {} });
  const message: Pick<CloseMessage, "records"> = {
    get records(): never {
      throw new TypeError("no records");
    },
  };
  channel("partial-batch.sqs.close").publish(message);
  await nextTurn();
  assertStringIncludes(listening.warnings[0]!.detail!, "TypeError: no records");
});

Deno.test("emitMetrics() warns if the same metrics are written already, and not after their end", async () => {
  using listening = listenToWarnings();
  const write = () => {};
  const dimensions = { Service: "shop", Stage: "test" };
  {
    using _first = emitMetrics({ namespace: "Orders", dimensions, write });
    using _others = emitMetrics({ namespace: "Orders", write });
    await nextTurn();
    assertEquals(listening.warnings, []);
    const reordered = { Stage: "test", Service: "shop" };
    using _again = emitMetrics({ namespace: "Orders", dimensions: reordered, write });
    await nextTurn();
    assertEquals(listening.warnings.length, 1);
    assertStringIncludes(listening.warnings[0]!.message, "counted more than once");
  }
  using _later = emitMetrics({ namespace: "Orders", dimensions, write });
  await nextTurn();
  assertEquals(listening.warnings.length, 1);
});

// --- Standard output -------------------------------------------------------

const SCRIPT = `
  import { BasePartialProcessor } from "@partial-batch/sqs";
  import { emitMetrics } from "@partial-batch/sqs/metrics";
  class Processor extends BasePartialProcessor {}
  emitMetrics({ namespace: "Orders" });
  const record = {
    messageId: "m1",
    receiptHandle: "handle",
    eventSourceARN: "arn:aws:sqs:us-east-1:123456789012:orders",
    attributes: { SentTimestamp: "1700000000000" },
  };
  console.log = () => { throw new Error("the console must not be used"); };
  for (let batch = 0; batch < 15; batch++) {
    await new Processor().run([record], () => {});
    await new Promise((resolve) => setTimeout(resolve));
  }
  console.error("done");
`;

Deno.test("emitMetrics() writes to standard output by default, and needs no permission", async () => {
  const { code, stdout, stderr } = await runScript(SCRIPT, [], {
    "@partial-batch/sqs/metrics": METRICS,
  });
  assertEquals([code, stderr], [0, "done\n"]);
  const lines = stdout.split("\n");
  assertEquals([lines.length, lines.pop()], [16, ""]);
  for (const line of lines) assertEquals(readEmbeddedMetrics(line).Handled, 1);
});
