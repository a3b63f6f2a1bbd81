import {
  BasePartialProcessor,
  type Batch,
  PartialSQSProcessor,
  type PartialSQSProcessorOptions,
  SQSBatchProcessingError,
  StopBatchError,
  withBatchProcessor,
  withSqsBatch,
} from "@partial-batch/sqs";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import type { SQSBatchResponse, SQSHandler, SQSRecord } from "aws-lambda";
import { checkBaseOptions } from "../../src/base_options.ts";
import { parseQueueArn } from "../../src/internal/queue_arn.ts";
import { Clock } from "../../src/lifecycle/clock.ts";
import { setUpBatch } from "../../src/lifecycle/open.ts";
import { verdictOn } from "../../src/mappings/lookups.ts";
import { checkSqsOptions } from "../../src/sqs_options.ts";
import deno from "../../deno.json" with { type: "json" };
import { bodies, handleBody, makeRecord, makeRecords, QUEUE_ARN } from "../support/factories.ts";
import { holding, HOLDS } from "../support/hold.ts";
import {
  contextOf,
  goodMapping,
  LambdaApi,
  newFunctionArn,
  type TestMapping,
} from "../support/lambda_api.ts";
import { lambdaContext } from "../support/lambda_context.ts";
import { runScript } from "../support/run_script.ts";
import { SERVERS } from "../support/test_queue.ts";
import { testSqs } from "../support/test_sqs.ts";
import { runAs, WAYS } from "../support/ways.ts";

const RESPONDING = WAYS.filter((way) => way !== "run");
const NO_FLAG = { FunctionResponseTypes: [] };
const UNVERIFIED =
  "There is no partial batch response, because ReportBatchItemFailures could not be verified";

function listing(...records: readonly SQSRecord[]): SQSBatchResponse {
  return { batchItemFailures: records.map(({ messageId }) => ({ itemIdentifier: messageId })) };
}

function verified(options: PartialSQSProcessorOptions = {}): PartialSQSProcessor {
  return new PartialSQSProcessor({ ...options, reportItemFailures: "verified" });
}

/** A processor whose client counts what it is asked; it confirms everything. */
function counting(options: PartialSQSProcessorOptions = {}) {
  const asked: string[] = [];
  const client = {
    send(command: { readonly input: object }) {
      const { Entries } = command.input as { Entries: { Id: string; ReceiptHandle: string }[] };
      asked.push(...Entries.map(({ ReceiptHandle }) => ReceiptHandle));
      return Promise.resolve({ Successful: Entries });
    },
  };
  return { asked, processor: verified({ client, ...options }) };
}

/** Lambda has answered, and everybody who waited for that knows. */
async function answered(functionArn: string): Promise<void> {
  await verdictOn(functionArn, parseQueueArn(QUEUE_ARN), new Clock(undefined, undefined));
  await new Promise((resolve) => setTimeout(resolve));
}

// ------------------------------------------------------------------------- with and without the flag

for (const server of SERVERS) {
  for (const way of RESPONDING) {
    Deno.test(`${server}, ${way}: with the flag there is a response, and no call to SQS`, async () => {
      const sqs = await testSqs(server);
      const queue = await sqs.createQueue();
      const records = await queue.records("ok1", "fail1", "ok2");
      const functionArn = newFunctionArn();
      await using api = await LambdaApi.start({ mappings: [goodMapping(functionArn)] });
      const { thrown, response } = await runAs({
        way,
        processor: verified({ config: sqs.config }),
        records,
        handler: handleBody,
        context: contextOf(functionArn),
      });
      assertEquals(thrown, undefined);
      assertEquals(response, listing(records[1]!));
      assertEquals(await queue.left(), 3);
      assertEquals((await sqs.proxy.requests()).length, 0);
      assertEquals(api.requests.map(({ queueArn }) => queueArn), [await queue.arn()]);
    });
  }

  for (const way of WAYS) {
    Deno.test(`${server}, ${way}: without the flag it deletes and throws, and says so`, async () => {
      const sqs = await testSqs(server);
      const queue = await sqs.createQueue();
      const records = await queue.records("ok1", "fail1", "ok2");
      const functionArn = newFunctionArn();
      await using _api = await LambdaApi.start({ mappings: [goodMapping(functionArn, NO_FLAG)] });
      const { thrown } = await runAs({
        way,
        processor: verified({ config: sqs.config }),
        records,
        handler: handleBody,
        context: contextOf(functionArn),
      });
      assertInstanceOf(thrown, SQSBatchProcessingError);
      assertEquals(thrown.undeleted, []);
      assertEquals(await queue.left(), 1);
      assertEquals(await sqs.calls(), 1);
      if (way === "run") {
        assertEquals(thrown.unverified, undefined);
        return;
      }
      assertEquals(
        thrown.unverified,
        `the event source mapping of ${await queue.arn()} to ${functionArn} lacks ` +
          "ReportBatchItemFailures",
      );
      const [, line] = thrown.message.split("\n\n");
      assertEquals(line, `${UNVERIFIED}: ${thrown.unverified}`);
      assertEquals(Object.keys(thrown), []);
    });
  }
}

