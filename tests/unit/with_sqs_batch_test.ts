import { SetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import {
  BasePartialProcessor,
  type Batch,
  type LambdaRecordContext,
  SQSBatchProcessingError,
  withBatchProcessor,
  withSqsBatch,
} from "@partial-batch/sqs";
import {
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import type { SQSHandler } from "aws-lambda";
import { lambdaContext } from "../support/lambda_context.ts";
import { bodies, handleBody, makeRecords } from "../support/factories.ts";
import { SERVERS } from "../support/test_queue.ts";
import { testSqs } from "../support/test_sqs.ts";

const context = lambdaContext(30_000);

for (const server of SERVERS) {
  Deno.test(`${server}: withSqsBatch() leaves a batch that succeeds to Lambda`, async () => {
    const sqs = await testSqs(server);
    const queue = await sqs.createQueue();
    await queue.send(...bodies("ok", 3));
    const handler = withSqsBatch(handleBody, { config: sqs.config });
    const invocation = await queue.poll({ handler });
    assertEquals([invocation?.error, invocation?.result], [undefined, undefined]);
    assertEquals(invocation?.deletedByLambda.length, 3);
    assertEquals(await sqs.calls(), 0);
    assertEquals(await queue.left(), 0);
  });

  Deno.test(`${server}: withSqsBatch() returns only the failed messages to the queue`, async () => {
    const sqs = await testSqs(server);
    const queue = await sqs.createQueue();
    await queue.send("ok1", "fail1", "ok2", "fail2");
    const handler = withSqsBatch(handleBody, { config: sqs.config });
    const invocation = await queue.poll({ handler });
    assertInstanceOf(invocation?.error, SQSBatchProcessingError);
    assertEquals(invocation.deletedByLambda, []);
    assertEquals(await queue.left(), 2);
  });
}

Deno.test("a message that goes on failing ends in the dead-letter queue, the others are handled once", async () => {
  const sqs = await testSqs("fauxqs");
  const deadLetters = await sqs.createQueue();
  const queue = await sqs.createQueue({ VisibilityTimeout: "0" });
  const RedrivePolicy = JSON.stringify({
    deadLetterTargetArn: await deadLetters.arn(),
    maxReceiveCount: 3,
  });
  await sqs.client.send(
    new SetQueueAttributesCommand({ QueueUrl: queue.url, Attributes: { RedrivePolicy } }),
  );
  await queue.send("ok1", "fail", "ok2");
  const handled: string[] = [];
  const receives: number[] = [];
  const handler = withSqsBatch((record, { receiveCount }) => {
    handled.push(record.body);
    if (record.body === "fail") receives.push(receiveCount);
    return handleBody(record);
  }, { config: sqs.config });
  while (await queue.poll({ handler, batchSize: 3 }));
  assertEquals(handled.filter((body) => body !== "fail").toSorted(), ["ok1", "ok2"]);
  assertEquals(receives, [1, 2, 3]);
  assertEquals([await queue.left(), await deadLetters.left()], [0, 1]);
});

Deno.test("lambdaHandler runs after a batch that did not throw, and its value is the result", async () => {
  const seen: unknown[] = [];
  const event = { Records: makeRecords("ok") };
  const handler = withSqsBatch(handleBody, {
    lambdaHandler: (...args) => {
      seen.push(...args);
      return "done" as const;
    },
  });
  assertEquals(await handler(event, context), "done");
  assertStrictEquals(seen[0], event);
  assertStrictEquals(seen[1], context);
});

Deno.test("lambdaHandler does not run after a batch that threw", async () => {
  let ran = false;
  const handler = withSqsBatch(handleBody, { lambdaHandler: () => void (ran = true) });
  await assertRejects(
    () => handler({ Records: makeRecords("fail") }, context),
    SQSBatchProcessingError,
  );
  assertEquals(ran, false);
});

Deno.test("lambdaHandler runs after failures that were suppressed", async () => {
  const options = { suppressException: true, lambdaHandler: () => Promise.resolve(7) };
  const handler = withSqsBatch(handleBody, options);
  assertEquals(await handler({ Records: makeRecords("fail") }, context), 7);
});

Deno.test("an error of lambdaHandler is thrown as it is", async () => {
  const error = new Error("no summary");
  const handler = withSqsBatch(handleBody, { lambdaHandler: () => Promise.reject(error) });
  const thrown = await assertRejects(() => handler({ Records: makeRecords("ok") }, context));
  assertStrictEquals(thrown, error);
});

Deno.test("a wrapper returns nothing without lambdaHandler, and is an SQSHandler", async () => {
  const handler = withSqsBatch(handleBody);
  const asSqsHandler: SQSHandler = handler;
  assertEquals(await asSqsHandler({ Records: makeRecords("ok") }, context, () => {}), undefined);
});

Deno.test("a wrapper passes Lambda's context to the record handler", async () => {
  const seen: LambdaRecordContext[] = [];
  const handler = withSqsBatch((_, recordContext) => void seen.push(recordContext));
  await handler({ Records: makeRecords("ok") }, context);
  assertStrictEquals(seen[0]?.lambdaContext, context);
});

Deno.test("a wrapper takes invocations at the same time", async () => {
  const handler = withSqsBatch(handleBody);
  const [first, second] = await Promise.allSettled([
    handler({ Records: makeRecords("fail") }, context),
    handler({ Records: makeRecords("ok") }, context),
  ]);
  assertEquals([first.status, second.status], ["rejected", "fulfilled"]);
});

Deno.test("withBatchProcessor() runs a custom processor", async () => {
  const cleaned: number[] = [];
  class Counting extends BasePartialProcessor {
    protected override async _clean(batch: Batch): Promise<void> {
      await Promise.resolve();
      cleaned.push(batch.successMessages.length);
    }
  }
  const handler = withBatchProcessor(new Counting(), handleBody, { lambdaHandler: () => "done" });
  assertEquals(await handler({ Records: makeRecords("ok1", "ok2") }, context), "done");
  const error = await assertRejects(
    () => handler({ Records: makeRecords("ok", "fail") }, context),
    SQSBatchProcessingError,
  );
  assertStringIncludes(error.message, "1 record failed.");
  assertEquals(cleaned, [2, 1]);
});

Deno.test("a wrapper never throws a SuppressedError, also where _prepare and _clean throw", async () => {
  class Broken extends BasePartialProcessor {
    protected override _prepare(): void {
      throw new Error("no table");
    }
  }
  const handler = withBatchProcessor(new Broken(), handleBody);
  const error = await assertRejects(
    () => handler({ Records: makeRecords("ok") }, context),
    SQSBatchProcessingError,
  );
  assertStringIncludes(error.message, "no table");
});
