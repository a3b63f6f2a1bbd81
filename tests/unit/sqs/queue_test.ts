import { assertEquals, assertThrows } from "@std/assert";
import { parseQueueArn } from "../../../src/internal/queue_arn.ts";
import { isSameQueue, queueByUrl, queueUrl } from "../../../src/sqs/queue.ts";

Deno.test("queueUrl() takes host and region from the ARN's partition", () => {
  const cases = [
    [
      "arn:aws:sqs:eu-west-1:123456789012:orders",
      "https://sqs.eu-west-1.amazonaws.com/123456789012/orders",
    ],
    [
      "arn:aws:sqs:us-east-1:123456789012:orders.fifo",
      "https://sqs.us-east-1.amazonaws.com/123456789012/orders.fifo",
    ],
    [
      "arn:aws-cn:sqs:cn-north-1:123456789012:orders",
      "https://sqs.cn-north-1.amazonaws.com.cn/123456789012/orders",
    ],
    [
      "arn:aws-us-gov:sqs:us-gov-west-1:123456789012:orders",
      "https://sqs.us-gov-west-1.amazonaws.com/123456789012/orders",
    ],
  ] as const;
  for (const [arn, url] of cases) assertEquals(queueUrl(parseQueueArn(arn)), url);
});

Deno.test("queueUrl() keeps host, port and path of the endpoint", () => {
  const arn = "arn:aws:sqs:eu-west-1:123456789012:orders";
  for (
    const [endpoint, url] of [
      ["http://127.0.0.1:4566", "http://127.0.0.1:4566/123456789012/orders"],
      ["https://example.com/sqs/", "https://example.com/sqs/123456789012/orders"],
      ["https://example.com/sqs", "https://example.com/sqs/123456789012/orders"],
    ] as const
  ) {
    assertEquals(queueUrl(parseQueueArn(arn), new URL(endpoint)), url);
  }
});

Deno.test("parseQueueArn() throws TypeError for anything but a queue's ARN", () => {
  for (
    const arn of [
      "arn:aws:sns:eu-west-1:123456789012:orders",
      "arn:aws:sqs:eu-west-1:123456789012",
      "arn:aws:sqs:eu-west-1:123456789012:",
      "arn:aws:sqs::123456789012:orders",
      "arn:aws:sqs:eu-west-1::orders",
      "arn:aws:sqs:eu-west-1:123456789012:orders:extra",
    ]
  ) {
    assertThrows(() => parseQueueArn(arn), TypeError, `got "${arn}"`);
  }
});

Deno.test("parseQueueArn() does not quote what is not an ARN: it may be a receipt handle or a body", () => {
  assertThrows(() => parseQueueArn(""), TypeError, "got an empty string");
  assertThrows(() => parseQueueArn("orders"), TypeError, "got a string");
});

Deno.test("queueByUrl() shows neither user nor password nor query", () => {
  const url = "http://user:secret@127.0.0.1:4566/000000000000/orders?X-Amz-Signature=secret#secret";
  const queue = queueByUrl(url, "us-east-1");
  assertEquals([queue.id, queue.url()], ["http://127.0.0.1:4566/000000000000/orders", url]);
});

Deno.test("isSameQueue() goes by account, name and region, whatever the host", () => {
  const arn = parseQueueArn("arn:aws:sqs:eu-west-1:123456789012:orders");
  for (
    const [url, isSame] of [
      ["https://sqs.eu-west-1.amazonaws.com/123456789012/orders", true],
      ["https://sqs.eu-west-1.amazonaws.com/123456789012/orders/", true],
      ["http://127.0.0.1:4566/123456789012/orders", true],
      ["http://127.0.0.1:4566/path/123456789012/orders", true],
      ["http://127.0.0.1:4566/123456789012//orders", true],
      ["https://eu-west-1.queue.amazonaws.com/123456789012/orders", true],
      ["https://queue.amazonaws.com/123456789012/orders", false],
      ["https://sqs.internal.example/123456789012/orders", true],
      ["https://sqs.eu-north-1.amazonaws.com/123456789012/orders", false],
      ["https://sqs.eu-west-1.amazonaws.com/123456789012/orders-failed", false],
      ["https://sqs.eu-west-1.amazonaws.com/999999999999/orders", false],
    ] as const
  ) {
    assertEquals(isSameQueue(url, arn), isSame, url);
  }
});

Deno.test("queueByUrl() knows a FIFO queue, also by a URL that ends in a slash", () => {
  for (const end of ["", "/"]) {
    assertEquals(queueByUrl(`https://example.com/1/orders.fifo${end}`, "us-east-1").fifo, true);
  }
});
