/**
 * Whether another number of connections would be better: the same closes, with the library's number
 * changed in the installed package.
 */
import { readFile, writeFile } from "node:fs/promises";
import type { Bench } from "../measure.ts";
import type { BenchProject } from "../project.ts";
import { show, table } from "../table.ts";
import { type Close, leastMs, startAnswering, timeClose } from "./requests.ts";

const NUMBERS = [10, 20, 30, 50];
const CONSTANT = /(MAX_CONCURRENT_REQUESTS = )\d+/;

/** Times closes by number of connections, on one Node. */
export async function connections(bench: Bench): Promise<string> {
  const runtime = bench.runtimes.find(({ name }) => name === "Node 22")!;
  const path = policyPath(bench.project);
  const policy = await readFile(path, "utf8");
  if (!CONSTANT.test(policy)) throw new Error(`Cannot set the number of connections in ${path}`);
  await using server = await startAnswering();
  const rows: string[][] = [];
  const sizes = bench.isSmoke ? [100] : [1_000, 10_000];
  try {
    for (const connections of bench.isSmoke ? NUMBERS.slice(0, 1) : NUMBERS) {
      bench.progress(`${connections} connections`);
      await writeFile(path, policy.replace(CONSTANT, `$1${connections}`));
      const cells: string[] = [];
      for (const messages of sizes) {
        cells.push(closeShown(await timeClose(bench, runtime, server.endpoint, messages)));
      }
      rows.push([String(connections), ...cells]);
    }
  } finally {
    await writeFile(path, policy);
  }
  const titles = sizes.map((messages) => `${messages.toLocaleString("en")} messages`);
  return table([["connections", ...titles], ...rows]);
}

function closeShown(close: Close): string {
  return `${show(close.ms, { digits: 0, unit: "ms" })} (${show(close.ms / leastMs(close))})`;
}

function policyPath(project: BenchProject): string {
  return project.path("node_modules/@partial-batch/sqs/esm/src/sqs/requests/retry_policy.js");
}
