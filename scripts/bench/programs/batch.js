/** The batches that every subject is given. Which records fail is spread, and the same in every run. */
const error = new Error("no such order");

/** A batch of `count` records of which `percent` fail, with the record handler that fails them. */
export function makeBatch(count, percent = 0) {
  const failing = new Set();
  for (let index = 0; index < count; index++) {
    if (index * 7 % 100 < percent) failing.add(`m${index}`);
  }
  // deno-lint-ignore require-await -- a trivial async handler is what is measured
  const handle = async (record) => {
    if (failing.has(record.messageId)) throw error;
  };
  return { event: { Records: makeRecords(count) }, context, handle, failing };
}

const context = { awsRequestId: "bench", getRemainingTimeInMillis: () => 30_000 };

/** Records of one queue, as Lambda makes them. `over` gives what is different in a record. */
export function makeRecords(count, over = () => ({})) {
  return Array.from({ length: count }, (_, index) => ({
    messageId: `m${index}`,
    receiptHandle: `h${index}`,
    body: `{"order":${index}}`,
    attributes: {
      ApproximateReceiveCount: "1",
      SentTimestamp: "1700000000000",
      SenderId: "bench",
      ApproximateFirstReceiveTimestamp: "1700000000001",
    },
    messageAttributes: {},
    md5OfBody: "",
    eventSource: "aws:sqs",
    eventSourceARN: "arn:aws:sqs:us-east-1:123456789012:orders",
    awsRegion: "us-east-1",
    ...over(index),
  }));
}
