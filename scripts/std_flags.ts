/**
 * Writes the flags by which `deno test` and `deno check` find `@std`: none where JSR can be
 * reached, else an import map that puts our stand-ins in its place.
 */
import deno from "../deno.json" with { type: "json" };

/** A JSR that swallows requests would otherwise hang for minutes. */
const LIMIT_MS = 10_000;

const STANDINS: Record<string, string> = {
  "@std/assert": "../tests/standins/assert.ts",
  "@std/testing/time": "../tests/standins/testing_time.ts",
};

async function canLoad(names: readonly string[]): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("no answer")), LIMIT_MS);
  });
  // Not a literal: it must be resolved here, not when this file is loaded.
  const loaded = Promise.all(names.map((name) => import(name)));
  try {
    await Promise.race([loaded, tooLate]);
    return true;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

/** The imports of deno.json with the stand-ins for `@std`; the flag replaces them as a whole. */
function importsWithStandins(): Record<string, string> {
  const imports = Object.entries({ ...deno.imports, ...STANDINS })
    .filter(([, target]) => !target.startsWith("jsr:"))
    .map(([name, target]) => [
      name,
      target.startsWith(".") ? new URL(resolve(name, target), import.meta.url).href : target,
    ]);
  return Object.fromEntries(imports);
}

/** Paths of deno.json are relative to its own folder. */
function resolve(name: string, target: string): string {
  return name in STANDINS ? target : `../${target}`;
}

const encoder = new TextEncoder();
if (!await canLoad(Object.keys(STANDINS))) {
  await Deno.stderr.write(encoder.encode("JSR cannot be reached: @std is played by stand-ins\n"));
  const map = encodeURIComponent(JSON.stringify({ imports: importsWithStandins() }));
  await Deno.stdout.write(encoder.encode(`--import-map=data:application/json,${map}\n`));
}
// A request to JSR may still be under way.
Deno.exit();
