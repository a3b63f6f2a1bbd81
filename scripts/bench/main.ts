/**
 * Measures what the library costs beside its peers, on the packed npm package, and writes tables in
 * Markdown. Needs `deno task build:npm`.
 *
 *     main.ts [--smoke] [part…]
 */
import process from "node:process";
import { print } from "../run_command.ts";
import type { Bench, Part } from "./measure.ts";
import { connections } from "./parts/connections.ts";
import { cost } from "./parts/cost.ts";
import { functions } from "./parts/functions.ts";
import { holds } from "./parts/holds.ts";
import { memory } from "./parts/memory.ts";
import { plot } from "./parts/plot.ts";
import { requests } from "./parts/requests.ts";
import { waiting } from "./parts/waiting.ts";
import { BenchProject } from "./project.ts";

const PARTS: Readonly<Record<string, readonly [title: string, part: Part]>> = {
  cost: ["Time per record", cost],
  memory: ["Memory", memory],
  functions: ["Cold start and size of a bundle", functions],
  requests: ["Requests", requests],
  connections: ["How many connections", connections],
  holds: ["Plain using beside await using", holds],
  waiting: ["Handlers that wait", waiting],
  plot: ["Time per record over batch sizes", plot],
};

/** Progress goes to the other stream: what is printed is to be pasted. */
function progress(what: string): void {
  const seconds = Math.round(performance.now() / 1_000);
  process.stderr.write(`${String(seconds).padStart(4)} s  ${what}\n`);
}

const args = process.argv.slice(2);
const isSmoke = args.includes("--smoke");
const names = args.filter((arg) => arg !== "--smoke");
const unknown = names.filter((name) => !(name in PARTS));
if (unknown.length > 0) {
  throw new TypeError(
    `Cannot measure ${unknown}: expected some of ${Object.keys(PARTS).join(", ")}`,
  );
}

progress("installing the package and its peers");
await using project = await BenchProject.create();
const runtimes = isSmoke
  ? project.runtimes.filter(({ name }) => name === "Node 22")
  : project.runtimes;
const bench: Bench = { project, runtimes, isSmoke, progress };
for (const name of names.length > 0 ? names : Object.keys(PARTS)) {
  const [title, part] = PARTS[name]!;
  const text = await part(bench);
  if (!/\d/.test(text)) throw new Error(`${name} measured nothing: ${text}`);
  print(`### ${title}\n\n${text}\n`);
}
progress("done");
