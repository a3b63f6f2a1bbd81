/**
 * Times plain `using` beside `await using`, one failure in each batch, the worker warm: median
 * milliseconds of a batch. Both take turns in one process.
 *
 *     holds.js <endpoint> <file with records> <messages> <rounds>
 *
 * Under `using` the deletions are signed in `process()` and sent at the close, so both are taken
 * together. The disposers are called as compiled `using` calls them: Node 20 and 22 cannot parse it.
 */
import { PartialSQSProcessor } from "@partial-batch/sqs";
import { readFile } from "node:fs/promises";
import process from "node:process";
import { median, report } from "./measure.js";

const WARM_UP_ROUNDS = 10;

const [endpoint, file, ...numbers] = process.argv.slice(2);
const [count, rounds] = numbers.map(Number);
const records = JSON.parse(await readFile(file, "utf8")).slice(0, count);

const config = {
  endpoint,
  region: "us-east-1",
  credentials: { accessKeyId: "bench", secretAccessKey: "bench" },
};
const processor = new PartialSQSProcessor({ config });

function handle({ messageId }) {
  if (messageId === records[0].messageId) throw new Error("no such order");
}

const HOLDS = {
  awaitUsing: async () => {
    const batch = processor.open(records, handle);
    const dispose = batch[Symbol.asyncDispose];
    await batch.process();
    await dispose.call(batch);
  },
  using: async () => {
    const batch = processor.open(records, handle);
    const dispose = batch[Symbol.dispose];
    await batch.process();
    dispose.call(batch);
  },
};

async function time(hold) {
  const start = performance.now();
  const error = await HOLDS[hold]().then(() => undefined, (error) => error);
  const ms = performance.now() - start;
  if (error?.failures?.length !== 1 || error.undeleted.length > 0) throw error;
  return ms;
}

const times = { awaitUsing: [], using: [] };
for (let round = -Math.min(WARM_UP_ROUNDS, rounds); round < rounds; round++) {
  for (const hold of round % 2 ? ["awaitUsing", "using"] : ["using", "awaitUsing"]) {
    const ms = await time(hold);
    if (round >= 0) times[hold].push(ms);
  }
}
report({ awaitUsing: median(times.awaitUsing), using: median(times.using) });
processor[Symbol.dispose]();
