import type { BasePartialProcessor, Batch, OpenOptions, RecordHandler } from "@partial-batch/sqs";
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

/** Opens a batch, holds it in the given way, runs the body of the block, and leaves the block. */
export async function holding<TResult>(
  hold: Hold,
  processor: BasePartialProcessor,
  records: readonly SQSRecord[],
  handler: RecordHandler<TResult>,
  options: OpenOptions = {},
  body: (batch: Batch<TResult>) => unknown = (batch) => batch.process(),
): Promise<Held<TResult>> {
  const opened = processor.open(records, handler, options);
  try {
    if (hold === "using") {
      using batch = opened;
      await body(batch);
    } else {
      await using batch = opened;
      await body(batch);
    }
  } catch (thrown) {
    return { batch: opened, thrown };
  }
  return { batch: opened, thrown: undefined };
}
