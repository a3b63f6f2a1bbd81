import process from "node:process";
import type { WriteStream } from "node:tty";
import { dev } from "./dev.ts";
import { HELP } from "./help.ts";
import { JsonReporter } from "./json_reporter.ts";
import { LiveReporter } from "./live_reporter.ts";
import { LiveScreen } from "./live_screen.ts";
import { devOptions } from "./options.ts";
import type { Reporter } from "./reporter.ts";
import { styler } from "./text.ts";
import { TextReporter } from "./text_reporter.ts";
import { describeFailure, UsageError } from "./usage_error.ts";

/**
 * Runs the command line of this package: `dev ./handler.js …`.
 *
 * @category Local
 * @param args The arguments, without the runtime and the script: `["dev", "./handler.js"]`.
 * @returns The exit code: 0; 1 if something failed or, with `--until-empty`, if messages are left or
 * dead-lettered; 2 for input that cannot be used; 130 if Ctrl-C ended `--until-empty`. What went wrong
 * is on standard error.
 *
 * @example What it knows
 * ```ts
 * import { runCli } from "@partial-batch/sqs/cli";
 * import assert from "node:assert/strict";
 *
 * assert.equal(await runCli(["--help"]), 0);
 * ```
 */
export async function runCli(args: readonly string[]): Promise<number> {
  try {
    const options = devOptions(args);
    if (options) return await dev(options, reporterFor(options.json));
    process.stdout.write(HELP);
    return args.length === 0 ? 2 : 0;
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(`${error.message}\n`);
      return 2;
    }
    process.stderr.write(`${describeFailure(error)}\n`);
    return 1;
  }
}

function reporterFor(json: boolean): Reporter {
  const stream = process.stdout;
  const write = (line: string) => void stream.write(`${line}\n`);
  if (json) return new JsonReporter(write);
  const style = styler(stream.isTTY === true && !process.env.NO_COLOR);
  if (stream.isTTY) return new LiveReporter(new LiveScreen(stream as WriteStream, style));
  return new TextReporter({
    style,
    width: 160,
    print: (...lines) => lines.forEach(write),
  });
}
