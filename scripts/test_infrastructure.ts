/**
 * Tests the programs of the pages on infrastructure, in an npm project of their own and without AWS:
 * parses the SAM template, runs the CDK program, checks in each mode what both make, bundles the
 * function as SAM and CDK do, and runs it on Node 24 against an SQS server on loopback.
 *
 * Uses the package in `npm/`.
 */
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { SQSEvent } from "aws-lambda";
import { createQueue } from "../tests/node/setup.ts";
import { startSqsServer } from "../tests/support/start_process.ts";
import {
  at,
  danglingNames,
  type Group,
  parseTemplate,
  type Resource,
  resourcesFor,
  type Template,
} from "./infrastructure/cloudformation.ts";
import {
  expandSam,
  expectedSwitch,
  type Mode,
  MODES,
  type Switched,
  switchOf,
  wrongFacts,
} from "./infrastructure/facts.ts";
import { assert, claim, end } from "./claims.ts";
import { install, node, NODE_PACKAGES, pack, ROOT } from "./npm_project.ts";
import { mustRun } from "./run_command.ts";

/** Where the programs stand. */
const PAGES = ["docs/infrastructure.md", "docs/infrastructure-cdk.md"];

const DEV_DEPENDENCIES = {
  "aws-cdk-lib": "2.276.0",
  "constructs": "10.8.1",
  "esbuild": "0.28.2",
  "typescript": "5.9.3",
  "@types/node": "20.19.0",
  "yaml": "2.9.1",
  "node24": NODE_PACKAGES.node24!,
};

const ALARM_TOPIC = "arn:aws:sns:eu-west-1:123456789012:alarms";

/** Plays Lambda's runtime: the module with the handler, the handler's name, and an event. */
const RUNTIME = `
  const [file, name, event] = process.argv.slice(2);
  globalThis.fetch = async (_url, { body }) =>
    new Response(null, { status: body.includes("fail") ? 500 : 200 });
  const context = { getRemainingTimeInMillis: () => 30_000 };
  require(file)[name](JSON.parse(event), context).then(
    (result = null) => console.log(JSON.stringify({ result })),
    ({ name, message }) => console.log(JSON.stringify({ error: { name, message } })),
  );
`;

/** The programs of the pages that begin with the name of a file, by that name. */
async function readPrograms(): Promise<ReadonlyMap<string, string>> {
  const programs = new Map<string, string>();
  for (const path of PAGES) {
    const page = await readFile(join(ROOT, path), "utf8");
    for (const [, program] of page.matchAll(/^```[a-z ]+\n(.*?)^```$/gms)) {
      const [, file] = /^(?:#|\/\/) (\S+)\n/.exec(program!) ?? [];
      if (!file) continue;
      const same = (programs.get(file) ?? program) === program;
      assert(same, `${path} has another ${file} than the page before it`);
      programs.set(file, program!);
    }
  }
  return programs;
}

async function checkTypes(project: string): Promise<void> {
  await mustRun("npx", [
    "tsc",
    "--noEmit",
    "--strict",
    "--module",
    "nodenext",
    "--target",
    "es2022",
    "--lib",
    "es2022,esnext.disposable",
    "--types",
    "node",
    "--skipLibCheck",
    "--exactOptionalPropertyTypes",
    "--noUncheckedIndexedAccess",
    "--erasableSyntaxOnly",
    "--verbatimModuleSyntax",
    "src/handler.ts",
    "infrastructure.ts",
  ], { cwd: project });
}

function checkNames(template: Template): void {
  const dangling = danglingNames(template);
  assert(dangling.length === 0, `names that lead nowhere: ${dangling.join(", ")}`);
}

function checkFacts(resources: Readonly<Record<string, Resource>>, mode: Mode): void {
  const wrong = wrongFacts(resources, mode);
  assert(wrong.length === 0, wrong.join("\n"));
}

/** Runs the CDK program, as the CDK's command does; gives its template. */
async function synthesize(project: string, mode: Mode): Promise<Template> {
  const out = join(project, `cdk.out.${mode}`);
  const context = { failureMode: mode, alarmTopic: ALARM_TOPIC };
  await mustRun(node(project, "24"), ["infrastructure.ts"], {
    cwd: project,
    env: { CDK_OUTDIR: out, CDK_CONTEXT_JSON: JSON.stringify(context) },
  });
  return JSON.parse(await readFile(join(out, "Orders.template.json"), "utf8"));
}

/** A bundled function: where its file is, and what Lambda calls in it. */
interface Bundle {
  readonly folder: string;
  readonly handler: string;
}

/**
 * A folder for a bundle, away from the project: what is not in the bundle is not there, but for the AWS
 * SDK. Lambda's Node finds that on NODE_PATH, for `import()` too; a plain Node looks there for
 * `require()` only.
 */
async function runtimeFolder(project: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "partial-batch-runtime-"));
  await writeFile(join(folder, "runtime.cjs"), RUNTIME);
  await mkdir(join(folder, "node_modules"));
  const sdk = "node_modules/@aws-sdk";
  await symlink(join(project, sdk), join(folder, sdk), "junction");
  return folder;
}

