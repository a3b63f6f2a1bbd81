import { assertEquals } from "@std/assert";
import config from "../../../deno.json" with { type: "json" };
import { EXPECTED_LINES, loggerProgram, LOGGERS, readLines } from "../../support/loggers.ts";
import { runScript } from "../../support/run_script.ts";

const ROOT = new URL("../../../", import.meta.url);

/** The library's entry points and everything from npm, for a program of its own. */
const IMPORTS = Object.fromEntries(
  Object.entries(config.imports)
    .filter(([, target]) => !target.startsWith("jsr:"))
    .map(([name, target]) => [name, target.startsWith("./") ? new URL(target, ROOT).href : target]),
);

for (const [name, logger] of Object.entries(LOGGERS)) {
  Deno.test(`${name} has the message id on every line, and an entry with the error for each failure`, async () => {
    const { stdout, stderr, code } = await runScript(
      loggerProgram(logger),
      ["--allow-all"],
      IMPORTS,
    );
    assertEquals(code, 0, stderr);
    // Powertools Logger writes errors to stderr.
    assertEquals(readLines(logger, stdout + stderr), EXPECTED_LINES);
  });
}
