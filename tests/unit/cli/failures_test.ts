import { assert, assertEquals, assertRejects } from "@std/assert";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { openGivenQueue } from "../../../src/cli/given_queue.ts";
import { describeFailure, UsageError } from "../../../src/cli/usage_error.ts";

/** As SQS writes it for a signature that it cannot read. */
const QUOTING = "Authorization header requires more: Credential=AKIASECRET, Signature=5ec2e7";

Deno.test("openGivenQueue() says why SQS refused, and nothing of what it quotes", async () => {
  const server = createServer((_, response) => {
    response.writeHead(400, { "content-type": "application/x-amz-json-1.0" });
    const __type = "com.amazonaws.sqs#IncompleteSignature";
    response.end(JSON.stringify({ __type, message: QUOTING }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const queueUrl = `http://127.0.0.1:${port}/000000000000/orders`;
  try {
    const error = await assertRejects(
      () => openGivenQueue({ queueUrl, region: undefined, endpoint: undefined }),
      UsageError,
      "Cannot use --queue-url: IncompleteSignature (HTTP 400)",
    );
    assert(!error.message.includes("AKIASECRET"));
  } finally {
    server.close();
    server.closeAllConnections();
  }
});

Deno.test("describeFailure() takes no message of the SDK, and the first line of any other", () => {
  const ofSdk = Object.assign(new Error(QUOTING), {
    name: "IncompleteSignature",
    $metadata: { httpStatusCode: 400 },
  });
  assertEquals(describeFailure(ofSdk), "Cannot ask SQS: IncompleteSignature (HTTP 400)");
  assertEquals(describeFailure(new TypeError("no such\nhandler")), "TypeError: no such");
  assertEquals(describeFailure(new Error("Cannot load the handler")), "Cannot load the handler");
});
