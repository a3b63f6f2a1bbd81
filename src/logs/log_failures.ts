import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { CloseMessage } from "../diagnostics.ts";
import { isThenable } from "../internal/promises.ts";
import { warnOnce } from "../internal/warn.ts";
import { failureEntries, type FailureEntry } from "./failure_entry.ts";
import {
  checkLevel,
  checkLogger,
  entryWriter,
  type FailureLogger,
  type FailureLogLevel,
  type LogFailuresOptions,
} from "./logger.ts";

const CHANNEL = "partial-batch.sqs.close";

/**
 * Logs each record that failed, was not processed, was dead-lettered or was discarded: one entry each, once
 * its batch is closed.
 *
 * - It covers all batches that the process closes from now on, however they are held, in both modes. With
 *   `reportItemFailures` nothing else shows a failure. Without it, the invocation's error already names the
 *   failures that return.
 * - pino gets the fields first, with the error as `err`. The console gets one object, which Lambda's JSON
 *   log format turns into a structured entry. Every other logger gets the text first: Powertools Logger,
 *   LogTape, winston, or an object of your own.
 * - There is no limit: a batch of 10,000 failures makes 10,000 entries.
 * - An entry holds no body, no receipt handle, and of the attributes only the receive count. The error is as
 *   it was thrown, with what its text and its members say.
 * - The logger cannot change a batch. If it throws, or its promise rejects, there is one process warning.
 * - If Lambda's timeout ends the invocation, the batch is never closed, and there is no entry.
 *
 * Call it once, at the top level of a module: two calls make two entries.
 *
 * @param logger The logger. Its method is looked up for each entry.
 * @param options The method that is called.
 * @returns Ends it when it is disposed. Without that it lasts as long as the process.
 * @throws {TypeError} If `logger` has no such method, or if an option is wrong or does not exist.
 * @category Logs
 *
 * @example A logger of your own
 * ```ts
 * import { withSqsBatch } from "@partial-batch/sqs";
 * import { logFailures } from "@partial-batch/sqs/logs";
 * import { createLambdaContext, createSqsEvent } from "@partial-batch/sqs/testing";
 * import assert from "node:assert/strict";
 *
 * const lines: string[] = [];
 * using _logging = logFailures({
 *   error: (text, { receiveCount, error }) => lines.push(`${text} (${receiveCount}): ${error}`),
 * });
 *
 * const handler = withSqsBatch(({ body }) => {
 *   if (body === "bad") throw new RangeError("no such order");
 * }, { reportItemFailures: true });
 * await handler(createSqsEvent(["good", "bad"]), createLambdaContext());
 *
 * assert.deepEqual(lines, ["SQS record failed (1): RangeError: no such order"]);
 * ```
 */
export function logFailures(
  logger: FailureLogger,
  options?: LogFailuresOptions<"error">,
): Disposable;
/**
 * Logs each record that was not handled, with another method of the logger than `error()`.
 *
 * @typeParam TLevel The method that is called.
 * @param logger The logger. Its method is looked up for each entry.
 * @param options The method that is called.
 * @returns Ends it when it is disposed. Without that it lasts as long as the process.
 * @throws {TypeError} If `logger` has no such method, or if an option is wrong or does not exist.
 * @category Logs
 */
export function logFailures<TLevel extends FailureLogLevel>(
  logger: FailureLogger<TLevel>,
  options: LogFailuresOptions<TLevel> & { readonly level: TLevel },
): Disposable;
export function logFailures(logger: unknown, options: LogFailuresOptions = {}): Disposable {
  const level = checkLevel(options);
  checkLogger(logger, level);
  const write = entryWriter(logger, level);
  // A subscriber that throws would end the process.
  const warn = warnOnce("logFailures() cannot log a failure");
  const log = (entry: FailureEntry) => {
    try {
      const written = write(entry);
      if (isThenable(written)) Promise.resolve(written).catch(warn);
    } catch (error) {
      warn(error);
    }
  };
  const listener = (message: unknown) => {
    try {
      for (const entry of failureEntries(message as CloseMessage)) log(entry);
    } catch (error) {
      // Another subscriber may have changed the message.
      warn(error);
    }
  };
  subscribe(CHANNEL, listener);
  return { [Symbol.dispose]: () => void unsubscribe(CHANNEL, listener) };
}
