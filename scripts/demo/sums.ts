import { counted, numberList, print, styled, wrapped } from "./format.ts";
import { messageCount } from "./queue.ts";
import type { End, Ending, Stage } from "./rounds.ts";

/** How many messages there are in the queues, by the server's own count. */
interface Counts {
  readonly queue: number;
  readonly deadLetterQueue: number;
}

/**
 * Adds up where the orders ended and prints it. What was deleted is what was seen to be; what is in
 * the queues is what the server counts, which on AWS may lag behind: it is asked until `until`.
 *
 * @returns Do they add up, is nothing left in the queue, and was every order shipped or dead-lettered,
 * on a server that hands out nothing twice by itself (`onceOnly`) none twice?
 */
export async function checkSums(
  stage: Stage,
  sent: number,
  { ends, stoppedBy }: Ending,
  until: number,
  onceOnly: boolean,
): Promise<boolean> {
  const byLambda = ordersThat("deleted by Lambda", ends);
  const byLibrary = ordersThat("deleted by the library", ends);
  const addsUp = ({ queue, deadLetterQueue }: Counts) =>
    byLambda.length + byLibrary.length + deadLetterQueue + queue === sent;
  const isSettled = (counts: Counts) => counts.queue === 0 && addsUp(counts);
  let counts = await countMessages(stage);
  if (!isSettled(counts) && !stoppedBy) {
    print(styled("dim", "        … waiting until the server's counts are up to date"), "");
  }
  while (!isSettled(counts) && !stoppedBy && Date.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    counts = await countMessages(stage);
  }

  const { queue: { name, deadLetterQueue }, orders } = stage;
  print(` ${styled("bold", "Sums")}`);
  printSum(byLambda.length, "deleted by Lambda", byLambda);
  printSum(byLibrary.length, "deleted by the library", byLibrary);
  if (deadLetterQueue) {
    const deadLettered = ordersThat("to dead-letter queue", ends);
    printSum(counts.deadLetterQueue, `in ${deadLetterQueue.name}`, deadLettered);
  }
  printSum(counts.queue, `still in ${name}`, []);
  print(styled("dim", ` ${"─".repeat(5)}`));
  const total = byLambda.length + byLibrary.length + counts.deadLetterQueue + counts.queue;
  const verdict = addsUp(counts)
    ? styled("green", `= ${sent} sent: it adds up`)
    : styled("red", `but ${sent} were sent: it does not add up`);
  print(` ${String(total).padStart(5)}  ${verdict}`, "");
  printShipments(orders.shipments, byLibrary.length);
  const lost = sent - orders.shipments.size - counts.deadLetterQueue;
  if (lost > 0) print("", styled("red", ` Lost: ${lost}, neither shipped nor dead-lettered.`));
  const repeated = shippedTwice(orders.shipments).length > 0 && onceOnly;
  return isSettled(counts) && lost === 0 && !repeated;
}

function shippedTwice(shipments: ReadonlyMap<number, number>): number[] {
  return [...shipments].filter(([, times]) => times > 1).map(([order]) => order);
}

async function countMessages({ client, queue }: Stage): Promise<Counts> {
  return {
    queue: await messageCount(client, queue.url),
    deadLetterQueue: queue.deadLetterQueue
      ? await messageCount(client, queue.deadLetterQueue.url)
      : 0,
  };
}

function ordersThat(end: End, ends: ReadonlyMap<number, End>): number[] {
  return [...ends].filter(([, each]) => each === end).map(([order]) => order);
}

function printSum(count: number, what: string, orders: readonly number[]): void {
  const list = orders.length > 0 ? `: ${numberList(orders, 70 - what.length)}` : "";
  print(` ${String(count).padStart(5)}  ${what}${list}`);
}

function printShipments(shipments: ReadonlyMap<number, number>, besideFailures: number): void {
  const twice = shippedTwice(shipments);
  const repeated = twice.length === 0 ? "none twice" : `more than once: ${numberList(twice, 30)}`;
  const without = besideFailures === 0
    ? ""
    : ` Without the library, the ${besideFailures} that the library deleted would have returned ` +
      "with the failures of their batch, to be shipped again.";
  const shipped = shipments.size === 0
    ? "No order was shipped."
    : `${counted(shipments.size, "order")} shipped, ${repeated}.`;
  print(...wrapped(shipped + without, 1));
}
