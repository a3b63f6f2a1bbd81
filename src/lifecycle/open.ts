import type { Context, SQSRecord } from "aws-lambda";
import type { CheckedBaseOptions, OpenOptions } from "../base_options.ts";
import { checkHandler, checkOptionNames } from "../internal/check_options.ts";
import { describeShape, isObject } from "../internal/shape.ts";
import type { RecordHandler } from "../types.ts";
import { Clock } from "./clock.ts";
import { batchHandler } from "./handle_record.ts";
import { type ReceivedRecord, receiveRecords } from "./received_record.ts";
import { Stragglers } from "./stragglers.ts";

/** What a batch is opened with, checked. */
export interface BatchSetup<TResult> {
  readonly records: readonly SQSRecord[];
  readonly received: readonly ReceivedRecord[];
  readonly handler: RecordHandler<TResult>;
  readonly lambdaContext: Context | undefined;
  readonly clock: Clock;
  readonly stragglers: Stragglers;
  readonly options: CheckedBaseOptions;
}

/**
 * Checks what a batch is opened with, and keeps what its records say.
 *
 * @throws {TypeError} If anything is of the wrong type, or an option does not exist.
 */
export function setUpBatch<TResult>(
  records: readonly SQSRecord[],
  handler: RecordHandler<TResult>,
  openOptions: OpenOptions,
  options: CheckedBaseOptions,
): BatchSetup<TResult> {
  const received = receiveRecords(records);
  checkHandler(handler, "the record handler");
  checkOptionNames(openOptions, ["context"], "open()");
  const { context } = openOptions;
  if (context !== undefined && !isObject(context)) {
    throw new TypeError(
      `Cannot use context: expected Lambda's context, got ${describeShape(context)}`,
    );
  }
  const stragglers = new Stragglers();
  return {
    records: Object.freeze([...records]),
    received,
    handler: batchHandler(handler, options.recordTimeoutMs, stragglers),
    stragglers,
    lambdaContext: context,
    clock: new Clock(context, options.deadlineReserveMs, requestsToCome(records, options)),
    options,
  };
}

/** How many requests to delete there may be, beyond the first ten, which go out at once. */
function requestsToCome(
  { length }: readonly SQSRecord[],
  { reportItemFailures }: CheckedBaseOptions,
): number {
  return reportItemFailures ? 0 : Math.max(0, Math.ceil(length / 10) - 10);
}
