/**
 * The package's entry points, as `jsr.json` lists them: the one place. The npm package's exports are
 * made from them, and so are the imports in `deno.json` by which examples and tests know the package.
 *
 *     deno run --allow-all scripts/entry_points.ts           writes deno.json's imports
 *     deno run --allow-all scripts/entry_points.ts --check   fails if they are not those of jsr.json
 *     deno run --allow-all scripts/entry_points.ts --paths   writes the modules of all entry points
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import jsr from "../jsr.json" with { type: "json" };
import { print } from "./run_command.ts";

const DENO_JSON = join(fileURLToPath(new URL("..", import.meta.url)), "deno.json");

/** An entry point. */
export interface EntryPoint {
  /** As `exports` names it: `.` or `./testing`. */
  readonly name: string;
  /** As users import it: `@partial-batch/sqs/testing`. */
  readonly specifier: string;
  /** Its module, from the root of the repository: `./src/testing/mod.ts`. */
  readonly path: string;
}

/** All entry points, the main one first. */
export const ENTRY_POINTS: readonly EntryPoint[] = Object.entries(jsr.exports).map(
  ([name, path]) => ({ name, specifier: `${jsr.name}${name.slice(1)}`, path }),
);

/** deno.json, with the imports of all entry points at the top. */
function withEntryPoints(text: string): string {
  const deno = JSON.parse(text);
  const others = Object.entries(deno.imports as Record<string, string>)
    .filter(([name]) => name !== jsr.name && !name.startsWith(`${jsr.name}/`));
  const own = ENTRY_POINTS.map(({ specifier, path }) => [specifier, path]);
  const imports = JSON.stringify(Object.fromEntries([...own, ...others]), null, 2);
  return text.replace(
    /"imports": \{[^}]*\}/,
    () => `"imports": ${imports.replaceAll("\n", "\n  ")}`,
  );
}

if (import.meta.main && process.argv.includes("--paths")) {
  print(ENTRY_POINTS.map(({ path }) => path).join(" "));
} else if (import.meta.main) {
  const text = await readFile(DENO_JSON, "utf8");
  const wanted = withEntryPoints(text);
  if (wanted === text) {
    print(`${ENTRY_POINTS.length} entry points`);
  } else if (process.argv.includes("--check")) {
    print("deno.json's imports are not those of jsr.json: run `deno task entry-points`");
    process.exitCode = 1;
  } else {
    await writeFile(DENO_JSON, wanted);
    print("Written deno.json");
  }
}
