import { diag } from "@opentelemetry/api";

/**
 * Calls work of a tracer. Its errors go to OpenTelemetry's own diagnostics and nowhere else: a tracer that
 * fails must not change a batch.
 */
export function quietly<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    tell(error);
    return undefined;
  }
}

function tell(error: unknown): void {
  try {
    diag.error("@partial-batch/sqs could not trace a batch", error);
  } catch {
    // The logger of the diagnostics throws, too.
  }
}
