/**
 * Uses the npm package as its users do: packs `npm/`, installs the tarball into an empty project, and
 * there runs `tests/node/` on Node 20, 22 and 24, type-checks a strict consumer, and runs a function
 * that esbuild bundled into one file, also on Node 20 and 22 as Lambda starts them. The SQS servers are
 * processes of their own.
 */
import { cp, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { addTests, assert, claim, end } from "./claims.ts";
import { createQueue } from "../tests/node/setup.ts";
import {
  bundle,
  install,
  node,
  NODE_PACKAGES,
  NODES,
  NPM,
  pack,
  type Packed,
  ROOT,
} from "./npm_project.ts";
import { mustRun, print, runCommand } from "./run_command.ts";
import { LOGGER_PACKAGES, prepareLogging, testLogging } from "./test_npm_logging.ts";
import { makeRecord } from "../tests/support/factories.ts";
import { goodMapping, LambdaApi, newFunctionArn } from "../tests/support/lambda_api.ts";
import { startSqsServer } from "../tests/support/start_process.ts";

/** Other versions than the one in use, so that there really are several copies. */
const SECOND_SDK = "3.1000.0";

/** From before 3.928, where the SDK moved serialization: its clients do not fit newer commands. */
const OLD_SDK = "3.901.0";

/** The oldest that deno.json's range allows, as the only copy. */
const OLDEST_SDK = "3.600.0";

const DEV_DEPENDENCIES = {
  "esbuild": "0.28.2",
  "typescript": "5.9.3",
  "@types/node": "20.19.0",
  "zod": "4.1.12",
  ...LOGGER_PACKAGES,
  "@aws-sdk/client-sns": SECOND_SDK,
  "@opentelemetry/api": "1.9.1",
  "sqs-second": `npm:@aws-sdk/client-sqs@${SECOND_SDK}`,
  "sqs-old": `npm:@aws-sdk/client-sqs@${OLD_SDK}`,
  ...NODE_PACKAGES,
};

/** Lambda starts these with this flag (its developer guide, "Building Lambda functions with Node.js"). */
const WITHOUT_REQUIRE_ESM: ReadonlySet<string> = new Set(["20", "22"]);
const NO_REQUIRE_ESM = "--no-experimental-require-module";

/** What runs on each Node, of `tests/node/`. */
const NODE_TESTS = ["package_test", "blocking_close_test", "metrics_test"];

async function testTarball({ files }: Packed): Promise<void> {
  const unexpected = files.map(({ path }) => path).filter((path) =>
    !/^(package\.json|README\.md|LICENSE|CHANGELOG\.md|esm\/(mod|src\/[\w/]+)\.(js|d\.ts))$/.test(
      path,
    )
  );
  assert(unexpected.length === 0, `unexpected files: ${unexpected.join(", ")}`);
  const { dependencies, engines, type } = JSON.parse(
    await readFile(join(NPM, "package.json"), "utf8"),
  );
  const names = Object.keys(dependencies).toSorted().join();
  assert(names === "@aws-sdk/client-sqs,@types/aws-lambda", `dependencies: ${names}`);
  assert(engines.node === ">=20" && type === "module", "engines or type are wrong");
  for (const { path } of files) {
    const text = await readFile(join(NPM, path), "utf8");
    assert(!text.includes(ROOT), `${path} holds a path of this machine`);
    assert(!/^\s*(await )?using \w/m.test(text) || !path.endsWith(".js"), `${path} has using left`);
  }
}

async function testTypes(project: string): Promise<void> {
  await cp(join(ROOT, "tests/node/consumer/types.ts"), join(project, "types.ts"));
  for (
    const [exact, ...modules] of [
      ["true", "--module", "nodenext"],
      ["false", "--module", "nodenext"],
      ["true", "--module", "commonjs", "--moduleResolution", "node10", "--esModuleInterop"],
    ] as const
  ) {
    await mustRun("npx", [
      "tsc",
      "--noEmit",
      "--strict",
      ...modules,
      "--target",
      "es2022",
      "--lib",
      "es2022,esnext.disposable",
      "--types",
      "node",
      "--skipLibCheck",
      "false",
      "--exactOptionalPropertyTypes",
      exact,
      "types.ts",
    ], { cwd: project });
  }
}

async function testBundle(
  project: string,
  file: string,
  major: string,
  config: Record<string, unknown>,
  flags: readonly string[] = [],
): Promise<void> {
  // Away from node_modules: everything must be in the file.
  const alone = await mkdtemp(join(tmpdir(), "partial-batch-alone-"));
  try {
    const copy = join(alone, file);
    await cp(join(project, file), copy);
    await testFunction(node(project, major), [...flags, copy], config);
  } finally {
    await rm(alone, { recursive: true });
  }
}

/** Runs a consumer's function, and looks at what it left in the queue. */
async function testFunction(
  command: string,
  args: readonly string[],
  config: Record<string, unknown>,
): Promise<void> {
  const queue = await createQueue();
  const given = [
    await queue.records("ok1", "fail1"),
    await queue.records("ok2", "ok3", "fail2"),
    config,
  ];
  const output = await mustRun(command, [...args, ...given.map((each) => JSON.stringify(each))]);
  const expected = "SQSBatchProcessingError 1 0, SQSBatchProcessingError 1 0";
  // The SDK warns of Node 20 before it.
  assert(output.endsWith(expected), `expected "${expected}", got "${output}"`);
  assert(await queue.left() === 2, `${await queue.left()} messages left, expected 2`);
}

/** What works, and what does not, where `require()` loads no ES modules. */
async function testAsLambdaStartsIt(
  project: string,
  major: string,
  config: Record<string, unknown>,
): Promise<void> {
  const started = `on Node ${major} started as Lambda does it`;
  const unbundled = (file: string) => [NO_REQUIRE_ESM, join(project, file)];
  await claim(`an .mjs file and a CommonJS bundle ${started}`, async () => {
    await testFunction(node(project, major), unbundled("unbundled.mjs"), config);
    await testBundle(project, "bundled.cjs", major, config, [NO_REQUIRE_ESM]);
  });
  await claim(`CommonJS that was not bundled fails ${started}`, async () => {
    const { code, output } = await runCommand(node(project, major), unbundled("unbundled.cjs"));
    assert(code !== 0 && output.includes("ERR_REQUIRE_ESM"), `it ended with ${code}: ${output}`);
  });
}

async function testOnNode(project: string, major: string): Promise<void> {
  const { code, output } = await runCommand(node(project, major), [
    "--test",
    "--test-reporter=tap",
    ...NODE_TESTS.map((test) => `build/${test}.js`),
  ], { cwd: project });
  const count = (name: string) => Number(new RegExp(`^# ${name} (\\d+)$`, "m").exec(output)?.[1]);
  addTests({ passed: count("pass"), failed: count("fail") });
  assert(code === 0 && count("pass") > 0 && count("fail") === 0, output);
  print(`        ${count("pass")} tests`);
}

async function main(): Promise<void> {
  const project = await mkdtemp(join(tmpdir(), "partial-batch-consumer-"));
  await using fauxqs = await startSqsServer("fauxqs");
  await using localAwsSqs = await startSqsServer("local-aws-sqs");
  process.env.FAUXQS_ENDPOINT = fauxqs.endpoint;
  process.env.LOCAL_AWS_SQS_ENDPOINT = localAwsSqs.endpoint;
  try {
    const packed = await pack(project);
    await claim("the tarball holds what it should, and nothing else", () => testTarball(packed));
    await install(project, packed.filename, "^3.1000.0", DEV_DEPENDENCIES);
    await claim(
      "a strict consumer type-checks, with a client of a second SDK",
      () => testTypes(project),
    );

    await mkdir(join(project, "build"));
    for (const test of NODE_TESTS) {
      await bundle(project, join(ROOT, `tests/node/${test}.ts`), `build/${test}.js`, [
        "--format=esm",
        "--packages=external",
      ]);
    }
    const bundled = join(project, "bundled.ts");
    await cp(join(ROOT, "tests/node/consumer/bundled.ts"), bundled);
    const banner =
      "--banner:js=import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
    await bundle(project, bundled, "bundled.mjs", ["--format=esm", banner]);
    await bundle(project, bundled, "minified.mjs", ["--format=esm", "--minify", banner]);
    await bundle(project, bundled, "modules.mjs", ["--format=esm", "--main-fields=module,main"]);
    await bundle(project, bundled, "bundled.cjs", ["--format=cjs"]);
    for (const [file, format] of [["unbundled.mjs", "esm"], ["unbundled.cjs", "cjs"]] as const) {
      await bundle(project, bundled, file, [`--format=${format}`, "--packages=external"]);
    }

    const tests = join(project, "tests.ts");
    await cp(join(ROOT, "tests/node/consumer/tests.ts"), tests);
    await bundle(project, tests, "tests.mjs", ["--format=esm", "--minify", banner]);
    await claim("the main entry point loads nothing of @partial-batch/sqs/testing", async () => {
      const text = await readFile(join(project, "bundled.mjs"), "utf8");
      assert(!text.includes("createFakeSqsClient"), "it is in the bundle");
    });
    await claim("the main entry point loads nothing of @partial-batch/sqs/metrics", async () => {
      const text = await readFile(join(project, "bundled.mjs"), "utf8");
      assert(!text.includes("CloudWatchMetrics"), "it is in the bundle");
    });

    await prepareLogging(project);

    const config = {
      endpoint: fauxqs.endpoint,
      region: "us-east-1",
      credentials: { accessKeyId: "AKIATEST", secretAccessKey: "secret-of-the-test" },
    };
    for (const major of Object.keys(NODES)) {
      const version = (await mustRun(node(project, major), ["--version"])).trim();
      await claim(`the installed package on Node ${version}`, () => testOnNode(project, major));
      await claim(`require() of the package on Node ${version}`, async () => {
        const source = 'require("@partial-batch/sqs").withSqsBatch(() => {});' +
          'require("@partial-batch/sqs/testing").createFakeSqsClient();' +
          'require("@partial-batch/sqs/metrics").emitMetrics({ namespace: "Orders" })';
        await mustRun(node(project, major), ["--input-type=commonjs", "--eval", source], {
          cwd: project,
        });
      });
      await claim(`the fake client in a minified bundle on Node ${version}`, async () => {
        const output = await mustRun(node(project, major), [join(project, "tests.mjs")]);
        assert(output.endsWith("4,2,2,7"), output);
      });
      for (const file of ["bundled.mjs", "minified.mjs", "modules.mjs", "bundled.cjs"]) {
        await claim(`${file} on Node ${version}`, () => testBundle(project, file, major, config));
      }
      await testLogging(project, major);
      if (WITHOUT_REQUIRE_ESM.has(major)) {
        await testAsLambdaStartsIt(project, major, config);
      }
    }

    await testVerified(project, packed.filename);
    await claim(
      `the AWS SDK ${OLDEST_SDK} as the only copy`,
      () => testOldestSdk(project, packed.filename, config),
    );
  } finally {
    await rm(project, { recursive: true, force: true });
  }
}

/** A function that verifies, in one file, with and without `@aws-sdk/client-lambda`. */
async function testVerified(project: string, tarball: string): Promise<void> {
  const having = join(project, "client-lambda");
  await mkdir(having);
  await install(having, join(project, tarball), "^3.1000.0", {
    esbuild: DEV_DEPENDENCIES.esbuild,
    "@aws-sdk/client-lambda": "^3.1000.0",
  });
  const records = ["ok", "fail"].map((body) => makeRecord({ body }));
  const functionArn = newFunctionArn();
  await using _api = await LambdaApi.start({ mappings: [goodMapping(functionArn)] });
  const response = { batchItemFailures: [{ itemIdentifier: records[1]!.messageId }] };
  const missing = /^"0 left: asking Lambda failed: @aws-sdk\/client-lambda could not be loaded/;
  for (const [file, format] of [["verified.mjs", "esm"], ["verified.cjs", "cjs"]] as const) {
    for (const folder of [project, having]) {
      const source = join(folder, "verified.ts");
      await cp(join(ROOT, "tests/node/consumer/verified.ts"), source);
      await bundle(folder, source, file, [`--format=${format}`, "--main-fields=module,main"]);
    }
    for (const major of Object.keys(NODES)) {
      const told = async (folder: string) => {
        // Away from node_modules: everything must be in the file.
        const alone = await mkdtemp(join(tmpdir(), "partial-batch-alone-"));
        try {
          await cp(join(folder, file), join(alone, file));
          const args = [join(alone, file), functionArn, JSON.stringify(records)];
          // The SDK warns of Node 20 before it.
          return (await mustRun(node(project, major), args)).split("\n").at(-1)!;
        } finally {
          await rm(alone, { recursive: true });
        }
      };
      await claim(`${file} with @aws-sdk/client-lambda responds on Node ${major}`, async () => {
        const output = await told(having);
        assert(output === JSON.stringify(response), output);
      });
      await claim(`${file} without it deletes and throws on Node ${major}`, async () => {
        const output = await told(project);
        assert(missing.test(output), output);
      });
    }
  }
}

/** A function of a project that has only the oldest SDK, as an old lock file may have. */
async function testOldestSdk(
  project: string,
  tarball: string,
  config: Record<string, unknown>,
): Promise<void> {
  const old = join(project, "oldest-sdk");
  await mkdir(old);
  await install(old, join(project, tarball), OLDEST_SDK, { esbuild: DEV_DEPENDENCIES.esbuild });
  const source = join(old, "bundled.ts");
  await cp(join(ROOT, "tests/node/consumer/bundled.ts"), source);
  await bundle(old, source, "bundled.cjs", ["--format=cjs"]);
  await cp(join(old, "bundled.cjs"), join(project, "oldest.cjs"));
  await testBundle(project, "oldest.cjs", "22", config);
}

await main();
end();
