/**
 * A consumer's function, bundled into one file: handles the records of its first argument with the
 * config of its second, held both ways, and writes what came of it.
 */
import { PartialSQSProcessor, type SQSBatchProcessingError } from "@partial-batch/sqs";
import type { SQSRecord } from "aws-lambda";
import process from "node:process";

const [records, more, config] = process.argv.slice(2).map((text) => JSON.parse(text));
const processor = new PartialSQSProcessor({ config });

function handle({ body }: SQSRecord): void {
  if (body.startsWith("fail")) throw new RangeError("no such order");
}

function describe(error: unknown): string {
  const { name, failures, undeleted } = error as SQSBatchProcessingError;
  return `${name} ${failures.length} ${undeleted.length}`;
}

async function main(): Promise<void> {
  const said: string[] = [];
  try {
    using batch = processor.open(records, handle);
    await batch.process();
  } catch (error) {
    said.push(describe(error));
  }
  try {
    await using batch = processor.open(more, handle);
    await batch.process();
  } catch (error) {
    said.push(describe(error));
  }
  process.stdout.write(said.join(", "));
}

main();
