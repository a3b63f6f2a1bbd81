/**
 * Logs each record that was not handled, with a logger of your own: where partial batch responses are
 * reported, nothing else shows a failure.
 *
 * @example
 * ```ts
 * import { withSqsBatch } from "@partial-batch/sqs";
 * import { logFailures } from "@partial-batch/sqs/logs";
 *
 * logFailures(console);
 *
 * export const handler = withSqsBatch(async (record) => {
 *   await ship(JSON.parse(record.body));
 * }, { reportItemFailures: true });
 *
 * async function ship(_order: unknown) {}
 * ```
 *
 * @module
 */
export type { FailureEntry } from "./failure_entry.ts";
export { logFailures } from "./log_failures.ts";
export type {
  FailureLogger,
  FailureLogLevel,
  LogFailuresOptions,
  PinoFields,
  PinoLogger,
  TextFirstLogger,
} from "./logger.ts";
export type { UnprocessedReason } from "../types.ts";
