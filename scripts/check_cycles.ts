/**
 * Fails if the library's modules import each other in a circle, or if an import goes the wrong way.
 * Imports of types count too: they show what a module knows of.
 */
import { readdir, readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { print } from "./run_command.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** An entry point beside the main one: nothing but itself imports it. */
const ENTRY_POINT = /^src\/(?:current_record|local|logs|metrics|opentelemetry|testing)\//;

/**
 * The layers, from the top. A module imports from its own layer and from those below. The other entry
 * points are above the library itself, which so knows nothing of them.
 */
const LAYERS: readonly RegExp[] = [
  /^src\/cli\//,
  ENTRY_POINT,
  /^mod\.ts$/,
  /^src\/with_/,
  /^src\/(?:partial|wrapped)_sqs_processor\.ts$/,
  /^src\/(?:sqs\/|mappings\/|base_partial_processor\.ts$)/,
  /^src\/batch\.ts$/,
  /^src\/lifecycle\//,
  /^src\/[^/]+\.ts$/,
  /^src\/internal\//,
];

/** What else must not be, though the layers allow it. */
const FORBIDDEN: readonly (readonly [from: RegExp, to: RegExp])[] = [
  [/^src\/with_/, /^src\/(?:lifecycle|sqs)\//],
  [/^src\/base_partial_processor\.ts$/, /^src\/sqs\//],
  [/^src\/sqs\//, /^src\/(?:base_partial_processor|batch)\.ts$/],
];

/** Whether a module may import another. */
function isAllowed(from: string, to: string): boolean {
  const [entryPoint] = ENTRY_POINT.exec(to) ?? [];
  // The command is made of the mapping.
  if (entryPoint && !from.startsWith(entryPoint) && !from.startsWith("src/cli/")) return false;
  const layerOf = (file: string) => LAYERS.findIndex((layer) => layer.test(file));
  // The helpers know of nothing but the types.
  const isTypes = to === "src/types.ts";
  return (layerOf(from) <= layerOf(to) || isTypes) &&
    !FORBIDDEN.some(([source, target]) => source.test(from) && target.test(to));
}

async function sources(): Promise<string[]> {
  const files = await readdir(join(ROOT, "src"), { recursive: true });
  return ["mod.ts", ...files.filter((file) => file.endsWith(".ts")).map((file) => `src/${file}`)];
}

/** The library's own modules that a module imports. */
async function importsOf(file: string): Promise<string[]> {
  const text = await readFile(join(ROOT, file), "utf8");
  return [...text.matchAll(/^(?:import|export)\b[^"]*?\bfrom "(\.{1,2}\/[^"]+)";$/gms)]
    .map(([, specifier]) => relative(ROOT, join(ROOT, dirname(file), specifier!)))
    .map((path) => path.replaceAll("\\", "/"));
}

/** The first circle that is found from a module, if any. */
function circleFrom(
  file: string,
  imports: ReadonlyMap<string, readonly string[]>,
  path: readonly string[],
  done: Set<string>,
): readonly string[] | undefined {
  if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
  if (done.has(file)) return undefined;
  for (const imported of imports.get(file) ?? []) {
    const circle = circleFrom(imported, imports, [...path, file], done);
    if (circle) return circle;
  }
  done.add(file);
  return undefined;
}

const files = await sources();
const imports = new Map<string, readonly string[]>();
for (const file of files) imports.set(file, await importsOf(file));
const done = new Set<string>();
const circle = files.map((file) => circleFrom(file, imports, [], done)).find(Boolean);
const wrong = files.flatMap((file) =>
  imports.get(file)!
    .filter((to) => !isAllowed(file, to))
    .map((to) => `${file} must not import ${to}`)
);
if (circle) print(`Modules import each other in a circle: ${circle.join(" → ")}`);
for (const line of wrong) print(line);
print(`${files.length} modules, ${[...imports.values()].flat().length} imports`);
process.exit(circle || wrong.length > 0 ? 1 : 0);
