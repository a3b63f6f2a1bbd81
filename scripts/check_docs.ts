/**
 * Fails if a relative link or an anchor in the docs leads nowhere, or if a guide is too long to be read.
 */
import { access, readdir, readFile } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { print } from "./run_command.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

const MAX_LINES = 200;

/** The text of a page without its code, which may look like a link. */
function withoutCode(text: string): string {
  return text.replaceAll(/^```.*?^```/gms, "");
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(text: string): Set<string> {
  const headings = withoutCode(text).matchAll(/^#+ (.*)$/gm);
  return new Set(Array.from(
    headings,
    ([, heading]) => heading!.toLowerCase().replaceAll(/[^\w\- ]/g, "").replaceAll(" ", "-"),
  ));
}

async function isFile(path: string): Promise<boolean> {
  return await access(join(ROOT, path)).then(() => true, () => false);
}

/** Why a link leads nowhere; `undefined` if it leads somewhere. */
async function brokenBecause(page: string, link: string): Promise<string | undefined> {
  if (/^\w+:/.test(link)) return undefined;
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? page : normalize(join(dirname(page), path));
  if (!await isFile(target)) return "there is no such file";
  if (anchor === undefined || !target.endsWith(".md")) return undefined;
  const text = await readFile(join(ROOT, target), "utf8");
  return anchorsOf(text).has(anchor) ? undefined : "there is no such heading";
}

const guides = (await readdir(join(ROOT, "docs"))).map((name) => `docs/${name}`);
const others = ["ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"];
const problems: string[] = [];
for (const page of ["README.md", ...others, "scripts/bench/README.md", ...guides]) {
  const text = await readFile(join(ROOT, page), "utf8");
  for (const [, link] of withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)) {
    const why = await brokenBecause(page, link!);
    if (why) problems.push(`${page}: ${link}: ${why}`);
  }
  const lines = text.split("\n").length - 1;
  if ((page === "README.md" || guides.includes(page)) && lines > MAX_LINES) {
    problems.push(`${page} has ${lines} lines, more than ${MAX_LINES}`);
  }
}
for (const problem of problems) print(problem);
print(`${guides.length} guides, ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
