/**
 * A message that kills its process, on a real queue with a dead-letter queue: what becomes of the others.
 * Lambda's event source mapping is played in rounds, and the handler is a process of its own.
 */
import { SendMessageBatchCommand } from "@aws-sdk/client-sqs";
import { assertEquals } from "@std/assert";
import type { SQSRecord } from "aws-lambda";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HandlerHost } from "../../src/cli/handler_host.ts";
import type { TestQueue } from "../support/test_queue.ts";
import { testSqs } from "../support/test_sqs.ts";

interface Scenario {
  readonly count: number;
  /** Where the poison message is among the ids, in their order. */
  readonly position: number;
  /** How it ends the process. */
  readonly kind?: "exit" | "memory";
  readonly responds: boolean;
  readonly suspectAfter: number | undefined;
  readonly maxReceiveCount: number;
}

/** What became of the messages, by id. */
interface Ending {
  readonly poison: string;
  readonly others: readonly string[];
  /** Those that a handler has handled, each as often as it was. */
  readonly handled: readonly string[];
  readonly deadLettered: readonly string[];
  /** How many processes ended. */
  readonly deaths: number;
}

const sqs = await testSqs();

/** Sends messages, and gives their ids in order. */
async function sendMessages({ client, url }: TestQueue, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let start = 0; start < count; start += 10) {
    const Entries = Array.from({ length: Math.min(10, count - start) }, (_, index) => ({
      Id: `${index}`,
      MessageBody: `${start + index}`,
    }));
    const answer = await client.send(new SendMessageBatchCommand({ QueueUrl: url, Entries }));
    ids.push(...answer.Successful!.map(({ MessageId }) => MessageId!));
  }
  return ids.toSorted();
}

/** Plays rounds until the queue is empty. */
async function play(
  { count, position, kind = "exit", responds, suspectAfter, maxReceiveCount }: Scenario,
): Promise<Ending> {
  const deadLetters = await sqs.createQueue();
  const deadLetterTargetArn = await deadLetters.arn();
  const queue = await sqs.createQueue({
    VisibilityTimeout: "600",
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount }),
  });
  const ids = await sendMessages(queue, count);
  const poison = ids[position]!;
  const directory = mkdtempSync(join(tmpdir(), "poison-"));
  const file = join(directory, "handled");
  writeFileSync(file, "");
  const host = new HandlerHost({
    url: new URL("../support/poison_handler.ts", import.meta.url).href,
    exportName: "handler",
    memoryMb: 64,
    env: {
      AWS_ENDPOINT_URL_SQS: sqs.proxy.endpoint,
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
      HANDLED_FILE: file,
      POISON_ID: poison,
      POISON_KIND: kind,
      SUSPECT_AFTER: suspectAfter === undefined ? "" : `${suspectAfter}`,
      RESPONDS: `${responds}`,
    },
    onOutput: () => {},
    onEvent: () => {},
  });
  let deaths = 0;
  try {
    for (;;) {
      await host.ready();
      const invocation = await queue.poll({
        handler: (event, context) => host.invoke(event, context),
        reportBatchItemFailures: responds,
      });
      if (!invocation) break;
      if (invocation.error) {
        assertEquals((invocation.error as Error).name, "ExitError");
        deaths++;
      }
      await makeVisible(queue, invocation.records);
    }
    assertEquals(await queue.left(), 0);
    const inDeadLetters = [
      ...await deadLetters.receive(10),
      ...await deadLetters.receive(10),
      ...await deadLetters.receive(10),
    ];
    return {
      poison,
      others: ids.filter((id) => id !== poison),
      handled: readFileSync(file, "utf8").split("\n").slice(0, -1),
      deadLettered: inDeadLetters.map(({ messageId }) => messageId).toSorted(),
      deaths,
    };
  } finally {
    await host.close();
    rmSync(directory, { recursive: true });
  }
}

/** Ends the visibility timeout of what has returned. Of the others, SQS refuses the receipt handles. */
async function makeVisible(queue: TestQueue, records: readonly SQSRecord[]): Promise<void> {
  await Promise.allSettled(records.map((record) => queue.makeVisible(record)));
}

function assertIsolated({ poison, others, handled, deadLettered }: Ending): void {
  assertEquals([...new Set(handled)].toSorted(), others);
  assertEquals(deadLettered, [poison]);
}

for (const responds of [false, true]) {
  const mode = responds ? "responding" : "deleting";
  for (const [where, position] of [["first", 0], ["fifth", 4], ["last", 9]] as const) {
    Deno.test(`${mode}: a message that ends its process is dead-lettered alone, as the ${where} of 10 by id`, async () => {
      const ending = await play({
        count: 10,
        position,
        responds,
        suspectAfter: 2,
        maxReceiveCount: 4,
      });
      assertIsolated(ending);
      assertEquals(ending.deaths, 4);
    });
  }

  Deno.test(`${mode}: without suspectAfter the others are dead-lettered with it`, async () => {
    const { others, poison, deadLettered } = await play({
      count: 10,
      position: 4,
      responds,
      suspectAfter: undefined,
      maxReceiveCount: 4,
    });
    assertEquals(deadLettered, [...others, poison].toSorted());
  });
}

Deno.test("a message that runs out of memory is dead-lettered alone, from the first receive on", async () => {
  assertIsolated(
    await play({
      count: 10,
      position: 5,
      kind: "memory",
      responds: false,
      suspectAfter: 1,
      maxReceiveCount: 3,
    }),
  );
});

Deno.test("a message that ends its process is dead-lettered alone where batches change", async () => {
  const ending = await play({
    count: 25,
    position: 12,
    responds: true,
    suspectAfter: 2,
    maxReceiveCount: 4,
  });
  assertIsolated(ending);
  assertEquals(ending.deaths, 4);
});
