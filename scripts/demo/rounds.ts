import { SQSBatchProcessingError } from "@partial-batch/sqs";
import { type Invocation, type InvokedHandler, pollOnce } from "@partial-batch/sqs/local";
import type { SQSClient } from "@aws-sdk/client-sqs";
import type { SQSRecord } from "aws-lambda";
import type { Deletions } from "./deletions.ts";
import {
  type Column,
  counted,
  numberSpan,
  ordinal,
  print,
  type Style,
  styled,
  tableHead,
  tableRow,
  wrapped,
} from "./format.ts";
import type { Orders } from "./orders.ts";
import type { DeadLetterQueue, DemoQueue } from "./queue.ts";
import { receiveFrom } from "../../tests/support/test_queue.ts";

/** Everything a round needs. */
export interface Stage {
  /** The client of the event source mapping. */
  readonly client: SQSClient;
  readonly queue: DemoQueue;
  readonly orders: Orders;
  readonly handler: InvokedHandler;
  /** What the library deletes. */
  readonly deletions: Deletions;
}

/** Where an order ended. */
export type End = "deleted by Lambda" | "deleted by the library" | "to dead-letter queue";

/** What the rounds came to. */
export interface Ending {
  /** Where each order ended that did. */
  readonly ends: ReadonlyMap<number, End>;
  /** The messages of this run in the dead-letter queue. */
  readonly deadLettered: readonly SQSRecord[];
  /** Why the rounds stopped before every order had its end. */
  readonly stoppedBy?: string;
}

interface Delivery {
  readonly order: number | undefined;
  readonly received: string;
  readonly result: string;
  readonly then: End | "back to the queue";
}

const COLUMNS: readonly Column[] = [
  { title: "Round", width: 5, align: "right" },
  { title: "Orders", width: 16 },
  { title: "Received", width: 9 },
  { title: "Function", width: 18 },
  { title: "Message", width: 22 },
];

const STYLES: Readonly<Record<Delivery["then"], Style>> = {
  "deleted by Lambda": "green",
  "deleted by the library": "green",
  "back to the queue": "yellow",
  "to dead-letter queue": "red",
};

/** Plays rounds until every order has its end, or until the clock says `until`. */
export async function playRounds(stage: Stage, until: number): Promise<Ending> {
  const { queue, orders, deletions } = stage;
  const ends = new Map<number, End>();
  const deadLettered: SQSRecord[] = [];
  const note = ({ order, then }: Delivery) => {
    if (order === undefined || then === "back to the queue" || ends.has(order)) return;
    ends.set(order, then);
  };
  let allVisibleAt = 0;
  print(...tableHead(COLUMNS));
  for (let round = 1; ends.size < orders.count;) {
    if (Date.now() > until) return { ends, deadLettered, stoppedBy: "The time ran out." };
    const requestsBefore = deletions.requests;
    const invocation = await pollOnce({
      client: stage.client,
      handler: stage.handler,
      queueUrl: queue.url,
      batchSize: orders.batchSize,
      functionTimeoutMs: 30_000,
      visibilityTimeoutSeconds: queue.visibilityTimeout,
      waitTimeSeconds: queue.waitTimeSeconds,
    });
    if (invocation) {
      const deliveries = deliveriesOf(invocation, stage);
      deliveries.forEach(note);
      printRound(`${round++}`, deliveries, whyOf(invocation, deletions.requests - requestsBefore));
      if (deliveries.some(({ order }) => order === undefined)) {
        const stoppedBy = "A message arrived that is not of this run. It was not deleted.";
        return { ends, deadLettered, stoppedBy };
      }
      if (deliveries.some(({ then }) => then === "back to the queue")) {
        allVisibleAt = Date.now() + queue.visibilityTimeout * 1_000;
      }
      continue;
    }
    const arrived = await receiveDeadLetters(stage, ends);
    if (arrived.length > 0) {
      const deliveries = arrived.map((record) => deadLetterDelivery(record, stage));
      deliveries.forEach(note);
      deadLettered.push(...arrived);
      printRound("SQS", deliveries, whyDeadLettered(queue.deadLetterQueue!));
      continue;
    }
    await pauseUntil(allVisibleAt);
  }
  return { ends, deadLettered };
}

