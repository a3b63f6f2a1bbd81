/**
 * Times batches of one subject: the median microseconds per record.
 *
 *     time_batches.js <subject> <records> <percent that fail> <warm-up ms> <sample ms>
 */
import process from "node:process";
import { makeBatch } from "./batch.js";
import { median, report, runFor } from "./measure.js";
import { invoke, makeHandler } from "./subjects.js";

const SAMPLES = 5;

const [subject, ...numbers] = process.argv.slice(2);
const [count, percent, warmUpMs, sampleMs] = numbers.map(Number);

const batch = makeBatch(count, percent);
const handler = await makeHandler(subject, batch.handle);
const run = (ms) => runFor(ms, () => invoke(handler, batch));

await run(warmUpMs);
const samples = [];
for (let sample = 0; sample < SAMPLES; sample++) samples.push(await run(sampleMs));
report({ usPerRecord: median(samples) * 1_000 / count });