/** The function that the CDK program bundled. */
async function cdkBundle(project: string, { Resources }: Template): Promise<Bundle> {
  const lambda = Object.values(Resources).find(({ Type }) => Type === "AWS::Lambda::Function");
  const key = String(at(lambda?.Properties, "Code", "S3Key"));
  const folder = await runtimeFolder(project);
  const asset = join(project, "cdk.out.throw", `asset.${key.replace(/\.zip$/, "")}`);
  await cp(asset, folder, { recursive: true });
  return { folder, handler: String(lambda?.Properties?.Handler) };
}

/** Bundles the function with the flags that `sam build` makes of the template's metadata. */
async function samBundle(project: string, { Resources }: Template): Promise<Bundle> {
  const { Metadata, Properties } = Resources.ShipOrders!;
  assert(at(Metadata, "BuildMethod") === "esbuild", "the build method is not esbuild");
  const properties = at(Metadata, "BuildProperties") as Group;
  const { EntryPoints, External, Format = "cjs", Minify = true, Target = "es2020", ...more } =
    properties;
  assert(Object.keys(more).length === 0, `unknown build properties: ${Object.keys(more)}`);
  const folder = await runtimeFolder(project);
  await mustRun("npx", [
    "esbuild",
    ...(EntryPoints as readonly string[]),
    "--bundle",
    "--platform=node",
    `--outdir=${folder}`,
    "--log-level=error",
    `--format=${Format}`,
    `--target=${Target}`,
    ...(Minify ? ["--minify"] : []),
    ...(External as readonly string[]).map((each) => `--external:${each}`),
  ], { cwd: project });
  return { folder, handler: String(Properties?.Handler) };
}

/** What becomes of three messages: an order, one that the warehouse refuses, and one without JSON. */
async function runBundle(
  project: string,
  { folder, handler }: Bundle,
  { functionReports, mappingAccepts }: Switched,
): Promise<{ output: string; left: number; deadLetters: number }> {
  const deadLetters = await createQueue();
  const queue = await createQueue("fauxqs", {
    RedrivePolicy: JSON.stringify({
      deadLetterTargetArn: await deadLetters.arn(),
      maxReceiveCount: 5,
    }),
  });
  await queue.send('{"id":"ok"}', '{"id":"fail"}', "no JSON");
  const [module, name] = handler.split(".");
  let output = "";
  const invoke = async (event: SQSEvent): Promise<unknown> => {
    output = await mustRun(node(project, "24"), [
      join(folder, "runtime.cjs"),
      join(folder, `${module}.js`),
      name!,
      JSON.stringify(event),
    ], {
      cwd: folder,
      env: {
        AWS_ENDPOINT_URL_SQS: process.env.FAUXQS_ENDPOINT!,
        AWS_REGION: "us-east-1",
        AWS_ACCESS_KEY_ID: "AKIATEST",
        AWS_SECRET_ACCESS_KEY: "secret-of-the-test",
        REPORT_ITEM_FAILURES: String(functionReports),
      },
    });
    const { result, error } = JSON.parse(output);
    if (error) throw Object.assign(new Error(error.message), { name: error.name });
    return result;
  };
  await queue.poll({ handler: invoke, reportBatchItemFailures: mappingAccepts });
  return { output, left: await queue.left(), deadLetters: await deadLetters.left() };
}

