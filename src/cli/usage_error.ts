import { isObject } from "../internal/shape.ts";
import { reasonOf } from "../sqs/requests/reason.ts";

/** Input that the command cannot use: one line says why, and it ends with 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The first line of what was thrown. */
export function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n", 1)[0]!;
}

/**
 * Says in one line why a run failed. Of an error of the AWS SDK it takes no message: SQS quotes receipt
 * handles there, and for a bad signature what was signed.
 */
export function describeFailure(error: unknown): string {
  if (isObject(error) && "$metadata" in error) return `Cannot ask SQS: ${reasonOf(error)}`;
  const name = error instanceof Error && error.name !== "Error" ? `${error.name}: ` : "";
  return `${name}${firstLine(error)}`;
}
