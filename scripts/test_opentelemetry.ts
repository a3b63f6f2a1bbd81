/**
 * Uses `@partial-batch/sqs/opentelemetry` as its users do: from the packed tarball, beside the real
 * instrumentations of Lambda and of the AWS SDK, with three generations of OpenTelemetry's SDK, on Node 20,
 * 22 and 24. A real queue gives the messages, which an instrumented client has sent.
 */
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { startSqsServer } from "../tests/support/start_process.ts";
import { assert, claim, end } from "./claims.ts";
import { bundle, install, node, NODE_PACKAGES, type NODES, pack, ROOT } from "./npm_project.ts";
import { mustRun } from "./run_command.ts";

const CONSUMER = join(ROOT, "tests/node/opentelemetry");

/** OpenTelemetry's packages, as far as they fit each other. */
interface Generation {
  readonly packages: Readonly<Record<string, string>>;
  /** The package of its tracer provider. */
  readonly sdk: string;
  readonly awsSdk: string;
  readonly nodes: readonly (keyof typeof NODES)[];
  /** Whether its Lambda instrumentation makes a span for the batch. */
  readonly hasSpanOfBatch: boolean;
}

const GENERATIONS: Readonly<Record<string, Generation>> = {
  "OpenTelemetry 1, API 1.3.0": {
    packages: {
      "@opentelemetry/api": "1.3.0",
      "@opentelemetry/context-async-hooks": "1.30.1",
      "@opentelemetry/core": "1.30.1",
      "@opentelemetry/instrumentation": "0.57.2",
      "@opentelemetry/instrumentation-aws-lambda": "0.50.3",
      "@opentelemetry/instrumentation-aws-sdk": "0.49.1",
      "@opentelemetry/sdk-trace-base": "1.30.1",
    },
    sdk: "@opentelemetry/sdk-trace-base",
    // Its instrumentation knows no newer one.
    awsSdk: "3.600.0",
    nodes: [20],
    hasSpanOfBatch: false,
  },
  "OpenTelemetry 2": {
    packages: {
      "@opentelemetry/api": "1.9.1",
      "@opentelemetry/context-async-hooks": "2.12.0",
      "@opentelemetry/core": "2.12.1",
      "@opentelemetry/instrumentation": "0.223.0",
      "@opentelemetry/instrumentation-aws-lambda": "0.75.0",
      "@opentelemetry/instrumentation-aws-sdk": "0.78.0",
      "@opentelemetry/sdk-trace-base": "2.12.1",
    },
    sdk: "@opentelemetry/sdk-trace-base",
    awsSdk: "^3.1000.0",
    nodes: [20, 22, 24],
    hasSpanOfBatch: true,
  },
  "OpenTelemetry 3": {
    packages: {
      "@opentelemetry/api": "1.10.0",
      "@opentelemetry/context-async-hooks": "3.1.1",
      "@opentelemetry/core": "3.1.1",
      "@opentelemetry/instrumentation": "0.300.0",
      "@opentelemetry/instrumentation-aws-lambda": "0.76.0",
      "@opentelemetry/instrumentation-aws-sdk": "0.79.0",
      "@opentelemetry/sdk-trace": "3.1.1",
    },
    sdk: "@opentelemetry/sdk-trace",
    awsSdk: "^3.1000.0",
    nodes: [22, 24],
    hasSpanOfBatch: true,
  },
};

/** A span, as `invoke.ts` writes it. */
interface Span {
  readonly phase: "sending" | "invocation";
  readonly scope: string;
  readonly name: string;
  readonly kind: number;
  readonly spanId: string;
  readonly parent?: string;
  readonly status: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly string[];
  readonly links: readonly string[];
}

interface Invocation {
  readonly thrown: string;
  readonly messages: readonly { readonly messageId: string; readonly body: string }[];
  readonly spans: readonly Span[];
}

const LIBRARY = "@partial-batch/sqs";
const OF_LAMBDA = "@opentelemetry/instrumentation-aws-lambda";
const OF_SDK = "@opentelemetry/instrumentation-aws-sdk";
const CONSUMER_KIND = 4;
const ERROR = 2;

/** The only one of some spans. */
function only(spans: readonly Span[], what: string): Span {
  assert(spans.length === 1, `${spans.length} spans: ${what}`);
  return spans[0]!;
}

