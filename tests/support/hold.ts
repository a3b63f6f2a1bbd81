import type { BasePartialProcessor, Batch, OpenOptions, RecordHandler } from "@partial-batch/sqs";
import { AssertionError } from "@std/assert";
import type { SQSRecord } from "aws-lambda";

/** The ways to hold a batch. */
export const HOLDS = ["await using", "using"] as const;

/** One of them. */
export type Hold = typeof HOLDS[number];

/** What a batch is held with, and what the body of its block does. */
export interface Holding<TResult> extends OpenOptions {
  readonly hold: Hold;
  readonly processor: BasePartialProcessor;
  readonly records: readonly SQSRecord[];
  readonly handler: RecordHandler<TResult>;
  /** By default it calls `process()` and awaits it. */
  readonly body?: ((batch: Batch<TResult>) => unknown) | undefined;
}

/** What came of it. */
export interface Held<TResult> {
  readonly batch: Batch<TResult>;
  /** What the scope threw; `undefined` if nothing. */
  readonly thrown: unknown;
}

/**
 * Opens a batch, holds it in the given way, runs the body of the block, and leaves the block. If an
 * assertion in the body fails, that is thrown, whatever the scope throws beside it.
 */
export async function holding<TResult>(
  { hold, processor, records, handler, body = (batch) => batch.process(), ...options }: Holding<
    TResult
  >,
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
