/** What the npm package's `logs` and `current-record` do on Node: with real loggers, bundled, and on Lambda's console. */
import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { EXPECTED_LINES, loggerProgram, LOGGERS, readLines } from "../tests/support/loggers.ts";
import { assert, claim } from "./claims.ts";
import { bundle, node, ROOT } from "./npm_project.ts";
import { mustRun } from "./run_command.ts";

/** The loggers, for the project's manifest. */
export const LOGGER_PACKAGES: Readonly<Record<string, string>> = {
  "pino": "10.4.0",
  "@aws-lambda-powertools/logger": "2.36.0",
  "@logtape/logtape": "2.4.2",
  "winston": "3.19.0",
};

/** Lambda's own runtime interface client, which replaces the methods of the console. */
const RUNTIME_CLIENT = "aws-lambda-ric@4.0.2";

const BUNDLES = [
  ["logging.mjs", "--format=esm"],
  ["logging.min.mjs", "--format=esm", "--minify"],
  ["logging.cjs", "--format=cjs", "--minify"],
] as const;

const BUNDLED_OUTPUT = [
  "a: m1",
  "b: m2",
  "c: m3",
  "SQS record failed: m2: RangeError: no such order",
].join("\n");

/** Counts the `AsyncLocalStorage`s that a batch makes with the entry points that are its arguments. */
const COUNT = `
  import async_hooks from "node:async_hooks";
  import { syncBuiltinESMExports } from "node:module";
  const { AsyncLocalStorage } = async_hooks;
  let count = 0;
  const value = class extends AsyncLocalStorage {
    constructor(...args) {
      super(...args);
      count++;
    }
  };
  Object.defineProperty(async_hooks, "AsyncLocalStorage", { value });
  syncBuiltinESMExports();
  const { withSqsBatch } = await import("@partial-batch/sqs");
  const { createLambdaContext, createSqsEvent } = await import("@partial-batch/sqs/testing");
  for (const name of process.argv.slice(2)) await import("@partial-batch/sqs/" + name);
  const handler = withSqsBatch(() => { throw new Error("fail"); }, { reportItemFailures: true });
  await handler(createSqsEvent(["a"]), createLambdaContext());
  console.log(count);
`;

/** Loads Lambda's runtime client, which replaces the console's methods and then misses Lambda. */
const LAMBDA_CONSOLE = `
  process.once("unhandledRejection", () => {});
  await import("aws-lambda-ric");
  await new Promise((resolve) => setTimeout(resolve, 100));
  const { withSqsBatch } = await import("@partial-batch/sqs");
  const { createLambdaContext, createSqsEvent } = await import("@partial-batch/sqs/testing");
  const { logFailures } = await import("@partial-batch/sqs/logs");
  logFailures(console);
  const handler = withSqsBatch(() => { throw new RangeError("no such order"); }, {
    reportItemFailures: true,
  });
  await handler(createSqsEvent(["a"]), createLambdaContext());
`;

/** Writes the programs into a project in which the package is installed. */
export async function prepareLogging(project: string): Promise<void> {
  for (const [name, logger] of Object.entries(LOGGERS)) {
    await writeFile(join(project, programOf(name)), loggerProgram(logger));
  }
  const source = join(project, "logging.ts");
  await cp(join(ROOT, "tests/node/consumer/logging.ts"), source);
  for (const [file, ...more] of BUNDLES) await bundle(project, source, file, more);
  await writeFile(join(project, "count_storages.mjs"), COUNT);
  // Its scripts compile native code, which is not needed here.
  const lambda = join(project, "lambda");
  await mkdir(lambda);
  await writeFile(join(lambda, "package.json"), "{}");
  await mustRun("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", RUNTIME_CLIENT], {
    cwd: lambda,
  });
  await writeFile(join(lambda, "console.mjs"), LAMBDA_CONSOLE);
}

/** Runs them on a Node. */
export async function testLogging(project: string, major: string): Promise<void> {
  const run = (...args: readonly string[]) => mustRun(node(project, major), args, { cwd: project });
  for (const [name, logger] of Object.entries(LOGGERS)) {
    await claim(`${name} with logs and current-record on Node ${major}`, async () => {
      const lines = readLines(logger, await run(programOf(name)));
      assert(JSON.stringify(lines) === JSON.stringify(EXPECTED_LINES), JSON.stringify(lines));
    });
  }
  for (const [file] of BUNDLES) {
    await claim(`${file} on Node ${major}`, async () => {
      const output = await run(file);
      assert(output === BUNDLED_OUTPUT, output);
    });
  }
  await claim(`an AsyncLocalStorage only with current-record on Node ${major}`, async () => {
    for (
      const [expected, ...names] of [["0"], ["0", "logs", "metrics", "local"], [
        "1",
        "logs",
        "current-record",
      ]]
    ) {
      const count = (await run("count_storages.mjs", ...names)).trim();
      assert(count === expected, `${names}: expected ${expected}, got ${count}`);
    }
  });
  await claim(`Lambda's JSON log format makes members of the entry on Node ${major}`, async () => {
    const output = await mustRun(node(project, major), ["console.mjs"], {
      cwd: join(project, "lambda"),
      env: { AWS_LAMBDA_LOG_FORMAT: "JSON" },
    });
    const { level, message } = JSON.parse(output.trim());
    assert(
      level === "ERROR" && message.message === "SQS record failed" &&
        message.receiveCount === 1 && message.error.errorMessage === "no such order" &&
        message.error.errorType === "RangeError",
      output,
    );
  });
}

function programOf(logger: string): string {
  return `logging_${logger.replaceAll(" ", "_")}.mjs`;
}
