/**
 * Times the import of a bundled function and its first batch, in milliseconds.
 *
 *     cold_start.js <bundle>
 */
import process from "node:process";
import { pathToFileURL } from "node:url";
import { makeBatch } from "./batch.js";
import { report } from "./measure.js";

const { href } = pathToFileURL(process.argv[2]);
const { event, context } = makeBatch(10);

const start = performance.now();
const { handler } = await import(href);
await handler(event, context);
const ms = performance.now() - start;
report({ ms });
