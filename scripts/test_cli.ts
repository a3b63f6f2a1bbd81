/**
 * Uses the command `dev` as its users do: from the packed tarball on Node 20, 22 and 24, each with the
 * fauxqs that runs there, and from the source on Deno.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import deno from "../deno.json" with { type: "json" };
import { assert, claim, end } from "./claims.ts";
import { type CliEnd, type CliRun, type Runtime, startCli } from "./cli/run.ts";
import { CHATTY_HANDLER, HANDLER, STUCK_HANDLER, USING_HANDLER } from "./cli/handlers.ts";
import { slowReader, syntaxError } from "./cli/output.ts";
import { install, node, NODE_PACKAGES, NODES, pack, ROOT } from "./npm_project.ts";
import { mustRun } from "./run_command.ts";

/** How a message is sent whose handler does this. */
const sending = (...ids: readonly string[]) =>
  ids.flatMap((id) => ["--message", JSON.stringify({ id })]);

const RUN = ["dev", "./handler.mjs", "--json", "--until-empty", "--timeout", "1"];

function run(runtime: Runtime, args: readonly string[]): Promise<CliEnd> {
  return startCli(runtime, args).ended;
}

/** What the last word about a message was, by the id in its body. */
function lastStatuses({ lines }: CliEnd, ids: readonly string[]): string[] {
  const messages = lines.filter(({ type }) => type === "message");
  const sent = messages.filter(({ status }) => status === "sent");
  return ids.map((_, index) =>
    messages.findLast(({ messageId }) => messageId === sent[index]?.messageId)?.status ?? "none"
  );
}

function assertEnds(end: CliEnd, code: number, ids: readonly string[], expected: string[]): void {
  const statuses = lastStatuses(end, ids);
  const got = `it ended with ${end.code}, statuses ${statuses}\n${end.stderr}`;
  assert(end.code === code && statuses.join() === expected.join(), got);
}

async function allHandled(runtime: Runtime): Promise<void> {
  const ids = ["A1", "A2"];
  const end = await run(runtime, [...RUN, ...sending(...ids)]);
  assertEnds(end, 0, ids, ["deleted-by-lambda", "deleted-by-lambda"]);
  assert(end.lines.some(({ type, text }) => type === "output" && text === "shipping A1"), "output");
  const received = end.lines.filter(({ status }) => status === "received");
  assert(received.every(({ receiveCount }) => receiveCount === 1), "receive counts");
  assert(end.lines.at(-1)?.type === "end" && end.lines.at(-1)?.handled === 2, "the last line");
}

async function poison(runtime: Runtime): Promise<void> {
  const ids = ["A1", "poison", "mine"];
  const end = await run(runtime, [...RUN, ...sending(...ids)]);
  assertEnds(end, 1, ids, ["deleted-by-library", "dead-lettered", "deleted-by-handler"]);
  const dead = end.lines.find(({ status }) => status === "dead-lettered");
  assert(dead?.receiveCount === 3, `receive count ${dead?.receiveCount}`);
  assert(dead?.reason === "RangeError: no such order", `reason ${dead?.reason}`);
}

async function blockingClose(runtime: Runtime): Promise<void> {
  const ids = ["A1", "poison"];
  const args = ["dev", "./using.mjs", ...RUN.slice(2), ...sending(...ids)];
  assertEnds(await run(runtime, args), 1, ids, ["deleted-by-library", "dead-lettered"]);
}

async function endingProcesses(runtime: Runtime): Promise<void> {
  const ids = ["exit", "spin", "memory", "A1"];
  const flags = ["--batch-size", "1", "--memory", "64"];
  const end = await run(runtime, [...RUN, ...flags, ...sending(...ids)]);
  assertEnds(end, 1, ids, ["dead-lettered", "dead-lettered", "dead-lettered", "deleted-by-lambda"]);
  const reasons = new Set(
    end.lines.filter(({ status }) => status === "returned").map(({ reason }) => reason),
  );
  for (
    const reason of [
      "its process ended with exit code 3",
      "timed out after 1 s",
      "its process ran out of memory",
    ]
  ) assert(reasons.has(reason), `no "${reason}" in ${[...reasons].join("; ")}`);
  assert(
    end.lines.some(({ type, timedOut }) => type === "invocation" && timedOut === true),
    "flag",
  );
}

