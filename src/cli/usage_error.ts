/** Input that the command cannot use: one line says why, and it ends with 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The first line of what was thrown. */
export function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n", 1)[0]!;
}
