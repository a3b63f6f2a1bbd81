/**
 * Measures what stays in memory, in MB, after few and after many batches of ten with three failures.
 *
 *     warm_memory.js <subject> <few> <many>
 */
import process from "node:process";
import { setImmediate } from "node:timers/promises";
import { makeBatch } from "./batch.js";
import { report } from "./measure.js";
import { invoke, makeHandler } from "./subjects.js";

const [subject, ...numbers] = process.argv.slice(2);
const [few, many] = numbers.map(Number);

const batch = makeBatch(10, 30);
const handler = await makeHandler(subject, batch.handle);
let done = 0;

async function heapAfter(batches) {
  for (; done < batches; done++) await invoke(handler, batch);
  for (let turn = 0; turn < 3; turn++) {
    await setImmediate();
    globalThis.gc();
  }
  return process.memoryUsage().heapUsed / 1e6;
}

const figures = { few: await heapAfter(few), many: await heapAfter(many) };
report({ ...figures, rss: process.memoryUsage.rss() / 1e6 });
