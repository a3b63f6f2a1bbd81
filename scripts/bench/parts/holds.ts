/** What plain `using` costs beside `await using`, on a real server in a process of its own. */
import {
  CreateQueueCommand,
  SendMessageBatchCommand,
  SQSClient,
  type SQSClientConfig,
} from "@aws-sdk/client-sqs";
import type { SQSRecord } from "aws-lambda";
import { writeFile } from "node:fs/promises";
import { startSqsServer } from "../../../tests/support/start_process.ts";
import { receiveFrom } from "../../../tests/support/test_queue.ts";
import { type Bench, takeTurns } from "../measure.ts";
import { show, table, target } from "../table.ts";

interface Size {
  readonly messages: number;
  readonly rounds: number;
  readonly atMost: number;
}

const SIZES: readonly Size[] = [
  { messages: 10, rounds: 300, atMost: 1.5 },
  { messages: 1_000, rounds: 25, atMost: 1.2 },
];

const SMOKE_SIZES: readonly Size[] = [{ messages: 10, rounds: 2, atMost: 1.5 }];

/**
 * Times both on each runtime. The messages are received once: SQS confirms the deletion of a deleted
 * message too.
 */
export async function holds({ project, runtimes, isSmoke, progress }: Bench): Promise<string> {
  await using server = await startSqsServer("fauxqs");
  const sizes = isSmoke ? SMOKE_SIZES : SIZES;
  const file = project.path("records.json");
  const most = Math.max(...sizes.map(({ messages }) => messages));
  await writeFile(file, JSON.stringify(await makeRecords(server.endpoint, most)));
  const rows: string[][] = [];
  for (const { messages, rounds, atMost } of sizes) {
    const cells: string[] = [];
    for (const runtime of runtimes) {
      progress(`using, ${messages} messages, ${runtime.name}`);
      const measured = await takeTurns([runtime.name], isSmoke ? 1 : 3, async () => {
        const { using, awaitUsing } = await project.measure(runtime, "holds.js", {
          args: [server.endpoint, file, messages, rounds],
          figures: ["using", "awaitUsing"],
        });
        return { awaitUsing, ratio: using / awaitUsing };
      });
      const { awaitUsing, ratio } = measured.get(runtime.name)!;
      cells.push(`${show(ratio, { atMost })} (1 = ${show(awaitUsing, { unit: "ms" })})`);
    }
    const what = `${messages.toLocaleString("en")} messages, one fails`;
    rows.push([what, ...cells, target({ atMost })]);
  }
  return table([["", ...runtimes.map(({ name }) => name), "at most"], ...rows]);
}

async function makeRecords(endpoint: string, count: number): Promise<SQSRecord[]> {
  const credentials = { accessKeyId: "bench", secretAccessKey: "bench" };
  const config: SQSClientConfig = { endpoint, region: "us-east-1", credentials };
  const client = new SQSClient(config);
  const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: "bench" }));
  for (let sent = 0; sent < count; sent += 10) {
    const Entries = Array.from({ length: 10 }, (_, index) => ({
      Id: String(index),
      MessageBody: String(sent + index),
    }));
    await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
  }
  return await receiveFrom(client, QueueUrl!, count);
}
