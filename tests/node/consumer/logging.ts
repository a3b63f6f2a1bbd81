/**
 * A consumer's function with both entry points, bundled with the library into one file: three concurrent
 * records, of which the second fails.
 */
import { withSqsBatch } from "@partial-batch/sqs";
import { currentRecord } from "@partial-batch/sqs/current-record";
import { logFailures } from "@partial-batch/sqs/logs";
import { createLambdaContext, createSqsEvent } from "@partial-batch/sqs/testing";
import process from "node:process";

const lines: string[] = [];

logFailures({
  error: (text, { messageId, error }) => lines.push(`${text}: ${messageId}: ${error}`),
});

const handler = withSqsBatch(async ({ body }) => {
  await new Promise((resolve) => setTimeout(resolve));
  lines.push(`${body}: ${currentRecord()?.messageId}`);
  if (body === "b") throw new RangeError("no such order");
}, { reportItemFailures: true });

async function main(): Promise<void> {
  const event = createSqsEvent(["a", "b", "c"]);
  await handler(event, createLambdaContext());
  const ids = event.Records.map(({ messageId }) => messageId);
  const text = lines.join("\n");
  process.stdout.write(ids.reduce((rest, id, index) => rest.replaceAll(id, `m${index + 1}`), text));
}

main();
