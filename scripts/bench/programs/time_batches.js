/**
 * Times batches of one subject, in microseconds of CPU time per record. It samples until the last
 * samples are near the best one: engines go on compiling for longer than one would think.
 *
 *     time_batches.js <subject> <records> <percent that fail> <ms at most>
 */
import process from "node:process";
import { makeBatch } from "./batch.js";
import { median, report, runFor } from "./measure.js";
import { invoke, makeHandler } from "./subjects.js";

const SAMPLE_MS = 10;
const STEADY_SAMPLES = 6;
const NEAR = 1.15;

const [subject, ...numbers] = process.argv.slice(2);
const [count, percent, maxMs] = numbers.map(Number);

const batch = makeBatch(count, percent);
const handler = await makeHandler(subject, batch.handle);
const callsAtOnce = Math.ceil(1_000 / count);
const samples = [];

function isSteady() {
  const near = NEAR * Math.min(...samples);
  const last = samples.slice(-STEADY_SAMPLES);
  return last.length === STEADY_SAMPLES && last.every((sample) => sample < near);
}

let spentMs = 0;
do {
  const ms = await runFor(SAMPLE_MS, callsAtOnce, () => invoke(handler, batch));
  samples.push(ms);
  spentMs += Math.max(SAMPLE_MS, ms);
} while (!isSteady() && spentMs < maxMs);
report({ usPerRecord: median(samples.slice(-STEADY_SAMPLES)) * 1_000 / count });
