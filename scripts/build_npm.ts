/**
 * Builds the npm package from the same source, into `npm/`: with dnt or, where JSR cannot be reached,
 * with TypeScript alone. Both give the same layout and the same `package.json`; what TypeScript alone
 * built is marked private, so that it is never published by mistake.
 */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import deno from "../deno.json" with { type: "json" };
import jsr from "../jsr.json" with { type: "json" };
import { ENTRY_POINTS } from "./entry_points.ts";
import { importFromJsr } from "./jsr.ts";
import { mustRun, print } from "./run_command.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const OUT = join(ROOT, "npm");

const TYPESCRIPT = "5.9.3";
const TYPES_NODE = "20.19.0";

const DESCRIPTION =
  "Partial batch processing of SQS messages in AWS Lambda: only what was not handled returns to the queue";

/** The range of an npm package in deno.json's imports. */
function rangeOf(name: keyof typeof deno.imports): string {
  return deno.imports[name].split("@").at(-1)!;
}

/** What a module becomes in the package. */
function builtFile(path: string, extension: string): string {
  return path.replace("./", "./esm/").replace(/\.ts$/, extension);
}

const DEPENDENCIES = {
  "@aws-sdk/client-sqs": rangeOf("@aws-sdk/client-sqs"),
  "@types/aws-lambda": rangeOf("aws-lambda"),
};

/** Peers that only some options or entry points use, and only if they are there: as old as they were tried. */
const OPTIONAL_PEERS = {
  "@aws-sdk/client-lambda": rangeOf("@aws-sdk/client-lambda"),
  "@opentelemetry/api": ">=1.3.0 <2",
  fauxqs: ">=1.9.2",
};

/** The entry point that is the package's command: `npx @partial-batch/sqs`. */
const COMMAND = builtFile(ENTRY_POINTS.find(({ name }) => name === "./cli")!.path, ".js");

/** A placeholder; all of them are listed in CONTRIBUTING.md, "Before the first release". */
const REPOSITORY = "https://github.com/OWNER/partial-batch-sqs";

const PACKAGE = {
  name: jsr.name,
  version: jsr.version,
  description: DESCRIPTION,
  license: jsr.license,
  author: "AUTHOR",
  homepage: `${REPOSITORY}#readme`,
  repository: { type: "git", url: `git+${REPOSITORY}.git` },
  bugs: { url: `${REPOSITORY}/issues` },
  keywords: [
    "aws",
    "lambda",
    "sqs",
    "batch",
    "partial-batch",
    "batchItemFailures",
    "ReportBatchItemFailures",
    "dead-letter",
    "dead-letter-queue",
    "fifo",
    "powertools",
    "deno",
    "using",
    "disposable",
  ],
  publishConfig: { access: "public" },
  type: "module",
  sideEffects: false,
  engines: { node: ">=20" },
  exports: {
    ...Object.fromEntries(
      ENTRY_POINTS.map(({ name, path }) => [
        name,
        { types: builtFile(path, ".d.ts"), default: builtFile(path, ".js") },
      ]),
    ),
    "./package.json": "./package.json",
  },
  // For `moduleResolution: node10`, which knows no exports: projects that a bundler makes CommonJS of.
  main: "./esm/mod.js",
  types: "./esm/mod.d.ts",
  typesVersions: {
    "*": Object.fromEntries(
      ENTRY_POINTS.filter(({ name }) => name !== ".")
        .map(({ name, path }) => [name.slice(2), [builtFile(path, ".d.ts")]]),
    ),
  },
  bin: { "partial-batch-sqs": COMMAND },
  peerDependencies: OPTIONAL_PEERS,
  peerDependenciesMeta: Object.fromEntries(
    Object.keys(OPTIONAL_PEERS).map((name) => [name, { optional: true }]),
  ),
  files: ["esm", "CHANGELOG.md"],
};

/** As much of dnt as is used here. */
interface Dnt {
  emptyDir(path: string): Promise<void>;
  build(options: Record<string, unknown>): Promise<void>;
}

async function buildWithDnt({ emptyDir, build }: Dnt): Promise<void> {
  await emptyDir(OUT);
  await build({
    entryPoints: ENTRY_POINTS.map(({ name, path }) => ({ name, path: join(ROOT, path) })),
    outDir: OUT,
    rootTestDir: join(ROOT, "tests"),
    shims: { deno: { test: "dev" } },
    test: false,
    scriptModule: false,
    skipSourceOutput: true,
    typeCheck: "single",
    compilerOptions: { target: "ES2022", lib: ["ES2022", "DOM", "ESNext.Disposable"] },
    // TS6137: a bare import of @types/…; it is put right below.
    filterDiagnostic: (diagnostic: { code: number; file?: { fileName: string } }) =>
      diagnostic.code !== 6137 && !diagnostic.file?.fileName.includes("/src/deps/"),
    package: { ...PACKAGE, devDependencies: { "@types/node": TYPES_NODE } },
    postBuild: async () => {
      await rm(join(OUT, "esm", "package.json"));
      await copyTexts();
      await writePackage({});
    },
  });
}

