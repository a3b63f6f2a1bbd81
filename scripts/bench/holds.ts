/**
 * What plain `using` costs beside `await using`: the same batches, held both ways in one run, on a
 * real server in another process. `deno task bench`.
 *
 * The figure is a ratio of medians. Under `using` the deletions are signed in `process()` and sent at
 * the close, so both are taken together.
 */
import { CreateQueueCommand, SendMessageBatchCommand, SQSClient } from "@aws-sdk/client-sqs";
import { PartialSQSProcessor } from "@partial-batch/sqs";
import type { SQSRecord } from "aws-lambda";
import process from "node:process";
import { receiveBatch } from "../../tests/support/event_source_mapping.ts";
import { startSqsServer } from "../../tests/support/start_process.ts";

const ROUNDS = 40;

await using server = await startSqsServer("fauxqs");
const config = {
  endpoint: server.endpoint,
  region: "us-east-1",
  credentials: { accessKeyId: "bench", secretAccessKey: "bench" },
};
const client = new SQSClient(config);
const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: "bench" }));

async function records(count: number): Promise<SQSRecord[]> {
  for (let sent = 0; sent < count; sent += 10) {
    const Entries = Array.from({ length: Math.min(10, count - sent) }, (_, index) => ({
      Id: String(index),
      MessageBody: sent + index === 0 ? "fail" : "ok",
    }));
    await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
  }
  return await receiveBatch({ client, queueUrl: QueueUrl!, batchSize: count });
}

function handle({ body }: SQSRecord): void {
  if (body === "fail") throw new Error("no such order");
}

const processor = new PartialSQSProcessor({ config });

const HOLDS = {
  "await using": async (batch: SQSRecord[]) => {
    await using held = processor.open(batch, handle);
    await held.process();
  },
  "using": async (batch: SQSRecord[]) => {
    using held = processor.open(batch, handle);
    await held.process();
  },
};

async function time(hold: keyof typeof HOLDS, batch: SQSRecord[]): Promise<number> {
  const start = performance.now();
  await HOLDS[hold](batch).catch(() => {});
  return performance.now() - start;
}

function median(times: number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]!;
}

/** Interleaved, so that what else the machine does hits both. */
async function compare(what: string, makeBatch: () => Promise<SQSRecord[]>, rounds: number) {
  const times = { "await using": [] as number[], "using": [] as number[] };
  for (let round = 0; round < rounds; round++) {
    for (const hold of ["await using", "using"] as const) {
      times[hold].push(await time(hold, await makeBatch()));
    }
  }
  const [first, second] = [median(times["await using"]), median(times.using)];
  print(`${what}: using / await using = ${(second / first).toFixed(2)}`);
  print(`    medians ${second.toFixed(2)} ms / ${first.toFixed(2)} ms over ${rounds} rounds`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

// The SDK is loaded before anything is timed: its first load would be counted for one side only.
await time("await using", await records(2));
const cold = await time("using", await records(2));
const warm = await time("await using", await records(2));
print(`first close, with the worker's start: using / await using = ${(cold / warm).toFixed(1)}`);
print(`    ${cold.toFixed(1)} ms / ${warm.toFixed(1)} ms, once`);

await compare("10 messages, none fails", async () => (await records(10)).slice(1), ROUNDS);
await compare("10 messages, one fails", () => records(10), ROUNDS);
await compare("1,000 messages, one fails", () => records(1_000), 7);
processor[Symbol.dispose]();