/** What must hold, whichever instrumentations are on. */
function checkSpans(
  { thrown, messages, spans }: Invocation,
  instrumentations: string,
  { hasSpanOfBatch }: Generation,
): void {
  assert(thrown === "SQSBatchProcessingError", `it threw ${thrown}`);
  const invoked = spans.filter(({ phase }) => phase === "invocation");
  const of = (scope: string) => invoked.filter((span) => span.scope === scope);
  const isLambdaOn = instrumentations.includes("aws-lambda");
  const isSdkOn = instrumentations.includes("aws-sdk");

  const lambda = isLambdaOn
    ? only(of(OF_LAMBDA).filter(({ name }) => name === "orders-function"), "invocation")
    : undefined;
  // One for the batch, whoever makes it.
  const batch = only(
    invoked.filter(({ attributes }) => "messaging.batch.message_count" in attributes),
    "batch",
  );
  const isLambdas = isLambdaOn && hasSpanOfBatch;
  assert(
    batch.scope === (isLambdas ? OF_LAMBDA : LIBRARY),
    `the batch's span is of ${batch.scope}`,
  );
  assert(batch.parent === lambda?.spanId, "the batch's span has another parent");
  const told = isLambdas ? lambda! : batch;
  assert(told.events.filter((name) => name === "DeleteMessageBatch").length === 1, "no event");
  assert(told.attributes["partial_batch.records.fail"] === 1, "no counts");
  assert(told.status === ERROR, "the batch did not fail");

  for (const { messageId, body } of messages) {
    const span = only(
      invoked.filter(({ attributes }) => attributes["messaging.message.id"] === messageId),
      messageId,
    );
    assert(span.scope === LIBRARY && span.kind === CONSUMER_KIND, "scope or kind");
    assert(span.parent === told.spanId, "the record's span has another parent");
    assert(span.status === (body === "fail" ? ERROR : 0), `${body} has status ${span.status}`);
    const child = only(invoked.filter(({ name }) => name === `ship ${messageId}`), "in a handler");
    assert(child.parent === span.spanId, "the record's span was not active");
    if (!isSdkOn) continue;
    const checkout = only(spans.filter(({ name }) => name === `checkout ${body}`), "checkout");
    const sent = only(spans.filter(({ parent }) => parent === checkout.spanId), "of the sender");
    assert(span.links.join() === sent.spanId, `${body} is linked to ${span.links}, not its sender`);
  }
  const deletions = of(OF_SDK);
  assert(deletions.length === (isSdkOn ? 1 : 0), `${deletions.length} spans of the SDK`);
  assert(deletions.every(({ parent }) => parent === told.spanId), "the SDK's span is elsewhere");
  const expected = messages.length * 2 + 1 + deletions.length + (lambda ? 1 : 0);
  assert(invoked.length === expected, `${invoked.length} spans, expected ${expected}`);
}

/** A project with the package, a generation of OpenTelemetry, and a handler in both formats. */
async function makeProject(
  folder: string,
  tarball: string,
  { packages, awsSdk }: Generation,
): Promise<string> {
  const project = await mkdtemp(join(folder, "project-"));
  await install(project, tarball, awsSdk, { ...packages, esbuild: "0.28.2" });
  for (const file of ["handler.ts", "invoke.ts"]) {
    await cp(join(CONSUMER, file), join(project, file));
  }
  await mkdir(join(project, "cjs"));
  await writeFile(join(project, "cjs/package.json"), '{"type":"commonjs"}');
  const [handler, invoke] = [join(project, "handler.ts"), join(project, "invoke.ts")];
  const unbundled = ["--format=esm", "--packages=external"];
  await bundle(project, invoke, "invoke.mjs", unbundled);
  await bundle(project, handler, "handler-esm.mjs", unbundled);
  await bundle(project, handler, "cjs/handler-cjs.js", [
    "--format=cjs",
    "--external:@opentelemetry/*",
    "--external:@aws-sdk/*",
    // The exports of esbuild cannot be patched.
    "--footer:js=module.exports = { ...module.exports };",
  ]);
  return project;
}

async function main(folder: string): Promise<void> {
  await using server = await startSqsServer("fauxqs");
  process.env.SQS_CONFIG = JSON.stringify({
    endpoint: server.endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "AKIATEST", secretAccessKey: "secret-of-the-test" },
  });
  const tarball = join(folder, (await pack(folder)).filename);
  const nodes = join(folder, "nodes");
  await mkdir(nodes);
  const manifest = { private: true, dependencies: NODE_PACKAGES };
  await writeFile(join(nodes, "package.json"), JSON.stringify(manifest));
  await mustRun("npm", ["install", "--no-audit", "--no-fund"], { cwd: nodes });
  for (const [name, generation] of Object.entries(GENERATIONS)) {
    const project = await makeProject(folder, tarball, generation);
    for (const major of generation.nodes) {
      for (const [format, place] of [["esm", project], ["cjs", join(project, "cjs")]] as const) {
        for (const instrumentations of ["none", "aws-sdk", "aws-lambda,aws-sdk"]) {
          await claim(`${name} on Node ${major}, ${format}, with ${instrumentations}`, async () => {
            const args = [
              join(project, "invoke.mjs"),
              place,
              `handler-${format}`,
              instrumentations,
            ];
            const env = { OTEL_SDK: generation.sdk, NODE_NO_WARNINGS: "1" };
            const output = await mustRun(node(nodes, String(major)), args, { env });
            const invocation: Invocation = JSON.parse(output.slice(output.indexOf('{"thrown"')));
            checkSpans(invocation, instrumentations, generation);
          });
        }
      }
    }
  }
}

const folder = await mkdtemp(join(tmpdir(), "partial-batch-opentelemetry-"));
try {
  await main(folder);
} finally {
  await rm(folder, { recursive: true, force: true });
}
end();
