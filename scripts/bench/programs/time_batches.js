/**
 * Times batches of one subject, in microseconds of CPU time per record. It samples until the last
 * samples are near the best one, or for the given time: engines go on compiling for longer than one
 * would think. The figure is the lowest median of samples in a row.
 *
 *     time_batches.js <subject> <records> <percent that fail> <ms>
 */
import process from "node:process";
import { makeBatch } from "./batch.js";
import { cpuMs, median, report, runFor } from "./measure.js";
import { invoke, makeHandler } from "./subjects.js";

const SAMPLE_MS = 8;
const STEADY_SAMPLES = 8;
const NEAR = 1.15;

/** Large batches are few in the time there is; they are not given up before so many samples. */
const LEAST_SAMPLES = 25;

const [subject, ...numbers] = process.argv.slice(2);
const [count, percent, enoughMs] = numbers.map(Number);

const batch = makeBatch(count, percent);
const handler = await makeHandler(subject, batch.handle);
const callsAtOnce = Math.ceil(1_000 / count);
const samples = [];

function isSteady() {
  const near = NEAR * Math.min(...samples);
  const last = samples.slice(-STEADY_SAMPLES);
  return last.length === STEADY_SAMPLES && last.every((sample) => sample < near);
}

const isEnough = () => cpuMs() > enoughMs && samples.length >= Math.min(LEAST_SAMPLES, enoughMs);
do {
  samples.push(await runFor(SAMPLE_MS, callsAtOnce, () => invoke(handler, batch)));
} while (!isSteady() && !isEnough());
const rows = Math.max(1, samples.length - STEADY_SAMPLES + 1);
const medians = Array.from(
  { length: rows },
  (_, from) => median(samples.slice(from, from + STEADY_SAMPLES)),
);
report({ usPerRecord: Math.min(...medians) * 1_000 / count });
