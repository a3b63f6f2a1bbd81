import { kindOf } from "./shape.ts";

/** How many errors inside an error are written: causes of causes, errors of aggregates. */
const MAX_INNER_ERRORS = 20;

/**
 * Writes a thrown value as text for a log: an error with its stack and its causes, anything else
 * by its type (a thrown string as it is: it is a message).
 *
 * Never throws: one error that cannot be read, such as one whose `stack` is a throwing getter, must
 * not hide the others.
 */
export function describeError(error: unknown): string {
  return describe(error, new Set());
}

function describe(error: unknown, seen: Set<unknown>): string {
  try {
    seen.add(error);
    if (typeof error === "string") return error;
    if (!(error instanceof Error)) return `${kindOf(error)} was thrown`;
    const texts = [textOf(error)];
    for (const inner of innerErrors(error)) {
      if (seen.has(inner) || seen.size > MAX_INNER_ERRORS) continue;
      texts.push(`Caused by: ${describe(inner, seen)}`);
    }
    return texts.join("\n");
  } catch {
    return "an error that cannot be read was thrown";
  }
}

function innerErrors(error: Error): unknown[] {
  const errors: unknown = error instanceof AggregateError ? error.errors : [];
  return [
    ...(error.cause === undefined ? [] : [error.cause]),
    ...(Array.isArray(errors) ? errors.slice(0, MAX_INNER_ERRORS) : []),
  ];
}

/** The stack; V8 puts name and message first, but a message changed later is not in it. */
function textOf(error: Error): string {
  const head = `${error.name}: ${error.message}`;
  if (typeof error.stack !== "string" || error.stack === "") return head;
  return error.stack.includes(error.message) ? error.stack : `${head}\n${error.stack}`;
}
