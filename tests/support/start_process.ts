import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** A process of ours that serves on loopback. */
export interface ServingProcess extends AsyncDisposable {
  /** Where it answers: `http://127.0.0.1:<port>`. */
  readonly endpoint: string;
}

/** Starts an SQS server as a process of its own. */
export function startSqsServer(name: "fauxqs" | "local-aws-sqs"): Promise<ServingProcess> {
  return startProcess(new URL("./sqs_server.ts", import.meta.url), [name]);
}

/**
 * Starts a script with this Deno and waits for the first line it writes, its endpoint. It must end
 * when its input does.
 */
export async function startProcess(script: URL, args: string[]): Promise<ServingProcess> {
  const config = fileURLToPath(new URL("../../deno.json", import.meta.url));
  const child = spawn(
    process.execPath,
    ["run", "--quiet", "--allow-all", "--config", config, script.href, ...args],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const endpoint = await firstLine(child);
  return {
    endpoint,
    async [Symbol.asyncDispose]() {
      child.stdin?.end();
      await ended;
    },
  };
}

async function firstLine(child: ChildProcess): Promise<string> {
  const lines = createInterface({ input: child.stdout! });
  try {
    for await (const line of lines) return line;
  } finally {
    lines.close();
    child.stdout!.resume();
  }
  throw new Error("The server ended before it wrote its endpoint");
}
