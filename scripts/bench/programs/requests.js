/**
 * Times the close of batches with one failure against a server that takes its time for each request:
 * median milliseconds, how many requests a close made, and how many were under way at once.
 *
 *     requests.js <endpoint> <messages> <rounds>
 */
import { SQSClient } from "@aws-sdk/client-sqs";
import { PartialSQSProcessor } from "@partial-batch/sqs";
import process from "node:process";
import { makeRecords } from "./batch.js";
import { median, report } from "./measure.js";

const [endpoint, ...numbers] = process.argv.slice(2);
const [count, rounds] = numbers.map(Number);

const client = new SQSClient({
  endpoint,
  region: "us-east-1",
  credentials: { accessKeyId: "bench", secretAccessKey: "bench" },
});
const processor = new PartialSQSProcessor({ client });

function handle({ messageId }) {
  if (messageId === "m0") throw new Error("no such order");
}

async function timeClose(records) {
  const batch = processor.open(records, handle);
  const dispose = batch[Symbol.asyncDispose];
  await batch.process();
  const start = performance.now();
  const error = await dispose.call(batch).then(() => undefined, (error) => error);
  const ms = performance.now() - start;
  if (error?.failures?.length !== 1 || error.undeleted.length > 0) throw error;
  return ms;
}

async function counts() {
  const response = await fetch(`${endpoint}/counts`);
  return await response.json();
}

const records = makeRecords(count);
// Opens the connections.
await timeClose(records);
await counts();
const times = [];
for (let round = 0; round < rounds; round++) times.push(await timeClose(records));
const { requests, atOnce } = await counts();
report({ ms: median(times), requests: requests / rounds, atOnce });