Deno.test("run() looks nothing up: nobody would return a response", async () => {
  const functionArn = newFunctionArn();
  await using api = await LambdaApi.start({ mappings: [goodMapping(functionArn)] });
  const { asked, processor } = counting();
  const records = makeRecords("ok", "fail");
  await assertRejects(
    () => processor.run(records, handleBody, { context: contextOf(functionArn) }),
    SQSBatchProcessingError,
  );
  assertEquals(asked, [records[0]!.receiptHandle]);
  assertEquals(api.requests, []);
});

for (const flag of [true, false]) {
  Deno.test(`fauxqs: ${flag ? "with" : "without"} the flag no failed message is lost, and Lambda deletes the others`, async () => {
    const sqs = await testSqs();
    const queue = await sqs.createQueue();
    await queue.send("ok1", "fail1", "ok2", "fail2");
    const functionArn = newFunctionArn();
    await using _api = await LambdaApi.start({
      mappings: [goodMapping(functionArn, flag ? {} : NO_FLAG)],
    });
    const wrapped = withSqsBatch(handleBody, {
      config: sqs.config,
      reportItemFailures: "verified",
    });
    const invocation = await queue.poll({
      handler: (event) => wrapped(event, contextOf(functionArn)),
      reportBatchItemFailures: flag,
    });
    assertEquals(invocation?.deletedByLambda.length, flag ? 2 : 0);
    assertEquals(invocation?.error instanceof SQSBatchProcessingError, !flag);
    assertEquals(await queue.left(), 2);
  });
}

// ------------------------------------------------------------------------- who is asked, and when

Deno.test("where nothing fails nothing is looked up, and nothing is loaded", async () => {
  const source = `
    import { withSqsBatch } from "@partial-batch/sqs";
    const handler = withSqsBatch(() => {}, { reportItemFailures: "verified" });
    const event = { Records: ${JSON.stringify(makeRecords("a", "b"))} };
    const context = { invokedFunctionArn: "arn:aws:lambda:us-east-1:123456789012:function:f" };
    console.log(JSON.stringify(await handler(event, context)));
  `;
  const spy = `data:text/javascript,console.log("was loaded")`;
  const spies = { "@aws-sdk/client-sqs": spy, "@aws-sdk/client-lambda": spy };
  const { code, stdout, stderr } = await runScript(source, [], spies);
  assertEquals([code, stderr, stdout], [0, "", '{"batchItemFailures":[]}\n']);
});

Deno.test("with the flag the SDK for SQS is never loaded", async () => {
  const functionArn = newFunctionArn();
  await using _api = await LambdaApi.start({ mappings: [goodMapping(functionArn)] });
  const source = `
    import { withSqsBatch } from "@partial-batch/sqs";
    const handler = withSqsBatch(() => {
      throw new Error("no such order");
    }, { reportItemFailures: "verified" });
    const event = { Records: ${JSON.stringify([makeRecord()])} };
    const context = { invokedFunctionArn: "${functionArn}" };
    console.log(JSON.stringify(await handler(event, context)));
    await new Promise((resolve) => setTimeout(resolve));
  `;
  const spies = {
    "@aws-sdk/client-sqs": `data:text/javascript,console.log("was loaded")`,
    "@aws-sdk/client-lambda": deno.imports["@aws-sdk/client-lambda"],
  };
  const { code, stdout, stderr } = await runScript(source, ["--allow-all"], spies);
  assertEquals([code, stderr], [0, ""]);
  assertEquals(JSON.parse(stdout).batchItemFailures.length, 1);
});

