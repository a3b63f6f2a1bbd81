/**
 * Times batches of ten whose handlers wait for 20 ms: median milliseconds of a batch.
 *
 *     waiting.js <subject> standard|FIFO <rounds>
 */
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { makeBatch, makeRecords } from "./batch.js";
import { median, report } from "./measure.js";
import { makeHandler } from "./subjects.js";

const [subject, queue, roundsText] = process.argv.slice(2);
const rounds = Number(roundsText);

/** Five groups of two. */
const fifo = (index) => ({
  attributes: { ApproximateReceiveCount: "1", MessageGroupId: `g${index % 5}` },
  eventSourceARN: "arn:aws:sqs:us-east-1:123456789012:orders.fifo",
});
const event = { Records: makeRecords(10, queue === "FIFO" ? fifo : undefined) };
const { context } = makeBatch(0);
const handler = await makeHandler(subject, () => setTimeout(20));

await handler(event, context);
const times = [];
for (let round = 0; round < rounds; round++) {
  const start = performance.now();
  await handler(event, context);
  times.push(performance.now() - start);
}
report({ ms: median(times) });