async function buildWithTypeScript(): Promise<void> {
  const build = await mkdtemp(join(tmpdir(), "partial-batch-build-"));
  try {
    await writeJson(join(build, "package.json"), {
      private: true,
      type: "module",
      dependencies: DEPENDENCIES,
      devDependencies: {
        typescript: TYPESCRIPT,
        "@types/node": TYPES_NODE,
        "@opentelemetry/api": rangeOf("@opentelemetry/api"),
      },
    });
    await writeJson(join(build, "tsconfig.json"), {
      compilerOptions: {
        ...deno.compilerOptions,
        module: "nodenext",
        target: "es2022",
        lib: ["es2022", "esnext.disposable"],
        types: ["node"],
        rewriteRelativeImportExtensions: true,
        declaration: true,
        rootDir: ".",
        outDir: join(OUT, "esm"),
      },
      files: ENTRY_POINTS.map(({ path }) => path),
    });
    for (const source of ["mod.ts", "src"]) {
      await cp(join(ROOT, source), join(build, source), { recursive: true });
    }
    await mustRun("npm", ["install", "--no-audit", "--no-fund"], { cwd: build });
    await rm(OUT, { recursive: true, force: true });
    await mustRun("npx", ["tsc", "--project", "tsconfig.json"], { cwd: build });
  } finally {
    await rm(build, { recursive: true, force: true });
  }
  await copyTexts();
  await writePackage({ private: true });
}

async function copyTexts(): Promise<void> {
  for (const text of ["README.md", "CHANGELOG.md", "LICENSE"]) {
    await cp(join(ROOT, text), join(OUT, text));
  }
}

async function writePackage(more: object): Promise<void> {
  await writeJson(join(OUT, "package.json"), { ...PACKAGE, ...more, dependencies: DEPENDENCIES });
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFile(path, `${JSON.stringify(value, null, 2)}\n`);
}

/**
 * Puts the specifiers in declarations right: TypeScript leaves `.ts` in them, and dnt writes
 * `@types/aws-lambda` for the alias in deno.json, which consumers know as `aws-lambda`.
 */
async function mendDeclarations(folder: string): Promise<void> {
  for (const file of await readdir(folder, { recursive: true })) {
    if (!file.endsWith(".d.ts")) continue;
    const path = join(folder, file);
    const text = await readFile(path, "utf8");
    const mended = text
      .replaceAll(/(from "\.{1,2}\/[^"]+)\.ts"/g, '$1.js"')
      .replaceAll('"@types/aws-lambda"', '"aws-lambda"');
    await writeFile(path, mended);
  }
}

/**
 * Makes the name of the optional peer a plain one, as every bundler knows it: the source puts it together,
 * for Deno. TypeScript wraps what is not plain in a helper.
 */
async function mendPeerImport(path: string): Promise<void> {
  const text = await readFile(path, "utf8");
  const mended = text
    .replace(/^var __rewriteRelativeImportExtension = .*?^};\n/ms, "")
    .replace(
      /import\(\w*\(?"@aws-sdk\/" \+ "client-lambda"\)+/,
      'import("@aws-sdk/client-lambda")',
    );
  if (!mended.includes('await import("@aws-sdk/client-lambda");')) {
    throw new Error(`Cannot mend ${path}: it does not import @aws-sdk/client-lambda`);
  }
  await writeFile(path, mended);
}

/** Says which runtime a script is for; npm makes the file of a `bin` executable. */
async function makeExecutable(path: string): Promise<void> {
  const text = await readFile(path, "utf8");
  await writeFile(path, `#!/usr/bin/env node\n${text}`);
}

await mkdir(OUT, { recursive: true });
const [dnt] = await importFromJsr<[Dnt]>(["@deno/dnt"]) ?? [];
if (dnt) {
  print("Building npm/ with dnt");
  await buildWithDnt(dnt);
} else {
  print("JSR cannot be reached: building npm/ with TypeScript alone, marked private");
  await buildWithTypeScript();
}
await mendDeclarations(join(OUT, "esm"));
await mendPeerImport(join(OUT, "esm/src/mappings/lambda_sdk.js"));
await makeExecutable(join(OUT, COMMAND));
print(`Built ${PACKAGE.name} ${PACKAGE.version}`);
// A request to JSR may still be under way.
Deno.exit();