Deno.test("an answer serves all processors of the process, and all batches at once", async () => {
  const functionArn = newFunctionArn();
  await using api = await LambdaApi.start({ mappings: [goodMapping(functionArn)] });
  const context = contextOf(functionArn);
  const records = makeRecords("fail");
  const running = (way: typeof RESPONDING[number]) =>
    runAs({ way, processor: verified(), records, handler: handleBody, context });
  const all = await Promise.all([...RESPONDING, ...RESPONDING].map(running));
  const later = await running("wrapper");
  for (const { response } of [...all, later]) assertEquals(response, listing(...records));
  assertEquals(api.requests.length, 1);
});

Deno.test("the lookup runs beside the other records, and begins with the first failure", async () => {
  const functionArn = newFunctionArn();
  await using api = await LambdaApi.start({ mappings: [goodMapping(functionArn)] });
  const handler = withSqsBatch(async ({ body }) => {
    if (body === "fail") throw new Error("no such order");
    while (api.requests.length === 0) await new Promise((resolve) => setTimeout(resolve));
  }, { reportItemFailures: "verified" });
  const records = makeRecords("slow", "fail");
  const response = await handler({ Records: records }, contextOf(functionArn));
  assertEquals(response, listing(records[1]!));
});

Deno.test("it is decided before process() resolves", async () => {
  for (const hold of HOLDS) {
    const functionArn = newFunctionArn();
    await using api = await LambdaApi.start({ mappings: [goodMapping(functionArn, NO_FLAG)] });
    const { asked, processor } = counting();
    await holding({
      hold,
      processor,
      records: makeRecords("ok", "fail"),
      handler: handleBody,
      context: contextOf(functionArn),
      body: async (batch) => {
        await batch.process();
        assertEquals(api.requests.length, 1);
      },
    });
    assertEquals(asked.length, 1);
  }
});

Deno.test("an answer that grew too old while records were handled is not used", async () => {
  const functionArn = newFunctionArn();
  await using api = await LambdaApi.start({ mappings: [goodMapping(functionArn)] });
  const { now } = Date;
  try {
    const handler = withSqsBatch(async ({ body }) => {
      if (body === "fail") throw new Error("no such order");
      while (api.requests.length === 0) await new Promise((resolve) => setTimeout(resolve));
      Date.now = () => now.call(Date) + 11 * 60_000;
      api.answerWith({ mappings: [goodMapping(functionArn, NO_FLAG)] });
    }, { reportItemFailures: "verified", client: stubClient() });
    await assertRejects(
      () => handler({ Records: makeRecords("slow", "fail") }, contextOf(functionArn, 3_600_000)),
      SQSBatchProcessingError,
      "lacks ReportBatchItemFailures",
    );
    assertEquals(api.requests.length, 2);
  } finally {
    Date.now = now;
  }
});

function stubClient() {
  return {
    send: (command: { readonly input: object }) => {
      const { Entries } = command.input as { Entries: { Id: string }[] };
      return Promise.resolve({ Successful: Entries });
    },
  };
}

// ------------------------------------------------------------------------- doubts

Deno.test("a batch of several queues goes by the most doubtful", async () => {
  const functionArn = newFunctionArn();
  const other = `${QUEUE_ARN}-other`;
  await using api = await LambdaApi.start(({ queueArn }) => ({
    mappings: [goodMapping(functionArn, queueArn === other ? NO_FLAG : {})],
  }));
  const { asked, processor } = counting();
  const records = [
    makeRecord(),
    makeRecord({ body: "fail" }),
    makeRecord({ eventSourceARN: other }),
  ];
  const { thrown } = await runAs({
    way: "wrapper",
    processor,
    records,
    handler: handleBody,
    context: contextOf(functionArn),
  });
  assertInstanceOf(thrown, SQSBatchProcessingError);
  assertStringIncludes(thrown.unverified ?? "", other);
  assertEquals(asked, [records[0]!.receiptHandle, records[2]!.receiptHandle]);
  assertEquals(api.requests.map(({ queueArn }) => queueArn).toSorted(), [QUEUE_ARN, other]);
});

