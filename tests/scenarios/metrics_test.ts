/** What `@partial-batch/sqs/metrics` says of batches on a real server. */
import { PartialSQSProcessor } from "@partial-batch/sqs";
import { emitMetrics } from "@partial-batch/sqs/metrics";
import { assert, assertEquals } from "@std/assert";
import type { SQSRecord } from "aws-lambda";
import type { Fault } from "../support/fault_proxy.ts";
import { readEmbeddedMetrics } from "../support/embedded_metrics.ts";
import { testSqs } from "../support/test_sqs.ts";
import { runAs, WAYS } from "../support/ways.ts";

/** SQS refuses the first entry of the first request with this action. */
function refused(action: string): Fault {
  return {
    kind: "fail-entries",
    action,
    times: 1,
    ids: ["0"],
    code: "InternalError",
    senderFault: true,
  };
}

function handle({ body }: SQSRecord): void {
  if (body.startsWith("never")) throw new SyntaxError(body);
  if (body.startsWith("fail")) throw new RangeError(body);
}

for (const way of WAYS) {
  for (const reportItemFailures of [false, true]) {
    Deno.test(`${way}, reportItemFailures ${reportItemFailures}: a line says what became of the batch, and what SQS did not confirm`, async () => {
      const sqs = await testSqs();
      const deadLetters = await sqs.createQueue();
      const queue = await sqs.createQueue();
      const records = await queue.records(
        "ok1",
        "fail1",
        "never1",
        "ok2",
        "fail2",
        "never2",
        "ok3",
      );
      await sqs.proxy.set(
        refused("DeleteMessageBatch"),
        refused("SendMessageBatch"),
        refused("ChangeMessageVisibilityBatch"),
      );
      const lines: string[] = [];
      using _metrics = emitMetrics({ namespace: "Orders", write: (line) => void lines.push(line) });
      const processor = new PartialSQSProcessor({
        config: sqs.config,
        reportItemFailures,
        retryDelay: 30,
        nonRetryable: {
          when: [SyntaxError],
          to: { queueUrl: await deadLetters.urlAt(sqs.proxy.endpoint) },
        },
      });
      const before = Date.now();
      await runAs({ way, processor, records, handler: handle });
      const written = lines.map(readEmbeddedMetrics);
      assertEquals(written.length, 1);
      const { _aws, QueueName, Duration, OldestMessageAge, ...counts } = written[0]!;
      assert(_aws.Timestamp >= before && _aws.Timestamp <= Date.now());
      assertEquals(QueueName, (await queue.arn()).split(":").at(-1));
      assert(Number(Duration) > 0 && Number(OldestMessageAge) >= 0);
      // One of the two that cannot succeed stays a failure, because no other queue accepted it.
      assertEquals(counts, {
        Handled: 3,
        Failed: 3,
        Unprocessed: 0,
        DeadLettered: 1,
        Discarded: 0,
        Undeleted: reportItemFailures ? 0 : 1,
        Unmoved: 1,
        Undelayed: 1,
        HighestReceiveCount: 1,
      });
    });
  }
}
