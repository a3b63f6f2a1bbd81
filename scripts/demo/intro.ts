import { counted, numberList, print, styled, wrapped } from "./format.ts";
import type { Orders } from "./orders.ts";
import type { DemoQueue } from "./queue.ts";

const LABEL_WIDTH = 12;

/** Tells what is going to happen. */
export function printIntro(server: string, queue: DemoQueue, orders: Orders): void {
  print(
    ...wrapped(
      "A Lambda function ships orders from an SQS queue. When a function throws, its whole " +
        "batch returns to the queue; with the library, only what failed does.",
      1,
    ),
    "",
  );
  const failOnce = orders.numbers("fails once");
  const { deadLetterQueue, visibilityTimeout } = queue;
  printLabelled("Server", server);
  printLabelled(
    "Queue",
    `${queue.name}; what is received and not deleted returns after ${visibilityTimeout} s`,
  );
  printLabelled(
    "Dead letters",
    deadLetterQueue
      ? `${deadLetterQueue.name}; gets what was received ` +
        `${counted(deadLetterQueue.maxReceiveCount, "time")} and never deleted`
      : "none, or none that gets a message soon: every order ships in the end",
  );
  printLabelled(
    "Function",
    `withSqsBatch(ship); gets up to ${counted(orders.batchSize, "order")} at a time`,
  );
  printLabelled(
    "Orders",
    `${orders.count} sent: ${failOnceText(failOnce)}1 fails ` +
      `${
        Number.isFinite(orders.failures) ? `${orders.failures} times` : "always"
      } (${orders.count})`,
  );
  print("");
}

function failOnceText(orders: readonly number[]): string {
  if (orders.length === 0) return "";
  const verb = orders.length === 1 ? "fails" : "fail";
  return `${orders.length} ${verb} once (${numberList(orders, 18)}), `;
}

function printLabelled(label: string, text: string): void {
  const [first, ...rest] = wrapped(text, LABEL_WIDTH + 3);
  print(` ${styled("bold", label.padEnd(LABEL_WIDTH))}  ${first!.trimStart()}`, ...rest);
}