Deno.test("without a context, or without a function's ARN in it, nothing is looked up", async () => {
  await using api = await LambdaApi.start();
  const { invokedFunctionArn: _, ...nameless } = lambdaContext(60_000);
  for (const context of [undefined, nameless, { ...nameless, invokedFunctionArn: "" }]) {
    const { asked, processor } = counting();
    const handler = withBatchProcessor(processor, handleBody);
    await assertRejects(
      () => handler({ Records: makeRecords("ok", "fail") }, context as never),
      SQSBatchProcessingError,
      "the batch has no Lambda context that names its function",
    );
    assertEquals(asked.length, 1);
  }
  assertEquals(api.requests, []);
});

Deno.test("outside Lambda nobody is asked, unless an endpoint is set", async () => {
  const functionArn = newFunctionArn();
  await using api = await LambdaApi.start({ mappings: [goodMapping(functionArn)] });
  const handler = withBatchProcessor(counting().processor, handleBody);
  const invoke = () => handler({ Records: makeRecords("ok", "fail") }, contextOf(functionArn));
  Deno.env.delete("AWS_ENDPOINT_URL_LAMBDA");
  await assertRejects(invoke, SQSBatchProcessingError, "the process does not run in Lambda");
  assertEquals(api.requests, []);
  Deno.env.set("AWS_ENDPOINT_URL_LAMBDA", api.endpoint);
  await invoke();
  assertEquals(api.requests.length, 1);
});

Deno.test("without @aws-sdk/client-lambda it deletes and throws, and says what is missing", async () => {
  await using _api = await LambdaApi.start();
  const source = `
    import { withSqsBatch } from "@partial-batch/sqs";
    const deleted = [];
    const client = { send: ({ input }) => (deleted.push(...input.Entries), { Successful: input.Entries }) };
    const handler = withSqsBatch(({ body }) => {
      if (body === "fail") throw new Error("no such order");
    }, { client, reportItemFailures: "verified" });
    const event = { Records: ${JSON.stringify(makeRecords("ok", "fail"))} };
    const error = await handler(event, { invokedFunctionArn: "arn:aws:lambda:us-east-1:1:function:f" })
      .catch((error) => error);
    console.log(deleted.length, error.unverified);
  `;
  const missing = { "@aws-sdk/client-lambda": "file:///nowhere/client-lambda.js" };
  const { code, stdout } = await runScript(source, ["--allow-all"], missing);
  assertEquals(code, 0);
  assertMatch(
    stdout,
    /^1 asking Lambda failed: @aws-sdk\/client-lambda could not be loaded \(ERR_MODULE_NOT_FOUND\)/,
  );
});

for (const way of RESPONDING) {
  Deno.test(`${way}: where all fail, the response lists all, and the fallback throws`, async () => {
    const functionArn = newFunctionArn();
    const records = makeRecords("fail1", "fail2");
    const { asked, processor } = counting();
    const running = { way, processor, records, handler: handleBody };
    await using api = await LambdaApi.start({ mappings: [goodMapping(functionArn)] });
    const good = await runAs({ ...running, context: contextOf(functionArn) });
    assertEquals(good.response, listing(...records));
    api.answerWith({ status: 403, code: "AccessDeniedException" });
    const bad = await runAs({ ...running, context: contextOf(newFunctionArn()) });
    assertInstanceOf(bad.thrown, SQSBatchProcessingError);
    assertMatch(bad.thrown.unverified ?? "", /needs lambda:ListEventSourceMappings$/);
    assert(!bad.thrown.message.includes("deleted"), "nothing was deleted");
    assertEquals(asked, []);
  });
}

// ------------------------------------------------------------------------- response()

