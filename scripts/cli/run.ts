import { spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { mustRun } from "../run_command.ts";

/** A runtime to try the command on. */
export interface Runtime {
  readonly name: string;
  /** What the command's arguments follow. */
  readonly command: readonly string[];
  /** A folder with handlers, from which fauxqs is found. */
  readonly cwd: string;
  /** One with handlers, and without fauxqs. */
  readonly bare: string;
}

/** A line that the command wrote. */
// deno-lint-ignore no-explicit-any -- as it comes
export type Line = Readonly<Record<string, any>>;

/** How a run ended. */
export interface CliEnd {
  readonly code: number | null;
  readonly lines: readonly Line[];
  readonly stderr: string;
}

/** A run of the command. */
export interface CliRun {
  readonly ended: Promise<CliEnd>;
  /** Waits for a line. */
  line(test: (line: Line) => boolean): Promise<Line>;
  /** The ids of the processes that it started, and that those started. */
  descendants(): Promise<number[]>;
  /** Signals it, or its whole group as a terminal does. */
  signal(signal: "SIGINT" | "SIGKILL", isForGroup: boolean): void;
  /** Which of these processes there still are, after at most this time. */
  alive(pids: readonly number[], waitMs: number): Promise<number[]>;
}

/** No run takes longer. */
const LIMIT_MS = 60_000;

/** Starts the command in a group of its own. */
export function startCli(
  { command: [program, ...first], cwd }: Runtime,
  args: readonly string[],
): CliRun {
  const child = spawn(program!, [...first, ...args], {
    cwd,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    // On Node 20 the SDK warns of it, sooner or later: the handlers of these tests have clients.
    env: { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" },
  });
  const lines: Line[] = [];
  const watchers = new Set<() => void>();
  createInterface({ input: child.stdout }).on("line", (text) => {
    try {
      lines.push(JSON.parse(text));
    } catch {
      lines.push({ type: "not JSON", text });
    }
    for (const watch of watchers) watch();
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => stderr += text);
  const limit = setTimeout(() => process.kill(-child.pid!, "SIGKILL"), LIMIT_MS);
  const ended = new Promise<CliEnd>((resolve) => {
    child.once("close", (code) => {
      clearTimeout(limit);
      resolve({ code, lines, stderr });
    });
  });
  return {
    ended,
    line: (test) =>
      new Promise((resolve, reject) => {
        const watch = () => {
          const found = lines.find(test);
          if (!found) return;
          watchers.delete(watch);
          resolve(found);
        };
        watchers.add(watch);
        void ended.then(() => reject(new Error(`it ended before that line\n${stderr}`)));
        watch();
      }),
    descendants: () => descendantsOf(child.pid!),
    signal: (signal, isForGroup) => {
      process.kill(isForGroup ? -child.pid! : child.pid!, signal);
    },
    async alive(pids, waitMs) {
      const end = Date.now() + waitMs;
      for (;;) {
        const left = pids.filter(isAlive);
        if (left.length === 0 || Date.now() >= end) return left;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
  };
}

async function descendantsOf(pid: number): Promise<number[]> {
  const output = await mustRun("ps", ["-A", "-o", "pid=,ppid="]);
  const parents = output.trim().split("\n").map((line) => line.trim().split(/\s+/).map(Number));
  const found = [pid];
  for (const each of found) {
    found.push(...parents.flatMap(([child, parent]) => parent === each ? [child!] : []));
  }
  return found.slice(1);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
