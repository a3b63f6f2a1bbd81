import { typeNameOnly } from "./shape.ts";
import { withStackFrames } from "./stack_frames.ts";

/** How many inner errors are written: causes of causes, errors of aggregates. */
const MAX_INNER_ERRORS = 20;

/** How many characters of one failure are written. */
const MAX_CHARACTERS = 4_000;

/**
 * The name in stack traces of the functions that call a record handler. Minifiers keep it, because it is
 * a string.
 */
export const BOUNDARY = "partial-batch handles a record";

/**
 * Writes a thrown value as text for a log: an error with its stack and its causes, anything else by
 * its type (a thrown string as it is, because it is a message).
 *
 * - The text is bounded, and has no stack frames of the library's own.
 * - Never throws: an error that cannot be read, such as one whose `stack` is a getter that throws, must
 *   not hide the others.
 */
export function describeError(error: unknown): string {
  return shorten(describe(error, new Set()));
}

/** Cuts a text to a number of bytes, and says so. */
export function shortenToBytes(text: string, maxBytes: number): string {
  // No character has more than three bytes in UTF-8 for each of its units in UTF-16.
  if (text.length * 3 <= maxBytes) return text;
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= maxBytes) return text;
  const ending = "\n\n(shortened)";
  return new TextDecoder().decode(bytes.subarray(0, maxBytes - ending.length - 3)) + ending;
}

function shorten(text: string): string {
  if (text.length <= MAX_CHARACTERS) return text;
  return `${text.slice(0, MAX_CHARACTERS)}… (${text.length - MAX_CHARACTERS} more characters)`;
}

/** What is said of an error that throws when it is read. */
export const UNREADABLE_ERROR = "an error that cannot be read was thrown";

/** What is said of a thrown value that is not an error: its type alone. */
export function describeNonError(value: unknown): string {
  return `${typeNameOnly(value)} was thrown`;
}

function describe(error: unknown, seen: Set<unknown>): string {
  try {
    seen.add(error);
    if (typeof error === "string") return error;
    if (!isError(error)) return describeNonError(error);
    const texts = [textOf(error)];
    for (const inner of innerErrors(error)) {
      if (seen.has(inner) || seen.size > MAX_INNER_ERRORS) continue;
      texts.push(`Caused by: ${describe(inner, seen)}`);
    }
    return texts.join("\n");
  } catch {
    return UNREADABLE_ERROR;
  }
}

/** An error of another realm (a `vm` context, a test runner) is not an `instanceof` this one's. */
export function isError(value: unknown): value is Error {
  return value instanceof Error ||
    /^\[object (?:Error|DOMException)\]$/.test(Object.prototype.toString.call(value));
}

function innerErrors({ cause, errors }: Error & { readonly errors?: unknown }): unknown[] {
  return [
    ...(cause === undefined ? [] : [cause]),
    ...(Array.isArray(errors) ? errors.slice(0, MAX_INNER_ERRORS) : []),
  ];
}

/** The stack; V8 puts name and message first, but a message that was changed later is not in it. */
function textOf({ name, message, stack }: { readonly [key in keyof Error]: unknown }): string {
  const head = [name, message].filter((text) => typeof text === "string").join(": ");
  if (typeof stack !== "string" || stack === "") return head;
  const hasMessage = typeof message !== "string" || stack.includes(message);
  return withoutOwnFrames(hasMessage ? stack : `${head}\n${stack}`);
}

/** Below the frame that called the handler there are only ours and Lambda's. */
function withoutOwnFrames(stack: string): string {
  const folder = ownFolder ??= findOwnFolder();
  const lines: string[] = [];
  let isOwn = false;
  for (const line of stack.split("\n")) {
    const isFrame = /^\s+at /.test(line);
    if (isFrame && line.includes(BOUNDARY)) break;
    // A frame of the language itself, such as that of map(), belongs to the one before it.
    isOwn = isFrame &&
      (line.endsWith("(<anonymous>)") ? isOwn : folder !== "" && line.includes(folder));
    if (!isOwn) lines.push(line);
  }
  return lines.join("\n");
}

/**
 * Where the library's own files are; empty in a bundle, where all is one file. Read off a stack, as
 * bundlers warn of `import.meta` where they make CommonJS.
 */
function findOwnFolder(): string {
  const pattern = /(?:\(|at )([^()]*\/)internal\/describe_error\.[jt]s:/;
  const { stack } = withStackFrames(1, () => new Error());
  return pattern.exec(String(stack))?.[1] ?? "";
}

/** Found when it is first needed. */
let ownFolder: string | undefined;