for (const hold of HOLDS) {
  Deno.test(`${hold}: in the fallback response() gives the same list, and the scope throws all the same`, async () => {
    const functionArn = newFunctionArn();
    await using _api = await LambdaApi.start({ mappings: [goodMapping(functionArn, NO_FLAG)] });
    const { asked, processor } = counting();
    const records = makeRecords("ok", "fail");
    const { thrown } = await holding({
      hold,
      processor,
      records,
      handler: handleBody,
      context: contextOf(functionArn),
      body: async (batch) => {
        await batch.process();
        assertEquals(batch.response(), listing(records[1]!));
      },
    });
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertEquals(asked, [records[0]!.receiptHandle]);
  });

  Deno.test(`${hold}: a response that was read before process() does not count`, async () => {
    const functionArn = newFunctionArn();
    await using _api = await LambdaApi.start({ mappings: [goodMapping(functionArn)] });
    const records = makeRecords("ok");
    const { thrown } = await holding({
      hold,
      processor: verified(),
      records,
      handler: handleBody,
      context: contextOf(functionArn),
      body: (batch) => void assertEquals(batch.response(), listing(...records)),
    });
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertEquals(thrown.unverified, undefined);
  });

  Deno.test(`${hold}: with the flag, a response that is never read makes the scope throw`, async () => {
    const functionArn = newFunctionArn();
    await using _api = await LambdaApi.start({ mappings: [goodMapping(functionArn)] });
    const { asked, processor } = counting();
    const { thrown } = await holding({
      hold,
      processor,
      records: makeRecords("ok", "fail"),
      handler: handleBody,
      context: contextOf(functionArn),
    });
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertEquals([asked, thrown.unverified], [[], undefined]);
  });

  Deno.test(`${hold}: where nothing fails the response is empty, and nothing is thrown`, async () => {
    await using api = await LambdaApi.start();
    const { thrown } = await holding({
      hold,
      processor: verified(),
      records: makeRecords("ok"),
      handler: handleBody,
      context: contextOf(newFunctionArn()),
      body: async (batch) => {
        await batch.process();
        assertEquals(batch.response(), listing());
      },
    });
    assertEquals([thrown, api.requests], [undefined, []]);
  });
}

// ------------------------------------------------------------------------- beside other options

