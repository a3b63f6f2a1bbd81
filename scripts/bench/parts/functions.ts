/**
 * Functions as they are deployed: bundled by esbuild into one minified file, with the AWS SDK left to
 * Lambda's runtime. How large the file is, and how long its import and first batch take.
 */
import { mkdir, stat, writeFile } from "node:fs/promises";
import { bundle } from "../../npm_project.ts";
import { type Bench, type Measured, measureOnEach } from "../measure.ts";
import type { BenchProject } from "../project.ts";
import { show, table, target } from "../table.ts";

const ROUNDS = 41;

/** 32 KB. */
const MAX_BYTES = { atMost: 32 * 1024, digits: 0, unit: "B" };

/** Handlers with nothing to do in them. The first is the floor. */
const FUNCTIONS = {
  empty: `
    export const handler = async () => {};
  `,
  ours: `
    import { withSqsBatch } from "@partial-batch/sqs";
    export const handler = withSqsBatch(async () => {}, { reportItemFailures: true });
  `,
  middy: `
    import middy from "@middy/core";
    import partialFailure from "@middy/sqs-partial-batch-failure";
    export const handler = middy().use(partialFailure({ logger: false })).handler(
      ({ Records }) => Promise.allSettled(Records.map(async () => {})),
    );
  `,
  Powertools: `
    import { BatchProcessor, EventType, processPartialResponse } from
      "@aws-lambda-powertools/batch";
    const processor = new BatchProcessor(EventType.SQS);
    export const handler = (event, context) =>
      processPartialResponse(event, async () => {}, processor, { context });
  `,
};

/** Bundles all functions, and measures them. */
export async function functions(bench: Bench): Promise<string> {
  const { project, runtimes, progress } = bench;
  progress("bundling");
  await mkdir(project.path("functions"));
  for (const [name, source] of Object.entries(FUNCTIONS)) {
    await writeFile(project.path("functions", `${name}.js`), source);
    await bundle(
      project.folder,
      project.path("functions", `${name}.js`),
      bundlePath(project, name),
      ["--minify", "--format=esm", "--external:@aws-sdk/*"],
    );
  }
  const nodes = runtimes.filter(({ isNode }) => isNode);
  const columns = await measureOnEach<"ms">(
    bench,
    nodes,
    { what: "cold starts", subjects: Object.keys(FUNCTIONS), rounds: ROUNDS },
    (runtime, subject) =>
      project.measure(runtime, "cold_start.js", {
        args: [bundlePath(project, subject)],
        figures: ["ms"],
      }),
  );
  const coldStarts = table([
    ["over an empty function", ...nodes.map(({ name }) => name), "at most"],
    ...["middy", "ours", "Powertools"].map((subject) => {
      const atMost = subject === "ours" ? 1 : undefined;
      return [
        subject,
        ...columns.map((column) => coldStart(column, subject, atMost)),
        target({
          atMost,
        }),
      ];
    }),
  ]);
  const sizes = table([
    ["", "minified", "at most"],
    ...await Promise.all(
      (["ours", "middy", "Powertools"] as const).map(async (subject) => {
        const { size } = await stat(bundlePath(project, subject));
        const shown = { ...MAX_BYTES, atMost: subject === "ours" ? MAX_BYTES.atMost : undefined };
        return [subject, show(size, shown), target(shown)];
      }),
    ),
  ]);
  return `**Import and first batch of 10**\n\n${coldStarts}\n\n**Size of a bundle**\n\n${sizes}`;
}

function coldStart(column: Measured<"ms">, subject: string, atMost: number | undefined): string {
  const floor = column.get("empty")!.ms;
  const over = (name: string) => column.get(name)!.ms - floor;
  const ms = show(over(subject), { unit: "ms" });
  return subject === "middy"
    ? `1 (${ms})`
    : `${show(over(subject) / over("middy"), { atMost })} (${ms})`;
}

function bundlePath(project: BenchProject, name: string): string {
  return project.path("bundles", `${name}.mjs`);
}
