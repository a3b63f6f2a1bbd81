import {
  type BasePartialProcessor,
  type RecordHandler,
  withBatchProcessor,
} from "@partial-batch/sqs";
import type { Context, SQSRecord } from "aws-lambda";
import { lambdaContext } from "./lambda_context.ts";
import { holding } from "./hold.ts";

/** The ways to run a batch. */
export const WAYS = ["await using", "using", "run", "wrapper"] as const;

/** One of them. */
export type Way = typeof WAYS[number];

/** What a batch is run with. */
export interface Running {
  readonly way: Way;
  readonly processor: BasePartialProcessor;
  readonly records: readonly SQSRecord[];
  readonly handler: RecordHandler;
  readonly context?: Context;
}

/** What Lambda is told in the end. */
export interface Told {
  /** What was thrown; `undefined` if nothing. */
  readonly thrown: unknown;
  /** The partial batch response, where the processor gives one. */
  readonly response: unknown;
}

/** Runs a batch in the given way, and gives what Lambda is told. */
export async function runAs(
  { way, processor, records, handler, context = lambdaContext(60_000) }: Running,
): Promise<Told> {
  if (way === "using" || way === "await using") {
    let response: unknown;
    const { thrown } = await holding({
      hold: way,
      processor,
      records,
      handler,
      context,
      body: async (batch) => {
        await batch.process();
        if (processor.reportItemFailures) response = batch.response();
      },
    });
    return { thrown, response };
  }
  const invoke = way === "wrapper"
    ? withBatchProcessor(processor, handler)
    : () => processor.run(records, handler, { context }).then(() => {});
  try {
    return { thrown: undefined, response: await invoke({ Records: [...records] }, context) };
  } catch (thrown) {
    return { thrown, response: undefined };
  }
}
