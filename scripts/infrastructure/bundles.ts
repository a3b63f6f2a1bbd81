/** Runs the function as SAM and CDK bundle it. */
import { cp, mkdir, mkdtemp, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { SQSEvent } from "aws-lambda";
import { createQueue } from "../../tests/node/setup.ts";
import { assert } from "../claims.ts";
import { node } from "../npm_project.ts";
import { mustRun } from "../run_command.ts";
import type { MetricLine } from "./alarms.ts";
import { at, type Group, type Template } from "./cloudformation.ts";
import type { Switched } from "./facts.ts";

/** Plays Lambda's runtime: the module with the handler, the handler's name, and an event. */
const RUNTIME = `
  const [file, name, event] = process.argv.slice(2);
  globalThis.fetch = async (_url, { body }) =>
    new Response(null, { status: body.includes("fail") ? 500 : 200 });
  const context = { getRemainingTimeInMillis: () => 30_000 };
  require(file)[name](JSON.parse(event), context).then(
    (result = null) => console.log("END " + JSON.stringify({ result })),
    ({ name, message }) => console.log("END " + JSON.stringify({ error: { name, message } })),
  );
`;

/** A bundled function: where its file is, and what Lambda calls in it. */
export interface Bundle {
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

/** The function that a CDK program bundled into its output folder. */
export async function cdkBundle(
  project: string,
  out: string,
  { Resources }: Template,
): Promise<Bundle> {
  const lambda = Object.values(Resources).find(({ Type }) => Type === "AWS::Lambda::Function");
  const key = String(at(lambda?.Properties, "Code", "S3Key"));
  const folder = await runtimeFolder(project);
  await cp(join(out, `asset.${key.replace(/\.zip$/, "")}`), folder, { recursive: true });
  return { folder, handler: String(lambda?.Properties?.Handler) };
}

/** Bundles the function with the flags that `sam build` makes of the template's metadata. */
export async function samBundle(project: string, { Resources }: Template): Promise<Bundle> {
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

/** What became of three messages: an order, one that the warehouse refuses, and one without JSON. */
export interface Round {
  /** How the function ended: `{"result":…}` or `{"error":…}`. */
  readonly end: string;
  /** All that the function wrote. */
  readonly output: string;
  /** The metrics that the function wrote. */
  readonly line: MetricLine;
  /** The name of the source queue. */
  readonly queueName: string;
  /** What the mapping counts as failed events; `undefined` if it counts nothing. */
  readonly reported: number | undefined;
  readonly left: number;
  readonly deadLetters: number;
}

/** Lets the function handle three messages of a queue. */
export async function runBundle(
  project: string,
  { folder, handler }: Bundle,
  { functionReports, mappingAccepts }: Switched,
): Promise<Round> {
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
  let end = "";
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
    end = theLine(output, "END ");
    const { result, error } = JSON.parse(end);
    if (error) throw Object.assign(new Error(error.message), { name: error.name });
    return result;
  };
  const invocation = await queue.poll({ handler: invoke, reportBatchItemFailures: mappingAccepts });
  assert(invocation !== undefined, "no message was received");
  const { records, deletedByLambda, error } = invocation!;
  const reported = error === undefined ? records.length - deletedByLambda.length : 0;
  return {
    end,
    output,
    line: JSON.parse(`{"_aws"${theLine(output, '{"_aws"')}`),
    queueName: (await queue.arn()).split(":").at(-1)!,
    reported: reported === 0 ? undefined : reported,
    left: await queue.left(),
    deadLetters: await deadLetters.left(),
  };
}

/** The rest of the one line that starts so. */
function theLine(output: string, start: string): string {
  const lines = output.split("\n").filter((line) => line.startsWith(start));
  assert(lines.length === 1, `${lines.length} lines start with ${start}, expected 1:\n${output}`);
  return lines[0]!.slice(start.length);
}