async function testBundle(project: string, bundle: Bundle, switched: Switched): Promise<void> {
  const { output, left, deadLetters } = await runBundle(project, bundle, switched);
  const expected = switched.functionReports === "true"
    ? /^\{"result":\{"batchItemFailures":\[\{"itemIdentifier":"[\w-]+"\}\]\}\}$/
    : /^\{"error":\{"name":"SQSBatchProcessingError",.*the warehouse answered 500/;
  assert(expected.test(output.trim()), `unexpected: ${output}`);
  assert(!/not (deleted|moved|given)/.test(output), `unexpected: ${output}`);
  assert(left === 1, `${left} messages left in the source queue, expected 1`);
  assert(deadLetters === 1, `${deadLetters} dead letters, expected 1`);
}

async function main(): Promise<void> {
  const programs = await readPrograms();
  const project = await mkdtemp(join(tmpdir(), "partial-batch-infrastructure-"));
  const bundles: Bundle[] = [];
  await using server = await startSqsServer("fauxqs");
  process.env.FAUXQS_ENDPOINT = server.endpoint;
  try {
    const { filename } = await pack(project);
    await install(project, filename, "^3.1000.0", DEV_DEPENDENCIES);
    await mkdir(join(project, "src"));
    for (const file of ["src/handler.ts", "template.yaml", "infrastructure.ts"]) {
      const program = programs.get(file);
      assert(program !== undefined, `no page has a program that begins with the name ${file}`);
      await writeFile(join(project, file), program!);
    }
    await claim("the handler and the CDK program type-check, strictly", () => checkTypes(project));

    const sam = parseTemplate(await readFile(join(project, "template.yaml"), "utf8"), project);
    await claim("SAM: every name leads somewhere", () => checkNames(sam));
    const samIn = (mode: Mode) =>
      expandSam(resourcesFor(sam, { FailureMode: mode, AlarmTopic: ALARM_TOPIC }));
    for (const mode of MODES) {
      await claim(`SAM, ${mode}: the facts of the pages`, () => checkFacts(samIn(mode), mode));
    }
    await claim("SAM: the parameter allows these modes, and throws by default", () => {
      const { AllowedValues, Default } = sam.Parameters!.FailureMode!;
      assert(String(AllowedValues) === String(MODES), `allowed: ${AllowedValues}`);
      assert(Default === "throw", `default: ${Default}`);
    });

    const cdk = new Map<Mode, Template>();
    for (const mode of MODES) {
      await claim(`CDK, ${mode}: it runs, with the facts of the pages`, async () => {
        const template = await synthesize(project, mode);
        cdk.set(mode, template);
        checkNames(template);
        checkFacts(template.Resources, mode);
      });
    }

    const bundled = {
      SAM: await samBundle(project, sam),
      CDK: await cdkBundle(project, cdk.get("throw")!),
    };
    bundles.push(...Object.values(bundled));
    for (const mode of MODES) {
      const switched = { SAM: switchOf(samIn(mode)), CDK: switchOf(cdk.get(mode)!.Resources) };
      for (const tool of ["SAM", "CDK"] as const) {
        await claim(
          `${tool}, ${mode}: the bundle handles a batch, and only the failure returns`,
          () => testBundle(project, bundled[tool], switched[tool]),
        );
      }
    }
    await claim(
      "a function that reports to a mapping that ignores it loses the failure",
      async () => {
        const mixed = { ...expectedSwitch("report"), mappingAccepts: false };
        const { left } = await runBundle(project, bundled.SAM, mixed);
        assert(left === 0, `${left} messages left, expected none`);
      },
    );
  } finally {
    for (const folder of [project, ...bundles.map(({ folder }) => folder)]) {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

await claim("every program could be tested", main);
end();
