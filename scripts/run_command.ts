import { spawn } from "node:child_process";
import process from "node:process";

/** What a command may be told beside its arguments. */
export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** How a command ended, and what it wrote. */
export interface CommandEnd {
  readonly code: number | null;
  readonly output: string;
}

/** Runs a command to its end and gives what it wrote. */
export function runCommand(
  command: string,
  args: readonly string[],
  { cwd, env = {} }: CommandOptions = {},
): Promise<CommandEnd> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      // npm is a script on Windows.
      shell: process.platform === "win32",
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => output += text);
    }
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, output }));
  });
}

/**
 * Runs a command that must succeed.
 *
 * @throws {Error} If it does not; the message has what it wrote.
 */
export async function mustRun(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const { code, output } = await runCommand(command, args, options);
  if (code === 0) return output;
  throw new Error(`Cannot run ${command} ${args.join(" ")}: it ended with ${code}\n${output}`);
}

/** Writes a line for whoever watches. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
