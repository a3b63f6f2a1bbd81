/**
 * An empty npm project in which the packed package is used as its users do, on every supported Node.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { mustRun } from "./run_command.ts";

/** The repository. */
export const ROOT: string = fileURLToPath(new URL("..", import.meta.url));

/** Where the npm package is built. */
export const NPM: string = join(ROOT, "npm");

/** The newest of each supported line when this was written. */
export const NODES = { 20: "20.20.2", 22: "22.23.3", 24: "24.21.0" };

/** Node's binaries, as dependencies. */
export const NODE_PACKAGES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(NODES).map(([major, version]) => [
    `node${major}`,
    `npm:node-${platform()}-${process.arch}@${version}`,
  ]),
);

/** As the packages with Node's binaries are named. */
function platform(): string {
  return process.platform === "win32" ? "win" : process.platform;
}

/** What `npm pack` says of a tarball. */
export interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

/** Packs the package into a project's folder. */
export async function pack(project: string): Promise<Packed> {
  const output = await mustRun(
    "npm",
    ["pack", "--json", "--silent", "--pack-destination", project],
    { cwd: NPM },
  );
  return JSON.parse(output.slice(output.indexOf("[")))[0];
}

/** Makes an npm project with the tarball in it. */
export async function install(
  project: string,
  tarball: string,
  sdk: string,
  devDependencies: Record<string, string>,
): Promise<void> {
  const manifest = {
    private: true,
    type: "module",
    dependencies: { "@partial-batch/sqs": `file:${tarball}`, "@aws-sdk/client-sqs": sdk },
    devDependencies,
  };
  await writeFile(join(project, "package.json"), JSON.stringify(manifest));
  await mustRun("npm", ["install", "--no-audit", "--no-fund"], { cwd: project });
}

/** The path of a project's Node. */
export function node(project: string, major: string): string {
  const name = process.platform === "win32" ? "node.exe" : "node";
  return join(project, "node_modules", `node${major}`, "bin", name);
}

/** Bundles a file with the esbuild of a project. */
export async function bundle(
  project: string,
  from: string,
  to: string,
  more: readonly string[],
): Promise<void> {
  await mustRun("npx", [
    "esbuild",
    from,
    "--bundle",
    "--platform=node",
    "--target=node20",
    `--outfile=${to}`,
    "--log-level=error",
    ...more,
  ], { cwd: project });
}