async function fifoAndFile(runtime: Runtime): Promise<void> {
  const file = join(runtime.cwd, "orders.jsonl");
  await writeFile(file, '{"id":"list","group":"a"}\n\n{"id":"A2","group":"b"}\n');
  const args = ["--fifo", "--group-by", "group", "--send", "orders.jsonl", "--export", "plain"];
  const end = await run(runtime, [...RUN, ...args, "--report-batch-item-failures"]);
  assertEnds(end, 1, ["list", "A2"], ["dead-lettered", "deleted-by-lambda"]);
}

async function badInput(runtime: Runtime): Promise<void> {
  await writeFile(join(runtime.cwd, "bad.jsonl"), '{"id":"A1"}\n{"id":\n');
  const cases: [string[], string][] = [
    [["dev"], "Expected the module of your handler"],
    [["dev", "./none.mjs"], "Cannot find the handler ./none.mjs"],
    [["dev", "./handler.mjs", "--export", "none"], 'no export "none"; it exports the functions'],
    [["dev", "./handler.mjs", "--timeout", "soon"], "--timeout must be a whole number"],
    [["dev", "./handler.mjs", "--time", "1"], "Unknown option '--time'"],
    [["dev", "./handler.mjs", "--send", "none.jsonl"], "--send: cannot read none.jsonl"],
    [["dev", "./handler.mjs", "--send", "bad.jsonl"], "line 2 is not JSON"],
    [["dev", "./handler.mjs", "--region", "x"], "--region makes sense with --queue-url only"],
    [["dev", "./handler.mjs", "--queue-url", "orders"], "--queue-url must be an http or https URL"],
    [
      ["dev", "./handler.mjs", "--queue-url", "http://127.0.0.1:1/000000000000/orders"],
      "Cannot use --queue-url:",
    ],
    [["deploy"], 'Expected the command dev, got "deploy"'],
  ];
  // On Node 20 the SDK warns of Node 20, once the handler's module makes a client.
  const warning = "AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED=true";
  const quiet = { ...runtime, command: ["env", warning, ...runtime.command] };
  for (const [args, text] of cases) {
    const { code, stderr, lines } = await run(quiet, args);
    const isOneLine = stderr.trimEnd().split("\n").length === 1 && lines.length === 0;
    assert(code === 2 && isOneLine && stderr.includes(text), `${args}: ${code}\n${stderr}`);
  }
}

async function withoutFauxqs(runtime: Runtime, version: string): Promise<void> {
  const { code, stderr } = await run({ ...runtime, cwd: runtime.bare }, ["dev", "./handler.mjs"]);
  const isOneLine = stderr.trimEnd().split("\n").length === 1;
  const isNamed = stderr.includes(`fauxqs@${version}`) && stderr.includes("Cannot find fauxqs");
  assert(code === 2 && isOneLine && isNamed, `${code}\n${stderr}`);
}

/** Ctrl-C: the terminal signals the whole group. Being killed: only the command ends. */
async function interrupted(runtime: Runtime, signal: "SIGINT" | "SIGKILL"): Promise<void> {
  const args = ["dev", "./handler.mjs", "--json", "--timeout", "60", ...sending("wait")];
  const running: CliRun = startCli(runtime, args);
  await running.line(({ type, text }) => type === "output" && text === "shipping wait");
  const pids = await running.descendants();
  assert(pids.length >= 2, `expected a queue and a handler, got ${pids}`);
  running.signal(signal, signal === "SIGINT");
  const { code, lines } = await running.ended;
  if (signal === "SIGINT") {
    assert(code === 0, `it ended with ${code}`);
    assert(lines.at(-1)?.type === "end" && lines.at(-1)?.left === 1, "the last line");
  }
  const left = await running.alive(pids, signal === "SIGINT" ? 0 : 5_000);
  assert(left.length === 0, `processes are left: ${left}`);
}

/** Ctrl-C while the handler's module blocks. */
async function interruptedWhileLoading(runtime: Runtime): Promise<void> {
  const running = startCli(runtime, ["dev", "./stuck.mjs", "--json"]);
  await running.line(({ type, text }) => type === "output" && text === "loading");
  const pids = await running.descendants();
  running.signal("SIGINT", true);
  const { code } = await running.ended;
  assert(code === 130, `it ended with ${code}`);
  const left = await running.alive(pids, 0);
  assert(left.length === 0, `processes are left: ${left}`);
}

