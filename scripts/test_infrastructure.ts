/**
 * Tests the programs of the pages on infrastructure, in an npm project of their own and without AWS:
 * parses the SAM template, runs the CDK program, checks in each mode what both make, bundles the
 * function as SAM and CDK do, and runs it on Node 24 against an SQS server on loopback.
 *
 * Uses the package in `npm/`.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { startSqsServer } from "../tests/support/start_process.ts";
import { lostIn, unwrittenMetrics, wrongAlarms } from "./infrastructure/alarms.ts";
import { applyDiff } from "./infrastructure/apply_diff.ts";
import {
  type Bundle,
  cdkBundle,
  type Round,
  runBundle,
  samBundle,
} from "./infrastructure/bundles.ts";
import {
  added,
  danglingNames,
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
const PAGES = [
  "docs/infrastructure.md",
  "docs/infrastructure-cdk.md",
  "docs/alarms.md",
  "docs/alarms-cdk.md",
];

const FILES = [
  "src/handler.ts",
  "template.yaml",
  "infrastructure.ts",
  "alarms.yaml",
  "alarms.ts",
  "infrastructure.diff",
];

/** The CDK program with the alarms. */
const CDK_WITH_ALARMS = "infrastructure_with_alarms.ts";

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
    "--allowImportingTsExtensions",
    "src/handler.ts",
    "infrastructure.ts",
    CDK_WITH_ALARMS,
  ], { cwd: project });
}

function checkNames(template: Template): void {
  const dangling = danglingNames(template);
  assert(dangling.length === 0, `names that lead nowhere: ${dangling.join(", ")}`);
}

function checkFacts(
  resources: Readonly<Record<string, Resource>>,
  mode: Mode,
  alarms: "base" | "all",
): void {
  const wrong = [...wrongFacts(resources, mode), ...wrongAlarms(resources, mode, alarms)];
  assert(wrong.length === 0, wrong.join("\n"));
}

/** Runs a CDK program, as the CDK's command does; gives its template. */
async function synthesize(project: string, program: string, mode: Mode): Promise<Template> {
  const out = join(project, outOf(program, mode));
  const context = { failureMode: mode, alarmTopic: ALARM_TOPIC };
  await mustRun(node(project, "24"), [program], {
    cwd: project,
    env: { CDK_OUTDIR: out, CDK_CONTEXT_JSON: JSON.stringify(context) },
  });
  return JSON.parse(await readFile(join(out, "Orders.template.json"), "utf8"));
}

/** The folder that a CDK program writes to. */
function outOf(program: string, mode: Mode): string {
  return `cdk.out.${program}.${mode}`;
}

function checkRound({ end, output, left, deadLetters }: Round, switched: Switched): void {
  const expected = switched.functionReports === "true"
    ? /^\{"result":\{"batchItemFailures":\[\{"itemIdentifier":"[\w-]+"\}\]\}\}$/
    : /^\{"error":\{"name":"SQSBatchProcessingError",.*the warehouse answered 500/;
  assert(expected.test(end), `unexpected: ${end}`);
  assert(!/not (deleted|moved|given)/.test(output), `unexpected: ${output}`);
  assert(/SQS record failed.*the warehouse answered 500/s.test(output), `not logged: ${output}`);
  assert(left === 1, `${left} messages left in the source queue, expected 1`);
  assert(deadLetters === 1, `${deadLetters} dead letters, expected 1`);
}

/** The alarms must be on what the function writes, not on what it should write. */
function checkWritten(
  resources: Readonly<Record<string, Resource>>,
  { line, queueName }: Round,
): void {
  const wrong = unwrittenMetrics(resources, line);
  assert(wrong.length === 0, wrong.join("\n"));
  assert(line.QueueName === queueName, `${line.QueueName} is written, of the queue ${queueName}`);
  assert(line.Failed === 1, `Failed is ${line.Failed}, expected 1`);
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
    for (const file of FILES) {
      const program = programs.get(file);
      assert(program !== undefined, `no page has a program that begins with the name ${file}`);
      await writeFile(join(project, file), program!);
    }
    const [infrastructure, diff] = ["infrastructure.ts", "infrastructure.diff"]
      .map((file) => programs.get(file)!);
    await writeFile(join(project, CDK_WITH_ALARMS), applyDiff(infrastructure!, diff!));
    await claim("the handler and the CDK programs type-check, strictly", () => checkTypes(project));

    const [sam, addition] = ["template.yaml", "alarms.yaml"]
      .map((file) => parseTemplate(programs.get(file)!, project));
    const samWithAlarms = added(sam!, addition!);
    const named = { base: sam!, all: samWithAlarms };
    await claim("SAM: every name leads somewhere", () => {
      for (const template of Object.values(named)) {
        checkNames({ ...template, Resources: expandSam(template.Resources) });
      }
    });
    const samIn = (mode: Mode, alarms: "base" | "all") =>
      expandSam(resourcesFor(named[alarms], { FailureMode: mode, AlarmTopic: ALARM_TOPIC }));
    for (const mode of MODES) {
      await claim(`SAM, ${mode}: the facts of the pages`, () => {
        checkFacts(samIn(mode, "base"), mode, "base");
        checkFacts(samIn(mode, "all"), mode, "all");
      });
    }
    await claim("SAM: the parameter allows these modes, and throws by default", () => {
      const { AllowedValues, Default } = sam!.Parameters!.FailureMode!;
      assert(String(AllowedValues) === String(MODES), `allowed: ${AllowedValues}`);
      assert(Default === "throw", `default: ${Default}`);
    });

    const cdk = new Map<Mode, Template>();
    for (const mode of MODES) {
      await claim(`CDK, ${mode}: it runs, with the facts of the pages`, async () => {
        const base = await synthesize(project, "infrastructure.ts", mode);
        checkNames(base);
        checkFacts(base.Resources, mode, "base");
        const template = await synthesize(project, CDK_WITH_ALARMS, mode);
        cdk.set(mode, template);
        checkNames(template);
        checkFacts(template.Resources, mode, "all");
      });
    }

    const bundled = {
      SAM: await samBundle(project, samWithAlarms),
      CDK: await cdkBundle(
        project,
        join(project, outOf(CDK_WITH_ALARMS, "throw")),
        cdk.get("throw")!,
      ),
    };
    bundles.push(...Object.values(bundled));
    for (const mode of MODES) {
      const resources = { SAM: samIn(mode, "all"), CDK: cdk.get(mode)!.Resources };
      for (const tool of ["SAM", "CDK"] as const) {
        await claim(
          `${tool}, ${mode}: the bundle handles a batch, and only the failure returns`,
          async () => {
            const switched = switchOf(resources[tool]);
            const round = await runBundle(project, bundled[tool], switched);
            checkRound(round, switched);
            checkWritten(resources[tool], round);
            const isLost = lostIn(round.line, round.reported) > 0;
            assert(
              !isLost || mode !== "report",
              "the alarm on lost messages sees one, but none is lost",
            );
          },
        );
      }
    }
    await claim(
      "a function that reports to a mapping that ignores it loses the failure, and the alarm sees it",
      async () => {
        const mixed = { ...expectedSwitch("report"), mappingAccepts: false };
        const { left, line, reported } = await runBundle(project, bundled.SAM, mixed);
        assert(left === 0, `${left} messages left, expected none`);
        assert(lostIn(line, reported) === 1, "the alarm on lost messages does not see it");
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
