import {
  BasePartialProcessor,
  PartialSQSProcessor,
  SQSBatchProcessingError,
  withBatchProcessor,
  withSqsBatch,
} from "@partial-batch/sqs";
import { assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import type { SQSBatchResponse, SQSHandler, SQSRecord } from "aws-lambda";
import { lambdaContext } from "../support/lambda_context.ts";
import { handleBody, makeRecord, makeRecords, QUEUE_ARN } from "../support/factories.ts";
import { holding, HOLDS } from "../support/hold.ts";
import { runScript } from "../support/run_script.ts";
import { SERVERS } from "../support/test_queue.ts";
import { testSqs } from "../support/test_sqs.ts";

const context = lambdaContext(30_000);

function listing(...records: readonly SQSRecord[]): SQSBatchResponse {
  return { batchItemFailures: records.map(({ messageId }) => ({ itemIdentifier: messageId })) };
}

function processor(): PartialSQSProcessor {
  const client = {
    send: () => Promise.reject(new Error("SQS must not be called")),
  };
  return new PartialSQSProcessor({ reportItemFailures: true, client });
}

for (const server of SERVERS) {
  Deno.test(`${server}: the wrapper's response makes Lambda delete all but the failed messages`, async () => {
    const sqs = await testSqs(server);
    const queue = await sqs.createQueue();
    await queue.send("ok1", "fail1", "ok2", "fail2");
    const handler = withSqsBatch(handleBody, { config: sqs.config, reportItemFailures: true });
    const invocation = await queue.poll({ handler, reportBatchItemFailures: true });
    assertEquals(invocation?.error, undefined);
    const deleted = invocation?.deletedByLambda.map(({ body }) => body);
    assertEquals(deleted?.toSorted(), ["ok1", "ok2"]);
    assertEquals(await sqs.calls(), 0);
    assertEquals(await queue.left(), 2);
  });
}

Deno.test("with reportItemFailures the AWS SDK is never loaded, and no permission is needed", async () => {
  const source = `
    import { withSqsBatch } from "@partial-batch/sqs";
    const handler = withSqsBatch(() => {
      throw new Error("no such order");
    }, { reportItemFailures: true });
    console.log(JSON.stringify(await handler({ Records: ${JSON.stringify([makeRecord()])} })));
    await new Promise((resolve) => setTimeout(resolve));
  `;
  const spy = { "@aws-sdk/client-sqs": `data:text/javascript,console.log("was loaded")` };
  const { code, stdout, stderr } = await runScript(source, [], spy);
  assertEquals([code, stderr], [0, ""]);
  assertEquals(JSON.parse(stdout).batchItemFailures.length, 1);
});

Deno.test("fauxqs: without ReportBatchItemFailures on the mapping, Lambda deletes every failed message", async () => {
  const sqs = await testSqs();
  const queue = await sqs.createQueue();
  await queue.send("ok", "fail");
  const handler = withSqsBatch(handleBody, { config: sqs.config, reportItemFailures: true });
  await queue.poll({ handler });
  assertEquals(await queue.left(), 0);
});

Deno.test("local-aws-sqs: a FIFO response lists every failed and unprocessed record of every group", async () => {
  const sqs = await testSqs("local-aws-sqs");
  const queue = await sqs.createQueue({ FifoQueue: "true" });
  const bodies = ["ok-a1", "fail-b1", "fail-a2", "ok-b2", "ok-a3", "ok-c1"];
  await queue.send(...bodies.map((MessageBody) => ({
    MessageBody,
    MessageGroupId: MessageBody.split("-")[1]![0]!,
    MessageDeduplicationId: MessageBody,
  })));
  const handler = withSqsBatch(handleBody, { config: sqs.config, reportItemFailures: true });
  const invocation = await queue.poll({ handler, reportBatchItemFailures: true });
  const deleted = invocation?.deletedByLambda.map(({ body }) => body);
  assertEquals(deleted?.toSorted(), ["ok-a1", "ok-c1"]);
});

for (const hold of HOLDS) {
  Deno.test(`${hold}: a response that was read lists what failed, and nothing is thrown or deleted`, async () => {
    const records = makeRecords("ok", "fail");
    let response: SQSBatchResponse | undefined;
    const { thrown } = await holding({
      hold,
      processor: processor(),
      records,
      handler: handleBody,
      body: async (batch) => {
        await batch.process();
        response = batch.response();
      },
    });
    assertEquals(thrown, undefined);
    assertEquals(response, listing(records[1]!));
  });

  Deno.test(`${hold}: a response that was never read makes the close throw where something failed`, async () => {
    const failed = await holding({
      hold,
      processor: processor(),
      records: makeRecords("fail"),
      handler: handleBody,
    });
    assertInstanceOf(failed.thrown, SQSBatchProcessingError);
    const forgotten = await holding({
      hold,
      processor: processor(),
      records: makeRecords("ok"),
      handler: handleBody,
      body: () => {},
    });
    assertInstanceOf(forgotten.thrown, SQSBatchProcessingError);
    const fine = await holding({
      hold,
      processor: processor(),
      records: makeRecords("ok"),
      handler: handleBody,
    });
    assertEquals(fine.thrown, undefined);
  });

  Deno.test(`${hold}: the response lists all records if process() never ran`, async () => {
    const records = makeRecords("ok", "fail");
    const { thrown } = await holding({
      hold,
      processor: processor(),
      records,
      handler: handleBody,
      body: (batch) => {
        assertEquals(batch.response(), listing(...records));
      },
    });
    assertEquals(thrown, undefined);
  });

  Deno.test(`${hold}: a response is refused while process() is still running`, async () => {
    await holding({
      hold,
      processor: processor(),
      records: makeRecords("ok"),
      handler: handleBody,
      body: async (batch) => {
        const processing = batch.process();
        assertThrows(() => batch.response(), Error, "process() is still running");
        await processing;
      },
    });
  });

  Deno.test(`${hold}: a response that was read before process() counts for nothing after it`, async () => {
    const { thrown } = await holding({
      hold,
      processor: processor(),
      records: makeRecords("fail"),
      handler: handleBody,
      body: async (batch) => {
        batch.response();
        await batch.process();
      },
    });
    assertInstanceOf(thrown, SQSBatchProcessingError);
  });

  Deno.test(`${hold}: the response lists what the deadline left`, async () => {
    const records = makeRecords("ok", "fail");
    await holding({
      hold,
      processor: processor(),
      records,
      handler: handleBody,
      context: lambdaContext(0),
      body: async (batch) => {
        await batch.process();
        assertEquals(batch.response(), listing(...records));
      },
    });
  });
}

Deno.test("a response is refused where the processor does not report", async () => {
  await holding({
    hold: "await using",
    processor: new PartialSQSProcessor(),
    records: [],
    handler: handleBody,
    body: (batch) => {
      assertThrows(() => batch.response(), Error, "does not have reportItemFailures");
    },
  });
});

Deno.test("a wrapper returns an empty list when all is handled", async () => {
  const handler = withSqsBatch(handleBody, { reportItemFailures: true });
  assertEquals(await handler({ Records: makeRecords("ok") }, context), { batchItemFailures: [] });
});

Deno.test("a wrapper with reportItemFailures is an SQSHandler that gives a response", async () => {
  const handler = withSqsBatch(handleBody, { reportItemFailures: true });
  const asSqsHandler: SQSHandler = handler;
  const records = makeRecords("fail");
  const response: SQSBatchResponse = await handler({ Records: records }, context);
  assertEquals(response, listing(...records));
  assertEquals(await asSqsHandler({ Records: records }, context, () => {}), response);
});

Deno.test("withBatchProcessor() gives the response of a processor that reports", async () => {
  class Reporting extends BasePartialProcessor {}
  const handler = withBatchProcessor(new Reporting({ reportItemFailures: true }), handleBody);
  const records = makeRecords("ok", "fail");
  assertEquals(await handler({ Records: records }, context), listing(records[1]!));
});

Deno.test("a wrapper throws what _prepare and _clean throw, and gives no response then", async () => {
  for (const hook of ["_prepare", "_clean"]) {
    class Broken extends BasePartialProcessor {}
    Object.defineProperty(Broken.prototype, hook, {
      value: () => {
        throw new Error("no table");
      },
    });
    const handler = withBatchProcessor(new Broken({ reportItemFailures: true }), handleBody);
    await assertRejects(() => handler({ Records: makeRecords("ok") }, context), Error, "no table");
  }
});

Deno.test("a wrapper throws the records' errors also where the response cannot be had", async () => {
  class Mistaken extends BasePartialProcessor {
    override readonly reportItemFailures = true;
  }
  const handler = withBatchProcessor(new Mistaken(), handleBody);
  await assertRejects(
    () => handler({ Records: makeRecords("fail") }, context),
    SQSBatchProcessingError,
    "no such order",
  );
});

Deno.test("run() throws where something failed: nobody would return a response", async () => {
  await assertRejects(
    () => processor().run(makeRecords("fail"), handleBody),
    SQSBatchProcessingError,
  );
  assertEquals((await processor().run(makeRecords("ok"), handleBody)).length, 1);
});

Deno.test("reportItemFailures refuses suppressException and lambdaHandler beside it", () => {
  const both = { reportItemFailures: true, suppressException: true } as const;
  assertThrows(() => new PartialSQSProcessor(both), TypeError, "suppressException");
  // @ts-expect-error -- the types refuse it too
  assertThrows(() => withSqsBatch(handleBody, both), TypeError, "suppressException");
  const lambdaHandler = () => "done" as never;
  assertThrows(
    // @ts-expect-error -- the types refuse it too
    () => withSqsBatch(handleBody, { reportItemFailures: true, lambdaHandler }),
    TypeError,
    "lambdaHandler",
  );
  assertThrows(
    () => withBatchProcessor(processor(), handleBody, { lambdaHandler }),
    TypeError,
    "lambdaHandler",
  );
  assertThrows(
    () => new PartialSQSProcessor({ reportItemFailures: "yes" as never }),
    TypeError,
    "reportItemFailures",
  );
});

Deno.test("a message id that failed once is listed, also if its twin was handled", async () => {
  const ok = makeRecord({ body: "ok" });
  const twin = makeRecord({ body: "fail", messageId: ok.messageId, eventSourceARN: QUEUE_ARN });
  const handler = withSqsBatch(handleBody, { reportItemFailures: true });
  assertEquals(await handler({ Records: [ok, twin] }, context), listing(twin));
});
