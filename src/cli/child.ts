import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { IS_DENO } from "./runtime.ts";

/** How a process ended. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: string | null;
}

/**
 * What a process runs: an ES module as text, as if it were a file in the working directory, or a file
 * of ours. (Node passes its flags on to the workers and processes of a handler, and they cannot use
 * those for text.)
 */
export type Program = { readonly source: string } | { readonly file: URL };

/** What a process is started with. */
export interface ChildOptions {
  readonly program: Program;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The size of its heap. */
  readonly memoryMb?: number | undefined;
  readonly onMessage: (message: unknown) => void;
  readonly onOutput: (stream: "stdout" | "stderr", line: string) => void;
}

/** The environment as the user gave it: the command changes its own. */
const GIVEN_ENV = { ...process.env };

/** A process of this runtime, which we talk to by messages. It must end when they do. */
export class Child {
  readonly #process: ChildProcess;
  readonly ended: Promise<ProcessEnd>;

  constructor({ program, env = {}, memoryMb, onMessage, onOutput }: ChildOptions) {
    const child = spawn(process.execPath, argumentsFor(program, memoryMb), {
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      env: { ...GIVEN_ENV, ...env },
    });
    this.#process = child;
    child.on("message", onMessage);
    // It ends by itself when nobody talks to it any more, unless it blocks.
    const killAtExit = () => void child.kill("SIGKILL");
    process.on("exit", killAtExit);
    child.once("exit", () => process.off("exit", killAtExit));
    const outputs = (["stdout", "stderr"] as const).map((stream) => {
      const lines = createInterface({ input: child[stream]! });
      lines.on("line", (line) => onOutput(stream, line));
      return new Promise<void>((resolve) => lines.once("close", resolve));
    });
    const exit = new Promise<ProcessEnd>((resolve) => {
      child.once("exit", (code, signal) => resolve({ code, signal }));
      child.once("error", () => resolve({ code: null, signal: null }));
    });
    // What it wrote is shown before its end is. A grandchild may hold its output open.
    this.ended = exit.then(async (end) => {
      await Promise.race([Promise.all(outputs), delay(500)]);
      return end;
    });
  }

  /** Whether it can still be talked to. */
  get isConnected(): boolean {
    return this.#process.connected;
  }

  /** Sends it a message; one that has ended gets none. */
  send(message: object): void {
    if (this.#process.connected) this.#process.send(message, () => {});
  }

  /** Ends it at once. */
  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.ended;
  }
}

function argumentsFor(program: Program, memoryMb: number | undefined): string[] {
  const heap = memoryMb === undefined ? [] : [`--max-old-space-size=${memoryMb}`];
  if ("file" in program) return [...heap, fileURLToPath(program.file)];
  if (!IS_DENO) return [...heap, "--input-type=module", "--eval", program.source];
  const v8Flags = heap.map((flag) => `--v8-flags=${flag}`);
  return ["eval", "--quiet", "--ext=js", ...v8Flags, program.source];
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
