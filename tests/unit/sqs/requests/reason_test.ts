import { assert, assertEquals } from "@std/assert";
import { queueByArn } from "../../../../src/sqs/queue.ts";
import { isRefusal, reasonOf, StepError } from "../../../../src/sqs/requests/reason.ts";
import { QUEUE_ARN } from "../../../support/factories.ts";

const needs = {
  permission: "sqs:DeleteMessage",
  queue: queueByArn(QUEUE_ARN),
  queueUrl: "http://127.0.0.1:4566/123456789012/orders",
};

Deno.test("reasonOf() gives code and status, and never the message", () => {
  const secret = "quotes a receipt handle";
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  for (
    const [error, reason] of [
      [
        Object.assign(new Error(secret), { code: "ECONNRESET" }),
        "ECONNRESET at http://127.0.0.1:4566/123456789012/orders",
      ],
      [
        Object.assign(new Error(secret), {
          name: "UnknownError",
          $metadata: { httpStatusCode: 503 },
        }),
        "no error code (HTTP 503)",
      ],
      [new RangeError(secret), "RangeError"],
      [
        Object.assign(new Error(secret), {
          name: "ServiceUnavailable",
          $metadata: { httpStatusCode: 503 },
        }),
        "ServiceUnavailable (HTTP 503)",
      ],
      [{ message: secret }, "no error code"],
      [secret, "the client threw something that is not an error"],
      [new StepError("a text of ours"), "a text of ours"],
      [revoked.proxy, "the client threw an error that cannot be read"],
    ] as const
  ) {
    assertEquals(reasonOf(error, needs), reason);
  }
});

Deno.test("reasonOf() names permission and queue where access is denied, by either of SQS's codes", () => {
  for (const name of ["AccessDenied", "AccessDeniedException"]) {
    const error = { name, $metadata: { httpStatusCode: 403 } };
    assertEquals(
      reasonOf(error, needs),
      `AccessDenied (HTTP 403), needs sqs:DeleteMessage on ${QUEUE_ARN}`,
    );
  }
});

Deno.test("reasonOf() shows no code that is not one: it comes from whoever answered", () => {
  for (const name of ["x".repeat(3_000), "E".repeat(3_000), "handle of m1", "<html>"]) {
    const error = { name, $metadata: { httpStatusCode: 400 } };
    assertEquals(reasonOf(error, needs), "an unusual error code (HTTP 400)");
  }
});

Deno.test("reasonOf() has the same words for what goes wrong with a connection, by any of its codes", () => {
  const at = " at http://127.0.0.1:4566/123456789012/orders";
  for (
    const [codes, words] of [
      [["ECONNRESET", "UND_ERR_SOCKET", "EPIPE"], "ECONNRESET"],
      [
        ["CERT", "DEPTH_ZERO_SELF_SIGNED_CERT", "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
        "TLS certificate not trusted",
      ],
      [["EPROTO", "ERR_SSL_WRONG_VERSION_NUMBER"], "TLS handshake failed"],
      [["HPE_INVALID", "HPE_INVALID_CONSTANT"], "not an HTTP answer"],
    ] as const
  ) {
    for (const code of codes) assertEquals(reasonOf({ code }, needs), words + at);
  }
});

Deno.test("isRefusal() tells an answer that refuses a request from every other failure", () => {
  const status = (httpStatusCode: unknown) => ({ $metadata: { httpStatusCode } });
  for (const each of [400, 403, 413, 499]) assert(isRefusal(status(each)));
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  for (const each of [status(200), status(399), status(500), status("400"), {}, null, "x", proxy]) {
    assert(!isRefusal(each));
  }
});
