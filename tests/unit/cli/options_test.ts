import { assertEquals, assertThrows } from "@std/assert";
import { devOptions } from "../../../src/cli/options.ts";
import { UsageError } from "../../../src/cli/usage_error.ts";

Deno.test("devOptions() has Lambda's defaults", () => {
  assertEquals(devOptions(["dev", "./handler.js"]), {
    handler: "./handler.js",
    exportName: "handler",
    timeoutMs: 3_000,
    memoryMb: undefined,
    batchSize: 10,
    reportBatchItemFailures: false,
    send: [],
    messages: [],
    fifo: false,
    groupBy: undefined,
    queue: undefined,
    untilEmpty: false,
    json: false,
  });
});

Deno.test("devOptions() takes a queue, and sees by its URL that it is a FIFO queue", () => {
  const queueUrl = "http://localhost:4566/000000000000/orders.fifo";
  const options = devOptions(["dev", "h.js", "--queue-url", queueUrl, "--group-by", "customer"]);
  assertEquals(options?.fifo, true);
  assertEquals(options?.queue, { queueUrl, region: undefined, endpoint: undefined });
});

Deno.test("devOptions() gives nothing for help", () => {
  for (const args of [[], ["--help"], ["dev", "-h"]]) assertEquals(devOptions(args), undefined);
});

Deno.test("devOptions() refuses what it cannot use", () => {
  const queueUrl = ["--queue-url", "http://localhost:4566/000000000000/orders"];
  for (
    const args of [
      ["serve"],
      ["dev"],
      ["dev", "a.js", "b.js"],
      ["dev", "a.js", "--bogus"],
      ["dev", "a.js", "--timeout", "0"],
      ["dev", "a.js", "--timeout", "901"],
      ["dev", "a.js", "--timeout", "1.5"],
      ["dev", "a.js", "--memory", "1"],
      ["dev", "a.js", "--batch-size", "10001"],
      ["dev", "a.js", "--fifo", "--batch-size", "11"],
      ["dev", "a.js", "--group-by", "customer"],
      ["dev", "a.js", "--region", "eu-west-1"],
      ["dev", "a.js", "--endpoint", "http://localhost:4566"],
      ["dev", "a.js", "--queue-url", "orders"],
      ["dev", "a.js", "--queue-url", "http://localhost:4566/orders"],
      ["dev", "a.js", ...queueUrl, "--fifo"],
      ["dev", "a.js", ...queueUrl, "--endpoint", "localhost"],
    ]
  ) {
    assertThrows(() => devOptions(args), UsageError);
  }
});
