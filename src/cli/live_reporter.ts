import type { Delivery } from "./deliveries.ts";
import type { LiveScreen } from "./live_screen.ts";
import type { End, EndedInvocation, HandledRecord, Start } from "./reporter.ts";
import { duration, oneLine, ordinal } from "./text.ts";
import { TextReporter } from "./text_reporter.ts";

/** How often what runs is drawn again. */
const REDRAW_MS = 100;

/** How many messages that are being handled are shown. */
const MOST_ROWS = 8;

const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/** A message that is being handled. */
interface Running {
  readonly delivery: Delivery;
  readonly since: number;
  /** Present once its handler has ended, while the rest of its batch goes on. */
  readonly handled?: HandledRecord;
}

/**
 * For a person at a terminal: what ended scrolls by, and below it stands what is being handled and for
 * how long, and how many messages have ended in which way.
 */
export class LiveReporter extends TextReporter {
  readonly #screen: LiveScreen;
  readonly #running = new Map<string, Running>();
  readonly #last = new Map<string, Delivery["status"]>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #frame = 0;

  constructor(screen: LiveScreen) {
    super(screen);
    this.#screen = screen;
  }

  override start(start: Start): void {
    super.start(start);
    this.#timer = setInterval(() => this.#running.size > 0 && this.#draw(), REDRAW_MS);
    this.#draw();
  }

  override deliveries(deliveries: readonly Delivery[]): void {
    this.#note(deliveries);
    // What was sent or received shows below until something has become of it.
    this.print(deliveries.filter(({ status }) => status !== "received" && status !== "sent"));
    this.#draw();
  }

  override invocation(invocation: EndedInvocation): void {
    this.#note(invocation.deliveries);
    super.invocation(invocation);
    this.#draw();
  }

  override handled(record: HandledRecord): void {
    const running = this.#running.get(record.messageId);
    if (running) this.#running.set(record.messageId, { ...running, handled: record });
  }

  override end(end: End): void {
    this.close();
    super.end(end);
  }

  override close(): void {
    clearInterval(this.#timer);
    this.#screen.draw([]);
  }

  #note(deliveries: readonly Delivery[]): void {
    for (const delivery of deliveries) {
      const { messageId, status } = delivery;
      this.#last.set(messageId, status);
      if (status === "received") this.#running.set(messageId, { delivery, since: Date.now() });
      else this.#running.delete(messageId);
    }
  }

  #draw(): void {
    const { style, width } = this.#screen;
    const frame = FRAMES[this.#frame++ % FRAMES.length]!;
    const running = [...this.#running.values()];
    const rows = running.slice(0, MOST_ROWS)
      .map((each) => style("cyan", rowOf(each, frame).slice(0, width)));
    if (running.length > MOST_ROWS) rows.push(`  … and ${running.length - MOST_ROWS} more`);
    this.#screen.draw([...rows, "", this.#sumLine()]);
  }

  #sumLine(): string {
    const { style } = this.#screen;
    const statuses = [...this.#last.values()];
    const count = (test: (status: string) => boolean) => statuses.filter(test).length;
    const handled = count((status) => status.startsWith("deleted-by-"));
    const deadLettered = count((status) => status === "dead-lettered");
    const running = this.#running.size;
    const waiting = statuses.length - handled - deadLettered - running;
    return [
      style("green", `${handled} handled`),
      `${running} being handled`,
      style("yellow", `${waiting} waiting`),
      style("red", `${deadLettered} dead-lettered`),
    ].join(style("dim", "  ·  "));
  }
}

function rowOf({ delivery, since, handled }: Running, frame: string): string {
  const { messageId, receiveCount, body } = delivery;
  const what = handled === undefined
    ? "handling"
    : handled.error === undefined
    ? "handled"
    : "failed";
  const ms = handled?.durationMs ?? Date.now() - since;
  return [
    `${frame} ${what.padEnd(22)}`,
    messageId.slice(0, 8),
    ordinal(receiveCount).padStart(4),
    duration(ms).padStart(7),
    oneLine(handled?.error ?? body),
  ].join("  ");
}
