import { nodeProcess } from "../internal/node_process.ts";

/**
 * Writes a line to the process's standard output, in one piece. Not by the console, whose lines Lambda's
 * runtime puts into an object of its own.
 *
 * @returns Rejects if the line cannot be written.
 */
export function writeToStdout(line: string): Promise<void> {
  const { stdout } = nodeProcess();
  return new Promise((resolve, reject) => {
    stdout.write(`${line}\n`, (error) => {
      if (!error) return resolve();
      // Its error event comes next: with no listener at all it would end the process.
      if (stdout.listenerCount("error") === 0) stdout.once("error", () => {});
      reject(error);
    });
  });
}
