/**
 * A consumer's test, bundled and minified with the AWS SDK into one file: the names of the SDK's classes are
 * gone, and the fake client knows the commands all the same.
 */
import { PartialSQSProcessor } from "@partial-batch/sqs";
import { createFakeSqsClient, createSqsEvent } from "@partial-batch/sqs/testing";
import process from "node:process";

async function main(): Promise<void> {
  const client = createFakeSqsClient({ deadLetterQueue: "dlq" });
  const processor = new PartialSQSProcessor({
    client,
    nonRetryable: { when: [SyntaxError] },
    retryDelay: 5,
  });
  for (const hold of ["using", "await using"]) {
    const { Records } = createSqsEvent(["{}", "no JSON", "null"]);
    const open = () => processor.open(Records, ({ body }) => Object.keys(JSON.parse(body)));
    try {
      if (hold === "using") {
        using batch = open();
        await batch.process();
      } else {
        await using batch = open();
        await batch.process();
      }
    } catch {
      // The lists say what came of it.
    }
  }
  const lists = [client.deleted, client.moved, client.delayed, client.requests];
  process.stdout.write(lists.map(({ length }) => length).join());
}

main();
