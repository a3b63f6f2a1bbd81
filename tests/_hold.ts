import type { BasePartialProcessor, Batch, OpenOptions, RecordHandler } from "@partial-batch/sqs";
import { AssertionError } from "@std/assert";
import type { SQSRecord } from "aws-lambda";

/** The ways to hold a batch. */
export const HOLDS = ["await using", "using"] as const;

/** One of them. */
export type Hold = typeof HOLDS[number];

/** What came of a batch held in some way. */
export interface Held<TResult> {
  readonly batch: Batch<TResult>;
  /** What the scope threw; `undefined` if nothing. */
  readonly thrown: unknown;
}

/**
 * Opens a batch, holds it in the given way, runs the body of the block, and leaves the block. An
 * assertion of the body that fails is thrown, whatever the scope throws beside it.
 */
export async function holding<TResult>(
  hold: Hold,
  processor: BasePartialProcessor,
  records: readonly SQSRecord[],
  handler: RecordHandler<TResult>,
  options: OpenOptions = {},
  body: (batch: Batch<TResult>) => unknown = (batch) => batch.process(),
): Promise<Held<TResult>> {
  const opened = processor.open(records, handler, options);
  let failedAssertion: AssertionError | undefined;
  const watchedBody = async (batch: Batch<TResult>) => {
    try {
      await body(batch);
    } catch (error) {
      if (error instanceof AssertionError) failedAssertion = error;
      throw error;
    }
  };
  let thrown: unknown;
  try {
    if (hold === "using") {
      using batch = opened;
      await watchedBody(batch);
    } else {
      await using batch = opened;
      await watchedBody(batch);
    }
  } catch (error) {
    thrown = error;
  }
  if (failedAssertion) throw failedAssertion;
  return { batch: opened, thrown };
}