for (const flag of [true, false]) {
  const name = flag ? "with the flag" : "without the flag";
  const mappingsOf = (functionArn: string): TestMapping[] => [
    goodMapping(functionArn, flag ? {} : NO_FLAG),
  ];

  for (const way of RESPONDING) {
    Deno.test(`local-aws-sqs, ${way}, ${name}: a FIFO group goes back from its failure on`, async () => {
      const sqs = await testSqs("local-aws-sqs");
      const queue = await sqs.createQueue({ FifoQueue: "true" });
      const records = await queue.records(
        ...["ok1", "fail2", "ok3"].map((MessageBody) => ({
          MessageBody,
          MessageGroupId: "a",
          MessageDeduplicationId: MessageBody,
        })),
      );
      const functionArn = newFunctionArn();
      await using _api = await LambdaApi.start({ mappings: mappingsOf(functionArn) });
      const { thrown, response } = await runAs({
        way,
        processor: verified({ config: sqs.config }),
        records,
        handler: handleBody,
        context: contextOf(functionArn),
      });
      if (flag) assertEquals(response, listing(...records.slice(1)));
      assertEquals(thrown instanceof SQSBatchProcessingError, !flag);
      assertEquals(await sqs.calls(), flag ? 0 : 1);
      assertEquals(await queue.left(), flag ? 3 : 2);
    });

    Deno.test(`fauxqs, ${way}, ${name}: nonRetryable and retryDelay work`, async () => {
      const sqs = await testSqs();
      const target = await sqs.createQueue();
      const queue = await sqs.createQueue({ VisibilityTimeout: "600" });
      const records = await queue.records("ok", "fail", "poison");
      const functionArn = newFunctionArn();
      await using _api = await LambdaApi.start({ mappings: mappingsOf(functionArn) });
      const { thrown, response } = await runAs({
        way,
        processor: verified({
          config: sqs.config,
          nonRetryable: {
            when: [SyntaxError],
            to: { queueUrl: await target.urlAt(sqs.proxy.endpoint) },
          },
          retryDelay: 60,
        }),
        records,
        handler: ({ body }) => {
          if (body === "fail") throw new Error("no such order");
          if (body === "poison") throw new SyntaxError("no JSON");
        },
        context: contextOf(functionArn),
      });
      if (flag) assertEquals(response, listing(records[1]!));
      else {
        assertInstanceOf(thrown, SQSBatchProcessingError);
        assertEquals([thrown.undeleted, thrown.unmoved, thrown.undelayed], [[], [], []]);
      }
      assertEquals(await target.left(), 1);
      assertEquals(await sqs.calls("ChangeMessageVisibilityBatch"), 1);
      assertEquals(await queue.left(), flag ? 3 : 1);
    });
  }

  Deno.test(`${name}: a StopBatchError works`, async () => {
    const functionArn = newFunctionArn();
    await using _api = await LambdaApi.start({ mappings: mappingsOf(functionArn) });
    const { asked, processor } = counting({ concurrency: 1 });
    const records = makeRecords("ok", "stop", "never");
    const { thrown, response } = await runAs({
      way: "wrapper",
      processor,
      records,
      handler: ({ body }) => {
        if (body === "stop") throw new StopBatchError("down");
      },
      context: contextOf(functionArn),
    });
    if (flag) assertEquals([response, asked], [listing(...records.slice(1)), []]);
    else {
      assertInstanceOf(thrown, SQSBatchProcessingError);
      assertEquals(asked, [records[0]!.receiptHandle]);
    }
  });

  Deno.test(`${name}: an override of _clean() that calls super deletes only in the fallback`, async () => {
    class Storing extends PartialSQSProcessor {
      protected override async _clean(batch: Batch): Promise<void> {
        await Promise.resolve();
        await super._clean(batch);
      }
    }
    const functionArn = newFunctionArn();
    await using _api = await LambdaApi.start({ mappings: mappingsOf(functionArn) });
    let requests = 0;
    const { send } = stubClient();
    const client = { send: (command: never) => (requests++, send(command)) };
    const handler = withBatchProcessor(
      new Storing({ client, reportItemFailures: "verified" }),
      handleBody,
    );
    const told = await handler({ Records: makeRecords("ok", "fail") }, contextOf(functionArn))
      .catch((error) => error);
    assertEquals(told instanceof SQSBatchProcessingError, !flag);
    if (!flag) assertEquals(told.undeleted, []);
    assertEquals(requests, flag ? 0 : 1);
  });
}

Deno.test("nothing is decided where all failures were moved", async () => {
  const sqs = await testSqs();
  const target = await sqs.createQueue();
  const queue = await sqs.createQueue();
  const records = await queue.records("ok", "poison");
  await using _api = await LambdaApi.start("hang");
  const { thrown, response } = await runAs({
    way: "wrapper",
    processor: verified({
      config: sqs.config,
      nonRetryable: {
        when: [SyntaxError],
        to: { queueUrl: await target.urlAt(sqs.proxy.endpoint) },
      },
    }),
    records,
    handler: ({ body }) => body === "poison" && JSON.parse(body),
    context: contextOf(newFunctionArn()),
  });
  assertEquals([thrown, response], [undefined, listing()]);
});

Deno.test("a _prepare() that throws makes the invocation fail, and nothing is looked up", async () => {
  class Broken extends PartialSQSProcessor {
    protected override _prepare(): void {
      throw new Error("no table");
    }
  }
  await using api = await LambdaApi.start();
  const handler = withBatchProcessor(new Broken({ reportItemFailures: "verified" }), handleBody);
  const records = makeRecords("ok", "fail");
  const error = await assertRejects(
    () => handler({ Records: records }, contextOf(newFunctionArn())),
    SQSBatchProcessingError,
    "no table",
  );
  assertEquals([error.unprocessed.length, api.requests], [2, []]);
});

