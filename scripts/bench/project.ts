/**
 * The one project of a run of the bench: the packed package and its peers, as their users install
 * them, on every runtime.
 */
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { install, node, NODE_PACKAGES, NODES, pack, ROOT } from "../npm_project.ts";
import { mustRun } from "../run_command.ts";

/** Dependencies of the bench alone. */
const PEERS = {
  "@aws-lambda-powertools/batch": "2.35.0",
  "@middy/core": "6.4.5",
  "@middy/sqs-partial-batch-failure": "6.4.5",
  "esbuild": "0.28.2",
};

/** Something that runs JavaScript. */
export interface Runtime {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly isNode: boolean;
}

/** How a program is run, and what it reports. */
export interface Program<TName extends string> {
  readonly args?: readonly (string | number)[];
  /** Flags of V8. */
  readonly flags?: readonly string[];
  /** The names of the figures it reports. */
  readonly figures: readonly TName[];
}

/** A temporary folder with the project in it. */
export class BenchProject implements AsyncDisposable {
  readonly folder: string;
  readonly runtimes: readonly Runtime[];

  constructor(folder: string) {
    this.folder = folder;
    const nodes = Object.keys(NODES).map((major) => ({
      name: `Node ${major}`,
      command: node(folder, major),
      args: [],
      isNode: true,
    }));
    const args = ["run", "--quiet", "--allow-all", "--no-lock", "--node-modules-dir=manual"];
    this.runtimes = [...nodes, { name: "Deno", command: process.execPath, args, isNode: false }];
  }

  /** Packs `npm/`, which must have been built, and installs it with the peers. */
  static async create(): Promise<BenchProject> {
    const project = new BenchProject(await mkdtemp(join(tmpdir(), "partial-batch-bench-")));
    try {
      const { filename } = await pack(project.folder);
      await install(project.folder, filename, "^3.600.0", { ...PEERS, ...NODE_PACKAGES });
      const programs = join(ROOT, "scripts/bench/programs");
      await cp(programs, project.path("programs"), { recursive: true });
    } catch (error) {
      await project[Symbol.asyncDispose]();
      throw error;
    }
    return project;
  }

  /** The path of a file in the project. */
  path(...names: string[]): string {
    return join(this.folder, ...names);
  }

  /** Runs a program in a process of its own, and gives the figures it reports. */
  async measure<TName extends string>(
    { command, args }: Runtime,
    program: string,
    { args: programArgs = [], flags = [], figures }: Program<TName>,
  ): Promise<Record<TName, number>> {
    const output = await mustRun(
      command,
      [...args, ...flags, this.path("programs", program), ...programArgs.map(String)],
      // The SDK warns of Node 20.
      { cwd: this.folder, env: { NODE_NO_WARNINGS: "1" } },
    );
    const reported = JSON.parse(output.trim().split("\n").at(-1)!);
    for (const name of figures) {
      if (Number.isFinite(reported[name])) continue;
      throw new Error(`Cannot measure ${name} by ${program}: got ${output}`);
    }
    return reported;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
