import { assert } from "../claims.ts";
import { type Runtime, startCli } from "./run.ts";

/** A pipe whose reader is slow: nothing that was written may be lost, and the end comes last. */
export async function slowReader(runtime: Runtime): Promise<void> {
  const piped = ["sh", "-c", '"$0" "$@" | (sleep 2; cat)', ...runtime.command];
  const args = ["dev", "./chatty.mjs", "--json", "--until-empty", "--message", "{}"];
  const { lines } = await startCli({ ...runtime, command: piped }, args).ended;
  const output = lines.filter(({ type }) => type === "output");
  assert(output.some(({ text }) => text === "no line end"), "the line without an end is lost");
  const count = output.filter(({ text }) => String(text).startsWith("xxx")).length;
  assert(count === 5_000, `${count} of 5000 lines`);
  assert(lines.at(-1)?.type === "end", `the last line: ${JSON.stringify(lines.at(-1))}`);
}

/** A module with a syntax error: whoever wrote it must learn where. */
export async function syntaxError(runtime: Runtime): Promise<void> {
  const { code, stderr, lines } = await startCli(runtime, ["dev", "./wrong.mjs", "--json"]).ended;
  const isPlaced = lines.some(({ text }) => String(text).includes("wrong.mjs:2"));
  const isOneLine = stderr.trimEnd().split("\n").length === 1;
  assert(code === 1 && isOneLine && isPlaced, `${code}\n${stderr}${JSON.stringify(lines)}`);
}
