/**
 * Runs the tests of a user's function with every test runner that `docs/testing.md` shows: each folder of
 * `tests/node/runners/` is a project of its own, which gets the packed tarball and runs its `npm test` on
 * Node 20, 22 and 24, the one of Deno on this Deno.
 */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import process from "node:process";
import { claim, end } from "./claims.ts";
import { node, NODE_PACKAGES, NODES, pack, ROOT } from "./npm_project.ts";
import { mustRun } from "./run_command.ts";

const RUNNERS = join(ROOT, "tests/node/runners");

/** Runs `npm test` of a project with the program of a folder, which has `node` or `deno`. */
async function test(project: string, folder: string): Promise<void> {
  const path = [folder, process.env.PATH].join(delimiter);
  await mustRun("npm", ["test"], { cwd: project, env: { PATH: path } });
}

/** Copies a project, with the tarball in the place of the published package, and installs it. */
async function installRunner(name: string, folder: string, tarball: string): Promise<string> {
  const project = join(folder, name);
  await cp(join(RUNNERS, name), project, { recursive: true });
  const manifest = JSON.parse(await readFile(join(project, "package.json"), "utf8"));
  manifest.dependencies["@partial-batch/sqs"] = `file:${tarball}`;
  await writeFile(join(project, "package.json"), JSON.stringify(manifest));
  await mustRun("npm", ["install", "--no-audit", "--no-fund"], { cwd: project });
  return project;
}

async function main(folder: string): Promise<void> {
  const tarball = join(folder, (await pack(folder)).filename);
  const nodes = join(folder, "nodes");
  await mkdir(nodes);
  const manifest = { private: true, dependencies: NODE_PACKAGES };
  await writeFile(join(nodes, "package.json"), JSON.stringify(manifest));
  await mustRun("npm", ["install", "--no-audit", "--no-fund"], { cwd: nodes });
  for (const name of (await readdir(RUNNERS)).toSorted()) {
    const project = await installRunner(name, folder, tarball);
    if (name === "deno") {
      await claim("deno", () => test(project, dirname(process.execPath)));
      continue;
    }
    for (const major of Object.keys(NODES)) {
      const version = (await mustRun(node(nodes, major), ["--version"])).trim();
      await claim(`${name} on Node ${version}`, () => test(project, dirname(node(nodes, major))));
    }
  }
}

const folder = await mkdtemp(join(tmpdir(), "partial-batch-runners-"));
try {
  await main(folder);
} finally {
  await rm(folder, { recursive: true, force: true });
}
end();
