import type { Delivery } from "./deliveries.ts";
import type { End, EndedInvocation, HandledRecord, Reporter, Start } from "./reporter.ts";

/** Writes one JSON object a line. Those of `type: "message"` are about one message. */
export class JsonReporter implements Reporter {
  readonly #write: (line: string) => void;

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  start({ options, queue, messageCount }: Start): void {
    this.#line({
      type: "start",
      handler: options.handler,
      queueUrl: queue.url,
      deadLetterQueue: queue.deadLetterQueueName,
      maxReceiveCount: queue.maxReceiveCount,
      messageCount,
    });
  }

  deliveries(deliveries: readonly Delivery[]): void {
    for (const { messageId, receiveCount, status, durationMs, reason } of deliveries) {
      this.#line({
        type: "message",
        messageId,
        receiveCount,
        status,
        durationMs: rounded(durationMs),
        reason,
      });
    }
  }

  invocation({ requestId, durationMs, timedOut, reason, deliveries }: EndedInvocation): void {
    this.deliveries(deliveries);
    this.#line({
      type: "invocation",
      requestId,
      messageCount: deliveries.length,
      durationMs: rounded(durationMs),
      timedOut,
      reason,
    });
  }

  handled(_record: HandledRecord): void {}

  output(stream: "stdout" | "stderr", text: string): void {
    this.#line({ type: "output", stream, text });
  }

  end({ sums, exitCode, durationMs }: End): void {
    this.#line({ type: "end", ...sums, durationMs: rounded(durationMs), exitCode });
  }

  close(): void {}

  #line(object: Readonly<Record<string, unknown>>): void {
    this.#write(JSON.stringify(object));
  }
}

function rounded(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms);
}
