import { BasePartialProcessor } from "@partial-batch/sqs";
import { emitMetrics } from "@partial-batch/sqs/metrics";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { test } from "node:test";
import { makeRecords } from "../support/factories.ts";

class Processor extends BasePartialProcessor {}

/** Runs batches when its input ends, and says so in the end. */
const SCRIPT = `
  import { BasePartialProcessor } from "@partial-batch/sqs";
  import { emitMetrics } from "@partial-batch/sqs/metrics";
  import process from "node:process";
  class Processor extends BasePartialProcessor {}
  emitMetrics({ namespace: "Orders" });
  for await (const _ of process.stdin);
  for (let batch = 0; batch < 15; batch++) {
    await new Processor().run(${JSON.stringify(makeRecords("ok"))}, () => {});
    await new Promise((resolve) => setImmediate(resolve));
  }
  process.stderr.write("done");
`;

/** Starts the script; `said` has what it wrote. */
function startScript() {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", SCRIPT]);
  const said = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("utf8").on("data", (text) => said[stream] += text);
  }
  return { child, said };
}

test("emitMetrics() writes a line a batch", async () => {
  const lines: string[] = [];
  using _metrics = emitMetrics({ namespace: "Orders", write: (line) => void lines.push(line) });
  await new Processor().run(makeRecords("ok", "ok"), () => {});
  const { QueueName, Handled, Failed } = JSON.parse(lines.join());
  assert.deepEqual([QueueName, Handled, Failed], ["orders", 2, 0]);
});

test("emitMetrics() writes to standard output by default", async () => {
  const { child, said } = startScript();
  child.stdin.end();
  assert.deepEqual(await once(child, "close"), [0, null]);
  assert.equal(said.stderr, "done");
  const lines = said.stdout.trimEnd().split("\n");
  assert.deepEqual(lines.map((line) => JSON.parse(line).Handled), Array(15).fill(1));
});

test("emitMetrics() does not end a process whose standard output is closed", async () => {
  const { child, said } = startScript();
  child.stdout.destroy();
  await once(child.stdout, "close");
  child.stdin.end();
  assert.deepEqual(await once(child, "close"), [0, null]);
  assert.match(said.stderr, /done$/);
  assert.equal(said.stderr.match(/Cannot write the metrics of a batch/g)?.length, 1);
  assert.match(said.stderr, /EPIPE/);
});
