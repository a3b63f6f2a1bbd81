/**
 * Whether another number of connections would be better: the same closes, with the library's number
 * changed in the installed package.
 */
import { readConnections, setConnections } from "../connection_policy.ts";
import type { Bench } from "../measure.ts";
import { show, table } from "../table.ts";
import { leastMs, startAnswering, timeClose } from "./requests.ts";

const NUMBERS = [10, 20, 30, 50];

/** Times closes by number of connections, on one Node. */
export async function connections(bench: Bench): Promise<string> {
  const { project, isSmoke, progress } = bench;
  const runtime = bench.runtimes.find(({ name }) => name === "Node 22")!;
  const sizes = isSmoke ? [100] : [1_000, 10_000];
  const rows: string[][] = [];
  const number = await readConnections(project);
  await using server = await startAnswering();
  try {
    for (const connections of isSmoke ? NUMBERS.slice(0, 1) : NUMBERS) {
      progress(`${connections} connections`);
      await setConnections(project, connections);
      const cells: string[] = [];
      for (const messages of sizes) {
        const close = await timeClose(bench, runtime, server.endpoint, messages);
        const ms = show(close.ms, { digits: 0, unit: "ms" });
        cells.push(`${show(close.ms / leastMs(close, connections))} (${ms})`);
      }
      rows.push([connections === number ? `${connections} (ours)` : String(connections), ...cells]);
    }
  } finally {
    await setConnections(project, number);
  }
  const titles = sizes.map((messages) => `${messages.toLocaleString("en")} messages`);
  return table([["connections", ...titles], ...rows]);
}