/** Ctrl-C before the queue's process can ignore it. */
async function interruptedWhileStarting(runtime: Runtime): Promise<void> {
  const running = startCli(runtime, ["dev", "./handler.mjs", "--json"]);
  while ((await running.descendants()).length === 0);
  running.signal("SIGINT", true);
  const { code, stderr } = await running.ended;
  assert(code === 130 && stderr === "", `it ended with ${code}\n${stderr}`);
}

async function testRuntime(runtime: Runtime, fauxqs: string): Promise<void> {
  const on = (what: string, check: () => Promise<void>) =>
    claim(`dev: ${what} on ${runtime.name}`, check);
  // Most of the time they wait for visibility timeouts.
  await Promise.all([
    on("every message handled", () => allHandled(runtime)),
    on("a poison message is dead-lettered", () => poison(runtime)),
    on("a blocking close reaches the queue", () => blockingClose(runtime)),
  ]);
  await Promise.all([
    on("a handler that exits, hangs, runs out of memory", () => endingProcesses(runtime)),
    on("a FIFO queue and a file", () => fifoAndFile(runtime)),
  ]);
  await Promise.all([
    on("bad input", () => badInput(runtime)),
    on("without fauxqs", () => withoutFauxqs(runtime, fauxqs)),
    on("a slow reader", () => slowReader(runtime)),
    on("where a syntax error stands", () => syntaxError(runtime)),
  ]);
  await on("Ctrl-C leaves no process", () => interrupted(runtime, "SIGINT"));
  await on("Ctrl-C while the handler loads", () => interruptedWhileLoading(runtime));
  await on("Ctrl-C while the queue starts", () => interruptedWhileStarting(runtime));
  await on("being killed leaves no process", () => interrupted(runtime, "SIGKILL"));
}

async function writeHandlers(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "handler.mjs"), HANDLER);
  await writeFile(join(folder, "using.mjs"), USING_HANDLER);
  await writeFile(join(folder, "stuck.mjs"), STUCK_HANDLER);
  await writeFile(join(folder, "chatty.mjs"), CHATTY_HANDLER);
  await writeFile(join(folder, "wrong.mjs"), "// The next line is none.\nexport const = 1;\n");
}

async function testNodes(project: string): Promise<void> {
  const packed = await pack(project);
  await install(project, packed.filename, "^3.1000.0", { ...NODE_PACKAGES });
  for (const [major, fauxqs] of [["20", "1.9.2"], ["22", "2.4.1"], ["24", "2.4.1"]] as const) {
    const cwd = join(project, `fauxqs-${fauxqs}`);
    await writeHandlers(cwd);
    await writeFile(join(cwd, "package.json"), '{"private":true}');
    await mustRun("npm", ["install", "--no-audit", "--no-fund", `fauxqs@${fauxqs}`], { cwd });
    const command = [node(project, major), join(project, "node_modules/.bin/partial-batch-sqs")];
    await testRuntime(
      { name: `Node ${NODES[Number(major) as keyof typeof NODES]}`, command, cwd, bare: project },
      fauxqs,
    );
  }
}

async function testDeno(project: string): Promise<void> {
  const { "@aws-sdk/client-sqs": sdk, "aws-lambda": types, fauxqs } = deno.imports;
  const source = { "@partial-batch/sqs": join(ROOT, "mod.ts"), "@aws-sdk/client-sqs": sdk };
  const [cwd, bare] = [join(project, "with"), join(project, "without")];
  for (const [folder, more] of [[cwd, { fauxqs }], [bare, {}]] as const) {
    await writeHandlers(folder);
    const imports = { ...source, "aws-lambda": types, ...more };
    await writeFile(join(folder, "deno.json"), JSON.stringify({ imports }));
  }
  const command = [
    process.execPath,
    ...["run", "--quiet", "--allow-all", "--config", join(ROOT, "deno.json")],
    join(ROOT, "src/cli/mod.ts"),
  ];
  await testRuntime({ name: `Deno ${process.versions.deno}`, command, cwd, bare }, "2.4.1");
}

const project = await mkdtemp(join(tmpdir(), "partial-batch-cli-"));
try {
  await writeHandlers(project);
  await testNodes(project);
  const denoProject = await mkdtemp(join(tmpdir(), "partial-batch-cli-"));
  try {
    await testDeno(denoProject);
  } finally {
    await rm(denoProject, { recursive: true, force: true });
  }
} finally {
  await rm(project, { recursive: true, force: true });
}
end();
