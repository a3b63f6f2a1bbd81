/** What the command's tests run: what a message's handler does, its `id` says. */
const DO = `
import { PartialSQSProcessor, withSqsBatch } from "@partial-batch/sqs";
import { DeleteMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import process from "node:process";

const client = new SQSClient({ useQueueUrlAsEndpoint: false });

async function ship(record) {
  const { id } = JSON.parse(record.body);
  console.log("shipping " + id);
  if (id === "poison") throw new RangeError("no such order");
  if (id === "exit") process.exit(3);
  if (id === "spin") for (;;);
  if (id === "memory") for (const all = [];;) all.push(new Array(1e5).fill(Math.random()));
  if (id === "wait") await new Promise((resolve) => setTimeout(resolve, 50_000));
  if (id === "mine") {
    const [account, name] = record.eventSourceARN.split(":").slice(4);
    const QueueUrl = process.env.AWS_ENDPOINT_URL_SQS + "/" + account + "/" + name;
    await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: record.receiptHandle }));
    throw new Error("deleted, and yet it fails");
  }
}
`;

/** A handler made by the wrapper, and one that does not use the library. */
export const HANDLER: string = `${DO}
export const handler = withSqsBatch(ship);

export const plain = (event) => Promise.resolve({
  batchItemFailures: event.Records.filter(({ body }) => body.includes("list"))
    .map(({ messageId }) => ({ itemIdentifier: messageId })),
});
`;

/** As \`using\` does it, for runtimes without the syntax. */
export const USING_HANDLER: string = `${DO}
const processor = new PartialSQSProcessor();

export const handler = async (event, context) => {
  const batch = processor.open(event.Records, ship, { context });
  const close = batch[Symbol.dispose].bind(batch);
  try {
    await batch.process();
  } finally {
    close();
  }
};
`;

/** One that never loads. */
export const STUCK_HANDLER: string = `
process.stdout.write("loading\\n");
for (;;);
`;

/** One that writes much, and ends without a line end. */
export const CHATTY_HANDLER: string = `
import process from "node:process";
export const handler = () => {
  for (let line = 0; line < 5_000; line++) process.stdout.write("x".repeat(99) + "\\n");
  process.stdout.write("no line end");
};
`;
