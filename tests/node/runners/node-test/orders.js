import { withSqsBatch } from "@partial-batch/sqs";

/** Tests give options of their own: `makeHandler({ client })`. */
export function makeHandler(options = {}) {
  return withSqsBatch(handleOrder, { nonRetryable: { when: [SyntaxError] }, ...options });
}

export const handler = makeHandler();

async function handleOrder(record, { signal }) {
  const order = JSON.parse(record.body);
  if (order.id < 0) throw new RangeError(`no such order: ${order.id}`);
  if (order.slow) await new Promise((_, reject) => signal.onabort = () => reject(signal.reason));
}
