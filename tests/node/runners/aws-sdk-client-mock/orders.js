import { withSqsBatch } from "@partial-batch/sqs";

// No client of its own: the library makes one, and the mock stands for that one too.
export const handler = withSqsBatch((record) => {
  const order = JSON.parse(record.body);
  if (order.id < 0) throw new RangeError(`no such order: ${order.id}`);
});
