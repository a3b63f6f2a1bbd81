import type { MetricsTarget } from "./embedded_metrics.ts";
import { warn } from "../internal/warn.ts";

/** The targets that metrics are written to; an object for each use. */
const inUse = new Set<{ readonly target: string }>();

/**
 * Notes that metrics are written to a target, and warns if others already are: all would be counted
 * twice, and a call inside a Lambda handler writes one line more with each invocation.
 *
 * @returns Notes that it is over.
 */
export function noteUse({ namespace, dimensions }: MetricsTarget): () => void {
  const target = JSON.stringify([namespace, Object.entries(dimensions).sort()]);
  if ([...inUse].some((use) => use.target === target)) {
    warn(
      "emitMetrics() was called again with the same namespace and dimensions: each batch is counted " +
        "more than once. Call it at the top level of the module, or dispose of the earlier one",
    );
  }
  const use = { target };
  inUse.add(use);
  return () => void inUse.delete(use);
}