function deliveriesOf(
  { records, error, deletedByLambda }: Invocation,
  { orders, deletions }: Stage,
): Delivery[] {
  if (error !== undefined && !(error instanceof SQSBatchProcessingError)) throw error;
  const results = new Map(
    error?.outcomes.map((outcome) => [
      outcome.record.messageId,
      outcome.status === "fail" ? errorText(outcome.error) : undefined,
    ]),
  );
  return records.map((record) => ({
    order: orders.orderIn(record),
    received: `${ordinal(Number(record.attributes.ApproximateReceiveCount))} time`,
    result: results.get(record.messageId) ?? "shipped",
    then: deletedByLambda.includes(record)
      ? "deleted by Lambda"
      : deletions.receiptHandles.has(record.receiptHandle)
      ? "deleted by the library"
      : "back to the queue",
  }));
}

function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function receiveDeadLetters(
  { client, queue: { deadLetterQueue }, orders }: Stage,
  ends: ReadonlyMap<number, End>,
): Promise<SQSRecord[]> {
  if (!deadLetterQueue) return [];
  const records = await receiveFrom(client, deadLetterQueue.url, 10, 5);
  return records.filter((record) => {
    const order = orders.orderIn(record);
    return order !== undefined && !ends.has(order);
  });
}

function deadLetterDelivery(record: SQSRecord, { orders }: Stage): Delivery {
  return {
    order: orders.orderIn(record),
    received: "too often",
    result: "not called",
    then: "to dead-letter queue",
  };
}

/** Prints a round: one line for all orders that fared the same, then why they did. */
function printRound(title: string, deliveries: readonly Delivery[], why: string): void {
  const groups = Map.groupBy(
    deliveries,
    ({ order, received, result, then }) => [order === undefined, received, result, then].join(),
  );
  [...groups.values()].forEach((group, index) => {
    const { received, result, then } = group[0]!;
    const numbers = group.flatMap(({ order }) => order ?? []);
    const orders = numbers.length > 0 ? numberSpan(numbers, COLUMNS[1]!.width) : "not ours";
    const cells = [index === 0 ? title : "", orders, received, result, then];
    print(tableRow(COLUMNS, cells, ["bold", undefined, undefined, undefined, STYLES[then]]));
  });
  print(...wrapped(why, 8).map((line) => styled("dim", line)), "");
}

function whyOf({ records, error }: Invocation, requests: number): string {
  const request = requests === 0 ? "no request" : counted(requests, "request");
  if (!(error instanceof SQSBatchProcessingError)) {
    return `None failed: the library sends ${request} to SQS, the function returns, and Lambda ` +
      "deletes the batch.";
  }
  const failed = error.failures.length;
  if (failed === records.length) {
    return `All failed: there is nothing to delete. The library sends ${request} to SQS and ` +
      "throws, so the batch returns.";
  }
  const unconfirmed = error.undeleted.length;
  return `${failed} of ${records.length} failed: the library deletes the ` +
    `${counted(records.length - failed, "other")} (${request} to SQS), then it throws, so that ` +
    "Lambda does not delete the rest." +
    (unconfirmed > 0 ? ` SQS did not confirm ${counted(unconfirmed, "deletion")}.` : "");
}

function whyDeadLettered({ name, maxReceiveCount }: DeadLetterQueue): string {
  return `Received ${counted(maxReceiveCount, "time")} and never deleted: instead of handing it ` +
    `out again, SQS moves it to ${name}, where a person can look at it.`;
}

async function pauseUntil(time: number): Promise<void> {
  const milliseconds = Math.max(100, time - Date.now() + 50);
  if (milliseconds > 300) {
    const seconds = (milliseconds / 1_000).toFixed(1);
    print(styled("dim", `        … ${seconds} s until the failed orders are visible again`), "");
  }
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}