for (const flag of [true, false]) {
  Deno.test(`a _prepare() that throws makes the invocation fail alike, ${flag ? "with" : "without"} the flag, if the deadline had Lambda asked`, async () => {
    const functionArn = newFunctionArn();
    await using api = await LambdaApi.start({
      mappings: [goodMapping(functionArn, flag ? {} : NO_FLAG)],
    });
    class Slow extends PartialSQSProcessor {
      protected override async _prepare(): Promise<void> {
        while (api.requests.length === 0) await new Promise((resolve) => setTimeout(resolve));
        await answered(functionArn);
        throw new Error("no table");
      }
    }
    const processor = new Slow({ deadlineReserveMs: 400, reportItemFailures: "verified" });
    const error = await assertRejects(
      () =>
        withBatchProcessor(processor, handleBody)(
          { Records: makeRecords("ok") },
          contextOf(functionArn, 1_300),
        ),
      SQSBatchProcessingError,
      "no table",
    );
    assertEquals([error.unprocessed.length, error.unverified], [1, undefined]);
  });

  Deno.test(`using: process() that nobody awaited is told, and what is kept, ${flag ? "with" : "without"} the flag`, async () => {
    const functionArn = newFunctionArn();
    await using _api = await LambdaApi.start({
      mappings: [goodMapping(functionArn, flag ? {} : NO_FLAG)],
    });
    const records = makeRecords("ok", "fail", "hang");
    const { thrown } = await holding({
      hold: "using",
      processor: counting().processor,
      records,
      handler: (record) => record.body === "hang" ? new Promise(() => {}) : handleBody(record),
      context: contextOf(functionArn),
      body: async (batch) => {
        void batch.process().catch(() => {});
        await answered(functionArn);
      },
    });
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertEquals(thrown.undeleted.map(({ record }) => record), [records[0]]);
    assertEquals(thrown.unverified, undefined);
  });
}

// ------------------------------------------------------------------------- near the deadline

for (const hold of HOLDS) {
  Deno.test(`${hold}: with the flag, what the deadline left is listed, and nothing is deleted early`, async () => {
    const functionArn = newFunctionArn();
    await using api = await LambdaApi.start({ mappings: [goodMapping(functionArn)] });
    const { asked, processor } = counting({ deadlineReserveMs: 300 });
    const records = makeRecords("ok", "hang");
    let response: unknown;
    const { thrown } = await holding({
      hold,
      processor,
      records,
      handler: ({ body }) => body === "hang" ? new Promise(() => {}) : body,
      context: contextOf(functionArn, 1_500),
      body: async (batch) => {
        await batch.process();
        response = batch.response();
      },
    });
    assertEquals([thrown, response], [undefined, listing(records[1]!)]);
    assertEquals([asked, api.requests.length], [[], 1]);
  });

  Deno.test(`fauxqs, ${hold}: while Lambda does not answer, what was finished before the reserve is deleted`, async () => {
    const sqs = await testSqs();
    const queue = await sqs.createQueue({ VisibilityTimeout: "600" });
    const records = await queue.records("hang", ...bodies("ok", 199));
    await using _api = await LambdaApi.start("hang");
    const context = contextOf(newFunctionArn(), 3_000);
    const { thrown } = await holding({
      hold,
      processor: verified({ config: sqs.config, concurrency: Infinity }),
      records,
      handler: ({ body }) => body === "hang" ? new Promise(() => {}) : body,
      context,
    });
    assert(context.getRemainingTimeInMillis() > 0);
    assertInstanceOf(thrown, SQSBatchProcessingError);
    assertMatch(thrown.unverified ?? "", /^Lambda did not answer/);
    assertEquals(thrown.undeleted, []);
    assertEquals(await queue.left(), 1);
  });
}

Deno.test('the reserve of "verified" is that of the mode that deletes', () => {
  const records = makeRecords(...bodies("ok", 2_000));
  const untilReserveMs = (options: PartialSQSProcessorOptions) => {
    const base = checkBaseOptions(checkSqsOptions(options).base);
    const context = lambdaContext(60_000);
    return setUpBatch(records, handleBody, { context }, base, false).clock.untilReserveMs;
  };
  const deleting = untilReserveMs({});
  assert(Math.abs(untilReserveMs({ reportItemFailures: "verified" }) - deleting) < 500);
  assert(untilReserveMs({ reportItemFailures: true }) > deleting + 1_000);
});

