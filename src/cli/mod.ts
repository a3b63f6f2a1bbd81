/**
 * The command `dev`: your function at work on a queue of your machine.
 *
 * ```sh
 * npx @partial-batch/sqs dev ./handler.js --message '{"id":"A1"}'
 * deno run -A jsr:@partial-batch/sqs/cli dev ./handler.ts --message '{"id":"A1"}'
 * ```
 *
 * `--help` lists its options. Importing this module runs nothing.
 *
 * @module
 */
import process from "node:process";
import { isMain } from "./is_main.ts";
import { runCli } from "./run_cli.ts";

export { runCli };

if (isMain(import.meta)) {
  // Nobody reads any more, as in "dev … | head".
  process.stdout.on("error", () => process.exit(1));
  // On Node 20 the SDK warns of Node 20, in nine lines. The handler's process still hears it.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";
  const exitCode = await runCli(process.argv.slice(2));
  // On Node a pipe takes what was written later than that: exiting at once would lose the rest.
  process.stdout.write("", () => process.exit(exitCode));
}
