/**
 * Writes the API reference into `api/`: the HTML of `deno doc`, with an overview by `@category` on its
 * first page, and with the package's name in its import lines.
 */
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import jsr from "../jsr.json" with { type: "json" };
import { groupBy } from "../src/internal/group_by.ts";
import { ENTRY_POINTS, type EntryPoint } from "./entry_points.ts";
import { mustRun, print } from "./run_command.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const OUT = join(ROOT, "api");

/** In the order in which the first page lists them. */
const CATEGORIES = [
  "Wrappers",
  "Processors",
  "Record handlers",
  "Outcomes",
  "Errors",
  "Failures",
  "Typed bodies",
  "Channels",
  "Metrics",
  "Logs",
  "Traces",
  "Testing",
  "Local",
];

/** Where the page of a module is, in the HTML of several modules. */
function folderOf({ path }: EntryPoint): string {
  return path.replace(/^\.\//, "");
}

/** As much of what `deno doc --json` gives as is used here. */
interface Doc {
  readonly nodes: Readonly<
    Record<string, { readonly symbols: readonly SymbolDoc[] }>
  >;
}

interface SymbolDoc {
  readonly name: string;
  /** The folder of its module's pages. */
  readonly folder: string;
  readonly declarations: readonly {
    readonly kind: string;
    readonly jsDoc?: {
      readonly doc?: string;
      readonly tags?: readonly { readonly kind: string; readonly doc?: string }[];
    };
  }[];
}

function categoryOf({ name, declarations }: SymbolDoc): string {
  const tags = declarations.flatMap(({ jsDoc }) => jsDoc?.tags ?? []);
  const category = tags.find(({ kind }) => kind === "category")?.doc?.trim();
  if (category !== undefined && CATEGORIES.includes(category)) return category;
  throw new Error(`${name}: expected a @category of ${CATEGORIES.join(", ")}, got ${category}`);
}

/** The first sentence, as HTML. */
function summaryOf({ declarations }: SymbolDoc): string {
  const [paragraph = ""] = declarations[0]?.jsDoc?.doc?.split(/\n\n|:\n- /) ?? [];
  const [sentence = ""] = paragraph.trim().replaceAll("\n", " ").split(/(?<=\.) (?=[A-Z`])/);
  return sentence
    .replace(/[^.]$/, "$&.")
    .replaceAll(/\{@linkcode ([^}]+)\}/g, "`$1`")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(/`([^`]+)`/g, "<code>$1</code>");
}

/** Types are there for what has behaviour, and come after it. */
function isType({ declarations }: SymbolDoc): boolean {
  return declarations.every(({ kind }) => kind === "interface" || kind === "typeAlias");
}

function overview(symbols: readonly SymbolDoc[]): string {
  const sorted = symbols.toSorted((a, b) => Number(isType(a)) - Number(isType(b)));
  const byCategory = groupBy(sorted, categoryOf);
  const sections = CATEGORIES.map((category) => {
    const items = byCategory.get(category)!.map((symbol) =>
      `<li><a href="./${symbol.folder}/~/${symbol.name}.html"><code>${symbol.name}</code></a>: ${
        summaryOf(symbol)
      }</li>`
    );
    return `<h2>${category}</h2><ul>${items.join("\n")}</ul>`;
  });
  return `<section class="section"><div class="markdown">${sections.join("\n")}</div></section>`;
}

async function mendPages(change: (page: string, html: string) => string): Promise<void> {
  for (const page of await readdir(OUT, { recursive: true })) {
    if (!page.endsWith(".html")) continue;
    const path = join(OUT, page);
    await writeFile(path, change(page, await readFile(path, "utf8")));
  }
}

const deno = process.execPath;
const options = { cwd: ROOT, env: { NO_COLOR: "1" } };
await rm(OUT, { recursive: true, force: true });
const modules = ENTRY_POINTS.map(({ path }) => path);
await mustRun(
  deno,
  ["doc", "--html", `--name=${jsr.name}`, `--output=${OUT}`, ...modules],
  options,
);
const json = await mustRun(deno, ["doc", "--json", ...modules], options);
const doc: Doc = JSON.parse(json.slice(json.indexOf("{")));
const symbols = ENTRY_POINTS.flatMap((entryPoint) => {
  const folder = folderOf(entryPoint);
  const node = doc.nodes[new URL(`../${folder}`, import.meta.url).href];
  if (!node) throw new Error(`${folder}: deno doc gave nothing for it`);
  // What one entry point exports again is described where it stands first.
  return node.symbols.filter(({ declarations }) =>
    declarations.some(({ kind }) => kind !== "reference")
  ).map((symbol) => ({ ...symbol, folder }));
});
await mendPages((page, html) => {
  const named = ENTRY_POINTS.reduce(
    (text, entryPoint) =>
      text.replaceAll(
        `from &quot;${folderOf(entryPoint)}&quot;`,
        `from &quot;${entryPoint.specifier}&quot;`,
      ),
    html,
  );
  return page === "index.html" ? named.replace("</main>", `${overview(symbols)}</main>`) : named;
});
print(`Written to api/: ${symbols.length} symbols`);