Deno.test("a lookup without an answer ends before the deadline's reserve", async () => {
  await using api = await LambdaApi.start("hang");
  const { processor, asked } = counting({ deadlineReserveMs: 500 });
  const context = contextOf(newFunctionArn(), 1_200);
  let leftMs = 0;
  const { thrown } = await holding({
    hold: "await using",
    processor,
    records: makeRecords("ok", "fail"),
    handler: handleBody,
    context,
    body: async (batch) => {
      await batch.process();
      leftMs = context.getRemainingTimeInMillis();
    },
  });
  assertInstanceOf(thrown, SQSBatchProcessingError);
  assertMatch(thrown.unverified ?? "", /before the end of the invocation/);
  assert(leftMs > 250, `${leftMs} ms were left`);
  assertEquals([asked.length, api.requests.length], [1, 1]);
});

Deno.test("with the flag, an early deletion that began before the answer is ended", async () => {
  const functionArn = newFunctionArn();
  const { promise: after, resolve } = Promise.withResolvers<void>();
  await using _api = await LambdaApi.start({ after, mappings: [goodMapping(functionArn)] });
  let hasEnded = false;
  const client = {
    send: (_command: unknown, { abortSignal }: { abortSignal: AbortSignal }) => {
      resolve();
      return new Promise<never>((_, reject) =>
        abortSignal.addEventListener("abort", () => {
          hasEnded = true;
          reject(abortSignal.reason);
        })
      );
    },
  };
  const handler = withSqsBatch(
    ({ body }) => body === "hang" ? new Promise(() => {}) : body,
    { client, deadlineReserveMs: 400, reportItemFailures: "verified" },
  );
  const records = makeRecords("ok", "hang");
  const response = await handler({ Records: records }, contextOf(functionArn, 1_600));
  assertEquals(response, listing(records[1]!));
  assertEquals(hasEnded, true);
});

// ------------------------------------------------------------------------- what it does not go with

Deno.test('"verified" refuses suppressException and lambdaHandler beside it', () => {
  const both = { reportItemFailures: "verified", suppressException: true } as const;
  assertThrows(() => new PartialSQSProcessor(both), TypeError, "suppressException");
  // @ts-expect-error -- the types refuse it too
  assertThrows(() => withSqsBatch(handleBody, both), TypeError, "suppressException");
  const lambdaHandler = () => "done" as never;
  assertThrows(
    // @ts-expect-error -- the types refuse it too
    () => withSqsBatch(handleBody, { reportItemFailures: "verified", lambdaHandler }),
    TypeError,
    "lambdaHandler",
  );
  assertThrows(
    () => withBatchProcessor(verified(), handleBody, { lambdaHandler }),
    TypeError,
    "lambdaHandler",
  );
});

Deno.test('"verified" is refused by processors that do not derive from PartialSQSProcessor', () => {
  class Own extends BasePartialProcessor {}
  class Derived extends PartialSQSProcessor {}
  assertThrows(
    () => new Own({ reportItemFailures: "verified" }),
    TypeError,
    '"verified" needs a processor that derives from PartialSQSProcessor',
  );
  assertEquals(
    new Derived({ reportItemFailures: "verified" }).reportItemFailures,
    "verified",
  );
  assertThrows(
    () => new PartialSQSProcessor({ reportItemFailures: "Verified" as never }),
    TypeError,
    'expected a boolean or "verified", got a string',
  );
});

Deno.test('a wrapper with "verified" is an SQSHandler that gives a response', async () => {
  const functionArn = newFunctionArn();
  await using _api = await LambdaApi.start({ mappings: [goodMapping(functionArn)] });
  const handler = withSqsBatch(handleBody, { reportItemFailures: "verified" });
  const asSqsHandler: SQSHandler = handler;
  const records = makeRecords("fail");
  const response: SQSBatchResponse = await handler({ Records: records }, contextOf(functionArn));
  assertEquals(response, listing(...records));
  assertEquals(
    await asSqsHandler({ Records: records }, contextOf(functionArn), () => {}),
    response,
  );
});
