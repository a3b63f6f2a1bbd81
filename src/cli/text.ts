import type { Delivery, MessageStatus } from "./deliveries.ts";

/** A color of the terminal, or its dimmed or bold text. */
export type Style = keyof typeof CODES;

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

/** Styles a text, or leaves it as it is. */
export type Styler = (style: Style, text: string) => string;

/** Styles where there is a terminal that wants colors. */
export function styler(hasColors: boolean): Styler {
  return (style, text) => hasColors ? `\x1b[${CODES[style]}m${text}\x1b[0m` : text;
}

const STATUSES: Readonly<Record<MessageStatus, readonly [sign: string, text: string, Style]>> = {
  "sent": ["+", "sent", "dim"],
  "received": [">", "received", "cyan"],
  "deleted-by-lambda": ["✓", "deleted by Lambda", "green"],
  "deleted-by-library": ["✓", "deleted by the library", "green"],
  "deleted-by-handler": ["✓", "deleted by the handler", "green"],
  "returned": ["↩", "returned to the queue", "yellow"],
  "dead-lettered": ["✗", "dead-lettered", "red"],
};

/** A line about a message: what became of it, which it is, how often it was received, and why. */
export function deliveryLine(delivery: Delivery, style: Styler, width: number): string {
  const [sign, text, color] = STATUSES[delivery.status];
  const { messageId, receiveCount, durationMs, reason, body } = delivery;
  const start = [
    `${sign} ${text}`.padEnd(24),
    messageId.slice(0, 8),
    (receiveCount === 0 ? "" : ordinal(receiveCount)).padStart(4),
    (durationMs === undefined ? "" : duration(durationMs)).padStart(7),
  ].join("  ");
  const rest = oneLine(reason ?? body);
  const room = Math.max(10, width - start.length - 2);
  const shown = rest.length > room ? `${rest.slice(0, room - 1)}…` : rest;
  const styled = style(color, start.slice(0, 24)) + start.slice(24);
  return `${styled}  ${style(reason === undefined ? "dim" : color, shown)}`.trimEnd();
}

/** A line that the handler wrote, kept apart from ours. */
export function outputLine(stream: "stdout" | "stderr", line: string, style: Styler): string {
  return `${style(stream === "stdout" ? "dim" : "red", "  │")} ${harmless(line)}`;
}

/** A line without what moves the cursor or clears the screen. Its colors stay, and end with it. */
function harmless(line: string): string {
  const kept = line.replaceAll(SEQUENCES, (found) => /^.\[[\d;:]*m$/.test(found) ? found : "");
  return kept.includes("\x1b") ? `${kept}\x1b[0m` : kept;
}

/** Escape sequences of a terminal, and control characters other than the tab. */
const SEQUENCES =
  // deno-lint-ignore no-control-regex -- these are what it looks for
  /\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|[\x00-\x08\x0a-\x1f\x7f-\x9f]/g;

/** `2nd`. */
export function ordinal(number: number): string {
  const suffixes = { zero: "th", one: "st", two: "nd", few: "rd", many: "th", other: "th" };
  return `${number}${suffixes[new Intl.PluralRules("en", { type: "ordinal" }).select(number)]}`;
}

/** `12 ms`, `3.2 s`. */
export function duration(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

/** `1 message`, `2 messages`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** A text without line breaks and other control characters, which would break the display. */
export function oneLine(text: string): string {
  // deno-lint-ignore no-control-regex -- these are what must not reach the terminal
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, " ").trim();
}
