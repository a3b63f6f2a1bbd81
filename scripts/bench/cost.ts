/**
 * What a record costs beside the peers: `deno task bench:cost`, after `deno task build:npm`.
 *
 * A figure is a ratio of medians; every subject is a process of its own, and they take turns, so that
 * what else the machine does hits all of them. Times are per record, with a handler that does nothing:
 * any real one takes far longer than all of this.
 */
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { install, node, NODE_PACKAGES, NODES, pack, ROOT } from "../npm_project.ts";
import { mustRun, print } from "../run_command.ts";

const ROUNDS = 3;

const PEERS = {
  "@aws-lambda-powertools/batch": "2.35.0",
  "@middy/core": "6.4.5",
  "@middy/sqs-partial-batch-failure": "6.4.5",
};

/** What is measured together: the first subject's time is 1. */
interface Comparison {
  readonly title: string;
  readonly records: number;
  readonly failPercent: number;
  readonly subjects: readonly string[];
}

const LIBRARIES = ["Powertools", "ours", "middy", "allSettled", "a loop"];

const COMPARISONS: readonly Comparison[] = [
  { title: "10 records, none fails", records: 10, failPercent: 0, subjects: LIBRARIES },
  { title: "10 records, 30 % fail", records: 10, failPercent: 30, subjects: LIBRARIES },
  { title: "10,000 records, none fails", records: 10_000, failPercent: 0, subjects: LIBRARIES },
  { title: "10,000 records, 30 % fail", records: 10_000, failPercent: 30, subjects: LIBRARIES },
  ...[[10, 0], [10_000, 0], [10, 30], [10_000, 30]].map(([records, failPercent]) => ({
    title: `delete mode: ${records!.toLocaleString("en")} records, ${failPercent} % fail`,
    records: records!,
    failPercent: failPercent!,
    subjects: ["ours", "ours, delete mode"],
  })),
  {
    title: "features: 1,000 records, none fails",
    records: 1_000,
    failPercent: 0,
    subjects: [
      "ours",
      "ours, own successHandler",
      "ours, signal is read",
      "ours, recordTimeoutMs",
      "ours, traced",
    ],
  },
];

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]!;
}

/** Median microseconds per record, by subject. */
async function time(
  project: string,
  major: string,
  { records, failPercent, subjects }: Comparison,
): Promise<Map<string, number>> {
  const times = new Map<string, number[]>(subjects.map((subject) => [subject, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const subject of subjects) {
      const args = ["time_batches.js", subject, String(records), String(failPercent)];
      const output = await mustRun(node(project, major), args, { cwd: project });
      times.get(subject)!.push(Number(output));
    }
  }
  return new Map(Array.from(times, ([subject, all]) => [subject, median(all)]));
}

const majors = Object.keys(NODES);
const project = await mkdtemp(join(tmpdir(), "partial-batch-bench-"));
try {
  const { filename } = await pack(project);
  await install(project, filename, "^3.600.0", { ...PEERS, ...NODE_PACKAGES });
  await cp(join(ROOT, "scripts/bench/time_batches.js"), join(project, "time_batches.js"));
  for (const comparison of COMPARISONS) {
    const byNode = [];
    for (const major of majors) byNode.push(await time(project, major, comparison));
    print(`\n**${comparison.title}**\n`);
    print(`| | ${majors.map((major) => `Node ${major}`).join(" | ")} |`);
    print(`| --- | ${majors.map(() => "---").join(" | ")} |`);
    const [first, ...others] = comparison.subjects;
    const unit = byNode.map((times) => `1 (${times.get(first!)!.toFixed(2)} µs)`);
    print(`| ${first} | ${unit.join(" | ")} |`);
    for (const subject of others) {
      const ratios = byNode.map((times) => (times.get(subject)! / times.get(first!)!).toFixed(2));
      print(`| ${subject} | ${ratios.join(" | ")} |`);
    }
  }
} finally {
  await rm(project, { recursive: true, force: true });
}
