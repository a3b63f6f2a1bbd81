/** How many requests the installed package has under way at a time: it is a constant of its own. */
import { readFile, writeFile } from "node:fs/promises";
import type { BenchProject } from "./project.ts";

const CONSTANT = /(?<=MAX_CONCURRENT_REQUESTS = )\d+/;

/** Reads the number. */
export async function readConnections(project: BenchProject): Promise<number> {
  const [number] = CONSTANT.exec(await readFile(policyPath(project), "utf8")) ?? [];
  if (number === undefined) throw new Error(`Cannot find MAX_CONCURRENT_REQUESTS`);
  return Number(number);
}

/** Sets the number in the installed copy. */
export async function setConnections(project: BenchProject, connections: number): Promise<void> {
  const path = policyPath(project);
  const policy = await readFile(path, "utf8");
  await writeFile(path, policy.replace(CONSTANT, String(connections)));
}

function policyPath(project: BenchProject): string {
  return project.path("node_modules/@partial-batch/sqs/esm/src/sqs/requests/retry_policy.js");
}
