import type { Delivery } from "./deliveries.ts";
import type { End, EndedInvocation, HandledRecord, Reporter, Start } from "./reporter.ts";
import { counted, deliveryLine, duration, outputLine, type Styler } from "./text.ts";

/** Where lines go. */
export interface Screen {
  readonly style: Styler;
  /** How many columns a line may have. */
  readonly width: number;
  /** Writes lines that stay. */
  print(...lines: readonly string[]): void;
}

/** Writes one line for each thing that happens, for logs and pipes. */
export class TextReporter implements Reporter {
  protected readonly screen: Screen;

  constructor(screen: Screen) {
    this.screen = screen;
  }

  start({ options, queue, messageCount }: Start): void {
    const { style } = this.screen;
    const { handler, exportName, timeoutMs, batchSize, reportBatchItemFailures } = options;
    const row = (name: string, text: string) => `${style("dim", name.padEnd(9))}${text}`;
    const deadLetters = queue.deadLetterQueueName === undefined
      ? "no dead-letter queue"
      : `after ${counted(queue.maxReceiveCount ?? 0, "receive")} to ${queue.deadLetterQueueName}`;
    this.screen.print(
      row("handler", `${style("bold", handler)} (${exportName}), timeout ${timeoutMs / 1_000} s`),
      row(
        "mapping",
        `batches of ${batchSize}${reportBatchItemFailures ? ", ReportBatchItemFailures" : ""}`,
      ),
      row("queue", `${style("bold", queue.url)}, ${queue.description}; ${deadLetters}`),
      row(
        "messages",
        messageCount > 0
          ? `${messageCount} to send`
          : "none to send: waiting for what arrives in the queue",
      ),
      ...(options.untilEmpty ? [] : [row("end", "with Ctrl-C")]),
      "",
    );
  }

  deliveries(deliveries: readonly Delivery[]): void {
    this.print(deliveries);
  }

  invocation({ reason, durationMs, deliveries }: EndedInvocation): void {
    this.print(deliveries);
    if (reason === undefined || isTold(reason, deliveries)) return;
    const { style } = this.screen;
    const what = counted(deliveries.length, "message");
    this.screen.print(
      style(
        "yellow",
        `! the invocation of ${what} failed after ${duration(durationMs)}: ${reason}`,
      ),
    );
  }

  handled(_record: HandledRecord): void {}

  output(stream: "stdout" | "stderr", line: string): void {
    this.screen.print(outputLine(stream, line, this.screen.style));
  }

  end({ sums: { handled, deadLettered, left }, durationMs }: End): void {
    const { style } = this.screen;
    const row = (count: number, text: string, color: "green" | "red" | "yellow") =>
      `${`${count}`.padStart(6)}  ${count > 0 ? style(color, text) : style("dim", text)}`;
    this.screen.print(
      "",
      row(handled, "handled", "green"),
      row(deadLettered, "dead-lettered", "red"),
      row(left, "left in the queue", "yellow"),
      style("dim", `        in ${duration(durationMs)}`),
    );
  }

  close(): void {}

  /** Prints a line for each message. */
  protected print(deliveries: readonly Delivery[]): void {
    const { style, width } = this.screen;
    this.screen.print(...deliveries.map((delivery) => deliveryLine(delivery, style, width)));
  }
}

/**
 * Whether the messages' own lines say already why an invocation failed: each has that reason, or the
 * library's error sums up what each that returned has.
 */
function isTold(reason: string, deliveries: readonly Delivery[]): boolean {
  const returned = deliveries.filter(({ status }) => status === "returned");
  return deliveries.every((each) => each.reason === reason) ||
    reason.startsWith("SQSBatchProcessingError:") &&
      returned.every((each) => each.reason !== undefined && each.reason !== reason);
}
