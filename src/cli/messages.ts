import { readFile } from "node:fs/promises";
import { isObject } from "../internal/shape.ts";
import type { DevOptions } from "./options.ts";
import { firstLine, UsageError } from "./usage_error.ts";

/** A message to send. */
export interface MessageToSend {
  readonly body: string;
  /** Its message group, in a FIFO queue. */
  readonly group: string | undefined;
}

/** What SQS takes at most (SQS developer guide, "Amazon SQS message quotas"). */
const MOST_BYTES = 1_048_576;

/** The group of all messages where nothing names another. */
const ONE_GROUP = "local";

/**
 * The messages that the options ask to send: the lines of the files, then the others.
 *
 * @throws {UsageError} If a file cannot be read, or a message cannot be sent.
 */
export async function messagesToSend(
  { send, messages, fifo, groupBy }: DevOptions,
): Promise<MessageToSend[]> {
  const bodies: string[] = [];
  for (const file of send) bodies.push(...await linesOf(file));
  bodies.push(...messages);
  return bodies.map((body) => {
    checkSize(body);
    return { body, group: fifo ? groupOf(body, groupBy) : undefined };
  });
}

async function linesOf(file: string): Promise<string[]> {
  const lines = (await textOf(file)).split(/\r?\n/);
  lines.forEach((line, index) => {
    if (line.trim() === "" || parsed(line) !== undefined) return;
    throw new UsageError(
      `--send ${file}: line ${index + 1} is not JSON; --message sends any text`,
    );
  });
  const bodies = lines.filter((line) => line.trim() !== "");
  if (bodies.length === 0) throw new UsageError(`--send ${file}: the file has no lines`);
  return bodies;
}

async function textOf(file: string): Promise<string> {
  try {
    // Some programs, PowerShell among them, begin a file with a byte order mark.
    return (await readFile(file, "utf8")).replace(/^\uFEFF/, "");
  } catch (error) {
    throw new UsageError(`--send: cannot read ${file}: ${firstLine(error)}`);
  }
}

function parsed(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

function checkSize(body: string): void {
  const bytes = new TextEncoder().encode(body).length;
  if (bytes > 0 && bytes <= MOST_BYTES) return;
  throw new UsageError(`A message must have 1 to ${MOST_BYTES} bytes, got ${bytes}`);
}

function groupOf(body: string, groupBy: string | undefined): string {
  if (groupBy === undefined) return ONE_GROUP;
  const value = parsed(body)?.value;
  const group = isObject(value) ? value[groupBy] : undefined;
  if (typeof group === "string" && group !== "" || typeof group === "number") return `${group}`;
  throw new UsageError(`--group-by ${groupBy}: a message has no such member`);
}
