/**
 * Counts the bytes that batches of one subject allocate, per record. V8 must not collect anything
 * meanwhile, so it needs a large new space, which the bench gives it by flags.
 *
 *     allocations.js <subject> <records> <records in all> <warm-up ms>
 */
import { PerformanceObserver } from "node:perf_hooks";
import process from "node:process";
import { setImmediate } from "node:timers/promises";
import { makeBatch } from "./batch.js";
import { report, runFor } from "./measure.js";
import { invoke, makeHandler } from "./subjects.js";

const [subject, ...numbers] = process.argv.slice(2);
const [count, inAll, warmUpMs] = numbers.map(Number);

const batch = makeBatch(count);
const handler = await makeHandler(subject, batch.handle);
await runFor(warmUpMs, 1, () => invoke(handler, batch));

globalThis.gc();
await setImmediate();
let collections = 0;
new PerformanceObserver((list) => collections += list.getEntries().length)
  .observe({ entryTypes: ["gc"] });

const before = process.memoryUsage().heapUsed;
for (let done = 0; done < inAll; done += count) await invoke(handler, batch);
const bytes = process.memoryUsage().heapUsed - before;

await setImmediate();
if (collections > 0) throw new Error(`V8 collected garbage ${collections} times meanwhile`);
report({ bytesPerRecord: bytes / (Math.ceil(inAll / count) * count) });
