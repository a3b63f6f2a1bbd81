/**
 * Stands in for SQS as seen from far away: confirms every entry of a request, after a time.
 * `answering_server.ts <ms>`. A GET of /counts gives the number of requests since the last one, and
 * how many were under way at once.
 *
 * Writes its endpoint as the first line of its output, and ends when its input does.
 */
import process from "node:process";
import { setImmediate, setTimeout } from "node:timers/promises";

const HOST = "127.0.0.1";

/** Timers may be that late; the rest of the time is waited for without one. */
const TIMER_IS_LATE_MS = 2;

const delayMs = Number(process.argv[2]);
let counts = { requests: 0, atOnce: 0 };
let underWay = 0;

async function answer(request: Request): Promise<Response> {
  if (request.method === "GET") {
    const told = counts;
    counts = { requests: 0, atOnce: 0 };
    return Response.json(told);
  }
  const due = performance.now() + delayMs;
  counts.requests++;
  counts.atOnce = Math.max(counts.atOnce, ++underWay);
  const { Entries } = await request.json() as { readonly Entries: readonly { Id: string }[] };
  await setTimeout(delayMs - TIMER_IS_LATE_MS);
  while (performance.now() < due) await setImmediate();
  underWay--;
  const confirmed = { Successful: Entries.map(({ Id }) => ({ Id })), Failed: [] };
  return Response.json(confirmed, { headers: { "content-type": "application/x-amz-json-1.0" } });
}

process.stdin.on("end", () => process.exit()).resume();
Deno.serve({
  hostname: HOST,
  port: 0,
  onListen: ({ port }) => process.stdout.write(`http://${HOST}:${port}\n`),
}, answer);
