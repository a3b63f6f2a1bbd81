/**
 * Shows the library at work on a real SQS queue: orders are sent, some fail, and each round shows
 * what was deleted by whom and what returned.
 */
import { DeleteMessageBatchCommand, SQSClient } from "@aws-sdk/client-sqs";
import { withSqsBatch } from "@partial-batch/sqs";
import process from "node:process";
import { watchDeletions } from "./demo/deletions.ts";
import { counted, print, styled } from "./demo/format.ts";
import { printIntro } from "./demo/intro.ts";
import { ArgumentError, type DemoOptions, demoOptions, HELP } from "./demo/options.ts";
import { Orders } from "./demo/orders.ts";
import { createQueue, localConfig, lookAtQueue, remoteConfig, sendMessages } from "./demo/queue.ts";
import { type Ending, playRounds, type Stage } from "./demo/rounds.ts";
import { checkSums } from "./demo/sums.ts";
import { startSqsServer } from "../tests/support/start_process.ts";

/** When the rounds end, the counting and everything, in milliseconds from the start. */
const LIMITS = { rounds: 42_000, sums: 50_000, all: 56_000 };

/** How often the order that fails always does so where there is no dead-letter queue. */
const FAILURES_WITHOUT_DEAD_LETTER_QUEUE = 3;

/** Plays the demo. */
async function demo({ messages, queue: given }: DemoOptions, start: number): Promise<boolean> {
  print(styled("bold", " @partial-batch/sqs: only what failed returns to the queue"), "");
  await using resources = new AsyncDisposableStack();
  const server = given ? undefined : resources.use(await startServer());
  const config = given ? remoteConfig(given) : localConfig(server!.endpoint);
  const newClient = () => resources.adopt(new SQSClient(config), (client) => client.destroy());
  const client = newClient();
  const queue = given ? await lookAtQueue(client, given.url) : await createQueue(client);
  const failures = queue.deadLetterQueue ? Infinity : FAILURES_WITHOUT_DEAD_LETTER_QUEUE;
  const orders = new Orders(messages, failures);
  const serverText = server ? `fauxqs, a process of its own on ${server.endpoint}` : given!.url;
  printIntro(serverText, queue, orders);

  const functionClient = newClient();
  const stage: Stage = {
    client,
    queue,
    orders,
    deletions: watchDeletions(functionClient),
    handler: withSqsBatch((record, context) => orders.ship(record, context), {
      client: functionClient,
    }),
  };
  const sent = await sendMessages(client, queue.url, orders.numbers().map((o) => orders.bodyOf(o)));
  const ending = await playRounds(stage, start + LIMITS.rounds);
  const addsUp = await checkSums(stage, sent, ending, start + LIMITS.sums, !given);
  if (given) await cleanUp(stage, ending);
  if (ending.stoppedBy) printStopped(stage, ending.stoppedBy);
  return addsUp && !ending.stoppedBy;
}

async function startServer(): ReturnType<typeof startSqsServer> {
  print(styled("dim", " Starting an SQS server on this machine …"), "");
  return await startSqsServer("fauxqs");
}

/** Takes our orders out of the user's dead-letter queue again. */
async function cleanUp(
  { client, queue: { deadLetterQueue } }: Stage,
  { deadLettered }: Ending,
): Promise<void> {
  if (!deadLetterQueue || deadLettered.length === 0) return;
  for (let start = 0; start < deadLettered.length; start += 10) {
    const Entries = deadLettered.slice(start, start + 10).map(({ receiptHandle }, index) => ({
      Id: `${index}`,
      ReceiptHandle: receiptHandle,
    }));
    await client.send(new DeleteMessageBatchCommand({ QueueUrl: deadLetterQueue.url, Entries }));
  }
  const what = counted(deadLettered.length, "order");
  print("", ` Cleaned up: ${what} of this run taken out of ${deadLetterQueue.name}.`);
}

function printStopped({ queue, orders }: Stage, reason: string): void {
  print(
    "",
    styled("red", ` ${reason}`),
    ` Not every order has its end: what is left in ${queue.name} of this run is marked`,
    ` with ${orders.run}.`,
  );
}

async function main(start: number): Promise<number> {
  const options = demoOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const late = setTimeout(() => stop(1, "The time ran out: no answer from SQS."), LIMITS.all);
  process.once("SIGINT", () => {
    stop(130, options.queue ? "Interrupted: the orders that are in your queue stay there." : "");
  });
  try {
    return await demo(options, start) ? 0 : 1;
  } finally {
    clearTimeout(late);
  }
}

/** Ends the process at once; a server that was started ends with it. */
function stop(code: number, why: string): void {
  process.stdout.write(`\n${why}\n`, () => process.exit(code));
}

/** Says in one line what went wrong. */
function report(error: unknown): number {
  if (error instanceof ArgumentError) {
    process.stderr.write(`${error.message}\nTry: deno task demo --help\n`);
    return 2;
  }
  const { name, message } = error as Error;
  process.stderr.write(`The demo failed: ${name === "Error" ? "" : `${name}: `}${message}\n`);
  return 1;
}

// Nobody reads any more, as in "demo | head".
process.stdout.on("error", () => process.exit(1));
process.exitCode = await main(Date.now()).catch(report);
