import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Delivery } from "../../../src/cli/deliveries.ts";
import { JsonReporter } from "../../../src/cli/json_reporter.ts";
import { LiveReporter } from "../../../src/cli/live_reporter.ts";
import { LiveScreen } from "../../../src/cli/live_screen.ts";
import { deliveryLine, oneLine, outputLine, styler } from "../../../src/cli/text.ts";
import { TextReporter } from "../../../src/cli/text_reporter.ts";

const plain = styler(false);

const delivery: Delivery = {
  messageId: "0123456789",
  body: '{"id":"A1"}',
  receiveCount: 2,
  status: "returned",
  durationMs: 12.4,
  reason: "RangeError: no such order",
};

const invocation = {
  requestId: "r",
  durationMs: 20,
  timedOut: false,
  reason: "Error: not all",
  deliveries: [delivery],
};

Deno.test("JsonReporter writes one object a line, without bodies", () => {
  const lines: string[] = [];
  const reporter = new JsonReporter((line) => lines.push(line));
  reporter.invocation(invocation);
  reporter.output("stderr", "a\u2028b");
  const sums = { handled: 1, deadLettered: 0, left: 1 };
  reporter.end({ sums, exitCode: 1, durationMs: 1.2 });
  assertEquals(lines.map((line) => JSON.parse(line)), [
    {
      type: "message",
      messageId: "0123456789",
      receiveCount: 2,
      status: "returned",
      durationMs: 12,
      reason: "RangeError: no such order",
    },
    {
      type: "invocation",
      requestId: "r",
      messageCount: 1,
      durationMs: 20,
      timedOut: false,
      reason: "Error: not all",
    },
    { type: "output", stream: "stderr", text: "a\u2028b" },
    { type: "end", ...sums, durationMs: 1, exitCode: 1 },
  ]);
});

Deno.test("deliveryLine() says what became of which message, and fits", () => {
  const line = deliveryLine(delivery, plain, 80);
  assertEquals(
    line,
    "↩ returned to the queue   01234567   2nd    12 ms  RangeError: no such order",
  );
  assertEquals(deliveryLine({ ...delivery, reason: "x".repeat(99) }, plain, 80).length, 80);
});

Deno.test("oneLine() leaves nothing that moves the cursor", () => {
  assertEquals(oneLine("a\r\n\x1b[2Jb\u009bc"), "a [2Jb c");
});

Deno.test("TextReporter names the invocation's failure unless the messages' lines say it", () => {
  const lines: string[] = [];
  const reporter = new TextReporter({
    style: plain,
    width: 80,
    print: (...more) => void lines.push(...more),
  });
  reporter.invocation(invocation);
  assertEquals(lines.length, 2);
  assertStringIncludes(lines[1]!, "the invocation of 1 message failed after 20 ms: Error: not all");
  for (const reason of [delivery.reason, "SQSBatchProcessingError: 1 record failed."]) {
    reporter.invocation({ ...invocation, reason });
  }
  assertEquals(lines.length, 4);
});

Deno.test("LiveReporter keeps what runs below what has ended, and erases it at the end", () => {
  let written = "";
  const stream = { columns: 80, write: (text: string) => written += text };
  const screen = new LiveScreen(
    stream as unknown as ConstructorParameters<typeof LiveScreen>[0],
    plain,
  );
  const reporter = new LiveReporter(screen);
  const running: Delivery = { ...delivery, status: "received", reason: undefined };
  reporter.deliveries([running]);
  assertStringIncludes(written, "handling");
  assertStringIncludes(written, "0 handled  ·  1 being handled  ·  0 waiting");
  written = "";
  reporter.output("stdout", "shipping");
  assert(written.startsWith("\x1b[3A\x1b[0J  │ shipping\n"), JSON.stringify(written));
  written = "";
  reporter.invocation({ ...invocation, deliveries: [{ ...running, status: "deleted-by-lambda" }] });
  assertStringIncludes(written, "✓ deleted by Lambda");
  assertStringIncludes(written, "1 handled  ·  0 being handled");
  written = "";
  reporter.end({ sums: { handled: 1, deadLettered: 0, left: 0 }, exitCode: 0, durationMs: 1 });
  assert(written.startsWith("\x1b[2A\x1b[0J"), JSON.stringify(written));
});

Deno.test("outputLine() keeps a handler's colors, and lets nothing else reach the terminal", () => {
  const line = "a\x1b[2J\x1b[3A\x1b]0;title\x07\x1b[1;31mred\tb\x07\x00\x9b2J";
  assertEquals(outputLine("stdout", line, plain), "  │ a\x1b[1;31mred\tb2J\x1b[0m");
});
