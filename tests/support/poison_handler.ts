/**
 * A Lambda handler that one message kills: the one whose id is in `POISON_ID`. It notes what it has handled
 * in a file, which outlives its process.
 */
import { withSqsBatch } from "@partial-batch/sqs";
import { appendFileSync } from "node:fs";
import process from "node:process";

const { HANDLED_FILE = "", POISON_ID, POISON_KIND, SUSPECT_AFTER, RESPONDS } = process.env;

/** Fills the heap; the runtime then ends the process. */
function runOutOfMemory(): never {
  const kept: number[][] = [];
  for (;;) kept.push(new Array(1_000_000).fill(kept.length));
}

export const handler: ReturnType<typeof withSqsBatch> = withSqsBatch(async ({ messageId }) => {
  if (messageId === POISON_ID) POISON_KIND === "memory" ? runOutOfMemory() : process.exit(1);
  await Promise.resolve();
  appendFileSync(HANDLED_FILE, `${messageId}\n`);
}, {
  reportItemFailures: RESPONDS === "true",
  ...(SUSPECT_AFTER ? { suspectAfter: Number(SUSPECT_AFTER) } : {}),
});
