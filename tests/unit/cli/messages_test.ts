import { assertEquals, assertRejects } from "@std/assert";
import { messagesToSend } from "../../../src/cli/messages.ts";
import { type DevOptions, devOptions } from "../../../src/cli/options.ts";
import { UsageError } from "../../../src/cli/usage_error.ts";

function options(...args: string[]): DevOptions {
  return devOptions(["dev", "./handler.js", ...args])!;
}

async function withFile(text: string, use: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempFile({ suffix: ".jsonl" });
  try {
    await Deno.writeTextFile(path, text);
    await use(path);
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("messagesToSend() sends the lines of a file as they are, then the messages", async () => {
  await withFile('{"id": 1}\r\n\n"text"\n', async (path) => {
    const messages = await messagesToSend(options("--message", "no JSON", "--send", path));
    assertEquals(messages.map(({ body }) => body), ['{"id": 1}', '"text"', "no JSON"]);
    assertEquals(messages.map(({ group }) => group), [undefined, undefined, undefined]);
  });
});

Deno.test("messagesToSend() takes the message group from the body", async () => {
  const args = ["--fifo", "--message", '{"customer":"a"}', "--message", '{"customer":7}'];
  const groups = async (...more: string[]) =>
    (await messagesToSend(options(...args, ...more))).map(({ group }) => group);
  assertEquals(await groups("--group-by", "customer"), ["a", "7"]);
  assertEquals(await groups(), ["local", "local"]);
  await assertRejects(() => groups("--group-by", "order"), UsageError, "has no such member");
});

Deno.test("messagesToSend() refuses files and messages that cannot be sent", async () => {
  for (const [text, why] of [["", "no lines"], ["{}\n{\n", "line 2 is not JSON"]] as const) {
    await withFile(text, async (path) => {
      await assertRejects(() => messagesToSend(options("--send", path)), UsageError, why);
    });
  }
  const missing = options("--send", "/no/such/file");
  await assertRejects(() => messagesToSend(missing), UsageError, "cannot read");
  for (const body of ["", "x".repeat(1_048_577)]) {
    const tooLong = options("--message", body);
    await assertRejects(() => messagesToSend(tooLong), UsageError, "bytes");
  }
});

Deno.test("messagesToSend() takes a file that begins with a byte order mark", async () => {
  await withFile('\uFEFF{"id": 1}\n', async (path) => {
    const [message] = await messagesToSend(options("--send", path));
    assertEquals(message?.body, '{"id": 1}');
  });
});
