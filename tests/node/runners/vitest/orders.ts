import {
  PartialSQSProcessor,
  type PartialSQSProcessorOptions,
  type RecordContext,
  withSqsBatch,
} from "@partial-batch/sqs";
import type { SQSRecord } from "aws-lambda";

type Options = Pick<PartialSQSProcessorOptions, "client">;

/** Tests give a client of their own: `makeHandler({ client })`. */
export function makeHandler(options: Options = {}) {
  return withSqsBatch(handleOrder, { nonRetryable: { when: [SyntaxError] }, ...options });
}

export const handler = makeHandler();

/** The same with plain `using`. */
export async function handleAll(records: readonly SQSRecord[], options: Options = {}) {
  const processor = new PartialSQSProcessor(options);
  using batch = processor.open(records, handleOrder);
  await batch.process();
}

async function handleOrder(record: SQSRecord, { signal }: RecordContext) {
  const order: { id: number; slow?: boolean } = JSON.parse(record.body);
  if (order.id < 0) throw new RangeError(`no such order: ${order.id}`);
  if (order.slow) await new Promise((_, reject) => signal.onabort = () => reject(signal.reason));
}
