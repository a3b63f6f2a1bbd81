import { shapeOf } from "./shape.ts";

/**
 * Writes a thrown value as text for a log: an error with its stack and its causes, anything else
 * by its shape (a thrown string as it is: it is a message).
 *
 * Never throws: one error that cannot be read, such as one whose `stack` is a throwing getter, must
 * not hide the others.
 */
export function describeError(error: unknown): string {
  try {
    if (typeof error === "string") return error;
    if (!(error instanceof Error)) return `${shapeOf(error)} was thrown`;
    return withInnerErrors(error, new Set());
  } catch {
    return "an error that cannot be read was thrown";
  }
}

function withInnerErrors(error: Error, seen: Set<unknown>): string {
  seen.add(error);
  const inner = [...innerErrors(error)].filter((each) => !seen.has(each));
  return [
    textOf(error),
    ...inner.map((each) =>
      `Caused by: ${each instanceof Error ? withInnerErrors(each, seen) : describeError(each)}`
    ),
  ].join("\n");
}

function* innerErrors(error: Error): Generator<unknown> {
  if (error.cause !== undefined) yield error.cause;
  if (error instanceof AggregateError) yield* error.errors.slice(0, 10);
}

/** The stack; V8 puts name and message first, but a message changed later is not in it. */
function textOf(error: Error): string {
  const head = `${error.name}: ${error.message}`;
  if (!error.stack) return head;
  return error.stack.includes(error.message) ? error.stack : `${head}\n${error.stack}`;
}
