/**
 * Writes the flags by which `deno test` and `deno check` find `@std`: none where JSR can be reached,
 * else an import map that puts our stand-ins in its place.
 */
import deno from "../deno.json" with { type: "json" };
import { importFromJsr } from "./jsr.ts";

/** Paths from the root of the project, as those in deno.json. */
const STANDINS: Record<string, string> = {
  "@std/assert": "./tests/support/standins/assert.ts",
  "@std/testing/time": "./tests/support/standins/testing_time.ts",
};

/** The imports of deno.json with the stand-ins for `@std`; the flag replaces them as a whole. */
function importsWithStandins(): Record<string, string> {
  const imports = Object.entries({ ...deno.imports, ...STANDINS })
    .filter(([, target]) => !target.startsWith("jsr:"))
    .map(([name, target]) => [
      name,
      target.startsWith(".") ? new URL(`../${target}`, import.meta.url).href : target,
    ]);
  return Object.fromEntries(imports);
}

const encoder = new TextEncoder();
if (!await importFromJsr(Object.keys(STANDINS))) {
  await Deno.stderr.write(encoder.encode("JSR cannot be reached: @std is played by stand-ins\n"));
  const map = encodeURIComponent(JSON.stringify({ imports: importsWithStandins() }));
  await Deno.stdout.write(encoder.encode(`--import-map=data:application/json,${map}\n`));
}
// A request to JSR may still be under way.
Deno.exit();
