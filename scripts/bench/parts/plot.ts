/** Time per record over batch sizes, drawn to `plot.svg` beside the bench's README. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "../../npm_project.ts";
import { type Bench, takeTurns } from "../measure.ts";
import { drawPlot } from "../plot_svg.ts";
import { show, table } from "../table.ts";
import { timeBatches, type Times } from "./cost.ts";

const SIZES = [1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000];
const SUBJECTS = ["Powertools", "ours", "middy", "allSettled", "a loop"];

/** Times all subjects on one Node. A smoke run draws, but overwrites nothing. */
export async function plot(bench: Bench): Promise<string> {
  const runtime = bench.runtimes.find(({ name }) => name === "Node 22")!;
  const sizes = bench.isSmoke ? [1, 10] : SIZES;
  const columns: Times[] = [];
  for (const records of sizes) {
    bench.progress(`plot, ${records} records`);
    const batch = { records, failPercent: 0 };
    columns.push(
      await takeTurns(
        SUBJECTS,
        bench.isSmoke ? 1 : 5,
        (subject) => timeBatches(bench, runtime, subject, batch),
      ),
    );
  }
  const lines = SUBJECTS.map((name) => ({
    name,
    isMain: name === "ours",
    points: columns.map((column, index) => ({
      x: sizes[index]!,
      y: column.get(name)!.usPerRecord,
    })),
  }));
  const svg = drawPlot({
    title: `Time per record on ${runtime.name}, nothing fails`,
    xTitle: "records in a batch",
    yTitle: "µs per record",
    lines,
  });
  if (!bench.isSmoke) await writeFile(join(ROOT, "scripts/bench/plot.svg"), svg);
  return table([
    ["µs per record", ...sizes.map((size) => size.toLocaleString("en"))],
    ...lines.map(({ name, points }) => [name, ...points.map(({ y }) => show(y))]),
  ]);
}
