import { DeleteMessageBatchCommand, SQSClient, type SQSClientConfig } from "@aws-sdk/client-sqs";
import { PartialSQSProcessor, SQSBatchProcessingError } from "@partial-batch/sqs";
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertStringIncludes,
} from "@std/assert";
import type { Context } from "aws-lambda";
import { lambdaContext } from "../support/lambda_context.ts";
import { bodies, handleBody, makeRecords } from "../support/factories.ts";
import { type Hold, holding, HOLDS } from "../support/hold.ts";
import { SERVERS } from "../support/test_queue.ts";
import { testSqs } from "../support/test_sqs.ts";

async function thrownBy(...args: Parameters<typeof holding>): Promise<SQSBatchProcessingError> {
  const { thrown } = await holding(...args);
  assertInstanceOf(thrown, SQSBatchProcessingError);
  return thrown;
}

function reasons(error: SQSBatchProcessingError): string[] {
  return error.undeleted.map(({ reason }) => reason);
}

/** The reason of a server on this machine that never answers. */
function noAnswer(hold: Hold): string {
  return hold === "using"
    ? "no answer within the time limit; if the server runs in this process, it cannot answer while " +
      "`using` blocks"
    : "no answer within the time limit";
}

// ------------------------------------------------- the same outcome, whichever way it is held

for (const server of SERVERS) {
  for (const hold of HOLDS) {
    for (const [successes, calls] of [[1, 1], [18, 2], [34, 4]] as const) {
      Deno.test(`${server}, ${hold}: ${successes} successes beside a failure make ${calls} calls`, async () => {
        const sqs = await testSqs(server);
        const queue = await sqs.createQueue();
        const records = await queue.records(...bodies("ok", successes), "fail");
        const error = await thrownBy({
          hold,
          processor: new PartialSQSProcessor({ config: sqs.config }),
          records,
          handler: handleBody,
        });
        assertEquals(await sqs.calls(), calls);
        assertEquals(await queue.left(), 1);
        assertEquals(error.failures.map(({ record }) => record.body), ["fail"]);
        assertEquals(error.undeleted, []);
      });
    }

    Deno.test(`${server}, ${hold}: only successes make no call, and make no client`, async () => {
      const sqs = await testSqs(server);
      const queue = await sqs.createQueue();
      const records = await queue.records(...bodies("ok", 12));
      const config = { ...sqs.config, endpoint: () => Promise.reject(new Error("was asked")) };
      const processor = new PartialSQSProcessor({ config: config as never });
      const { thrown } = await holding({ hold, processor, records, handler: handleBody });
      assertEquals(thrown, undefined);
      assertEquals(await sqs.calls(), 0);
      assertEquals(await queue.left(), 12);
    });

    Deno.test(`${server}, ${hold}: only failures make no call and throw all their errors`, async () => {
      const sqs = await testSqs(server);
      const queue = await sqs.createQueue();
      const records = await queue.records(...bodies("fail", 3));
      const processor = new PartialSQSProcessor({ config: sqs.config });
      const error = await thrownBy({ hold, processor, records, handler: handleBody });
      assertEquals(error.errors.length, 3);
      assert(error.errors.every((each) => each instanceof RangeError));
      assertEquals(await sqs.calls(), 0);
      assertEquals(await queue.left(), 3);
    });

    Deno.test(`${server}, ${hold}: when the block ends, the messages are gone`, async () => {
      const sqs = await testSqs(server);
      const queue = await sqs.createQueue();
      const records = await queue.records("ok", "fail");
      const processor = new PartialSQSProcessor({ config: sqs.config });
      let left: Promise<number> | undefined;
      try {
        if (hold === "using") {
          using batch = processor.open(records, handleBody);
          await batch.process();
        } else {
          await using batch = processor.open(records, handleBody);
          await batch.process();
        }
      } catch {
        left = queue.left();
      }
      assertEquals(await left, 1);
    });

    Deno.test(`${server}, ${hold}: a batch on a warm processor starts clean`, async () => {
      const sqs = await testSqs(server);
      const queue = await sqs.createQueue();
      const processor = new PartialSQSProcessor({ config: sqs.config });
      await thrownBy({
        hold,
        processor,
        records: await queue.records("ok1", "fail1"),
        handler: handleBody,
      });
      const second = await thrownBy({
        hold,
        processor,
        records: await queue.records("ok2", "ok3", "fail2"),
        handler: handleBody,
      });
      assertEquals(second.failures.map(({ record }) => record.body), ["fail2"]);
      assertEquals(await queue.left(), 2);
      const third = await holding({
        hold,
        processor,
        records: await queue.records("ok4"),
        handler: handleBody,
      });
      assertEquals(third.thrown, undefined);
    });

    Deno.test(`${server}, ${hold}: two batches of one processor, open at once, delete their own`, async () => {
      const sqs = await testSqs(server);
      const queue = await sqs.createQueue();
      const other = await sqs.createQueue();
      const processor = new PartialSQSProcessor({ config: sqs.config });
      const [first, second] = await Promise.all([
        thrownBy({
          hold,
          processor,
          records: await queue.records("ok1", "fail1"),
          handler: handleBody,
        }),
        thrownBy({
          hold,
          processor,
          records: await other.records("ok2", "ok3", "fail2"),
          handler: handleBody,
        }),
      ]);
      assertEquals(first.outcomes.length, 2);
      assertEquals(second.outcomes.length, 3);
      assertEquals([await queue.left(), await other.left()], [1, 1]);
    });

    Deno.test(`${server}, ${hold}: a batch from two queues deletes from both`, async () => {
      const sqs = await testSqs(server);
      const queue = await sqs.createQueue();
      const other = await sqs.createQueue();
      const records = [
        ...await queue.records("ok1", "ok2"),
        ...await other.records("ok3", "fail"),
      ];
      const processor = new PartialSQSProcessor({ config: sqs.config });
      await thrownBy({ hold, processor, records, handler: handleBody });
      assertEquals(await sqs.calls(), 2);
      assertEquals([await queue.left(), await other.left()], [0, 1]);
    });

    Deno.test(`${server}, ${hold}: two records with one receipt handle`, async () => {
      const sqs = await testSqs(server);
      const queue = await sqs.createQueue();
      const [ok, twin, fail] = await queue.records("ok", "twin", "fail");
      const processor = new PartialSQSProcessor({ config: sqs.config });
      await thrownBy({ hold, processor, records: [ok!, ok!, fail!], handler: handleBody });
      const [request] = await sqs.proxy.requests("DeleteMessageBatch");
      assertEquals(request!.input.Entries.length, 1);
      assertEquals(await queue.left(), 2);

      await sqs.proxy.reset();
      const failed = { ...fail!, receiptHandle: twin!.receiptHandle };
      await thrownBy({ hold, processor, records: [twin!, failed], handler: handleBody });
      assertEquals(await sqs.calls(), 0);
      assertEquals(await queue.left(), 2);
    });

    Deno.test(`${server}, ${hold}: a suppressed failure deletes the successes and throws nothing`, async () => {
      const sqs = await testSqs(server);
      const queue = await sqs.createQueue();
      const config = { ...sqs.config, maxAttempts: 1 };
      const processor = new PartialSQSProcessor({ config, suppressException: true });
      const records = await queue.records("ok", "fail");
      assertEquals(
        (await holding({ hold, processor, records, handler: handleBody })).thrown,
        undefined,
      );
      assertEquals(await queue.left(), 1);

      const onlyFailures = await queue.records("fail1", "fail2");
      assertEquals(
        (await holding({ hold, processor, records: onlyFailures, handler: handleBody })).thrown,
        undefined,
      );

      await sqs.proxy.set({ action: "DeleteMessageBatch", kind: "status", status: 503 });
      const undeleted = await queue.records("ok", "fail");
      const { batch, thrown } = await holding({
        hold,
        processor,
        records: undeleted,
        handler: handleBody,
      });
      assertEquals(thrown, undefined);
      assertEquals(batch.unconfirmed.undeleted.length, 1);
    });

    Deno.test(`${server}, ${hold}: a body that throws too hides nothing, and the good ones are deleted`, async () => {
      const sqs = await testSqs(server);
      const queue = await sqs.createQueue();
      const records = await queue.records("ok", "fail");
      const processor = new PartialSQSProcessor({ config: sqs.config });
      const { thrown } = await holding({
        hold,
        processor,
        records,
        handler: handleBody,
        body: async (batch) => {
          await batch.process();
          throw new Error("from the body");
        },
      });
      const both = thrown as { name: string; error: unknown; suppressed: Error };
      assertEquals(both.name, "SuppressedError");
      assertInstanceOf(both.error, SQSBatchProcessingError);
      assertEquals(both.suppressed.message, "from the body");
      assertEquals(await queue.left(), 1);
    });

    Deno.test(`${server}, ${hold}: close() deletes before the end of the block`, async () => {
      const sqs = await testSqs(server);
      const queue = await sqs.createQueue();
      const records = await queue.records("ok", "fail");
      const processor = new PartialSQSProcessor({ config: sqs.config });
      const { thrown } = await holding({
        hold,
        processor,
        records,
        handler: handleBody,
        body: async (batch) => {
          await batch.process();
          await batch.close().catch(() => {});
          assertEquals(await queue.left(), 1);
        },
      });
      assertEquals(thrown, undefined);
      assertEquals(await sqs.calls(), 1);
    });
  }
}

// --------------------------------------------------------------------- what SQS refuses, faults

for (const hold of HOLDS) {
  Deno.test(`local-aws-sqs, ${hold}: entries that SQS refuses are undeleted, the others deleted`, async () => {
    const sqs = await testSqs("local-aws-sqs");
    const queue = await sqs.createQueue();
    const records = await queue.records("ok1", "ok2", "fail");
    const [, second] = records;
    records[1] = { ...second!, receiptHandle: "malformed-handle" };
    const processor = new PartialSQSProcessor({ config: sqs.config });
    const error = await thrownBy({ hold, processor, records, handler: handleBody });
    assertEquals(error.undeleted.map(({ record }) => record), [records[1]!]);
    assertEquals(reasons(error), ["ReceiptHandleIsInvalid"]);
    assertEquals(error.failures.length, 1);
    assertFalse(error.message.includes("malformed-handle"));
    assertEquals(await queue.left(), 2);
    assertEquals(await sqs.calls(), 1);
  });

  Deno.test(`fauxqs, ${hold}: a delete error never hides the records' errors`, async () => {
    const sqs = await testSqs();
    const queue = await sqs.createQueue();
    const records = await queue.records("ok1", "ok2", "fail");
    await sqs.proxy.set({ action: "DeleteMessageBatch", kind: "status", status: 503 });
    const processor = new PartialSQSProcessor({ config: sqs.config });
    const error = await thrownBy({ hold, processor, records, handler: handleBody });
    assertInstanceOf(error.errors[0], RangeError);
    assertEquals(error.undeleted.map(({ record }) => record), records.slice(0, 2));
    assertStringIncludes(reasons(error)[0]!, "503");
    assertEquals(await queue.left(), 3);
    // Under `using` four times by us, else three times by the client.
    assertEquals(await sqs.calls(), hold === "using" ? 4 : 3);
  });

  for (
    const [what, fault] of [
      ["a dropped connection", { kind: "drop" }],
      ["an answer that is lost", { kind: "lose-answer" }],
      ["a 500", { kind: "status", status: 500, code: "InternalError" }],
      ["a 503", { kind: "status", status: 503 }],
      ["a 429", { kind: "status", status: 429 }],
      ["throttling", { kind: "status", status: 400, code: "ThrottlingException" }],
      ["throttling of SQS", { kind: "status", status: 403, code: "RequestThrottled" }],
    ] as const
  ) {
    Deno.test(`fauxqs, ${hold}: ${what} is sent again`, async () => {
      const sqs = await testSqs();
      const queue = await sqs.createQueue();
      const records = await queue.records("ok", "fail");
      await sqs.proxy.set({ action: "DeleteMessageBatch", times: 1, ...fault });
      const processor = new PartialSQSProcessor({ config: sqs.config });
      const error = await thrownBy({ hold, processor, records, handler: handleBody });
      assertEquals(error.undeleted, []);
      assertEquals(await queue.left(), 1);
      assertEquals(await sqs.calls(), 2);
    });
  }

  for (
    const [status, code] of [
      [403, "AccessDeniedException"],
      [400, "RequestExpired"],
      [403, "InvalidSignatureException"],
      [400, "QueueDoesNotExist"],
    ] as const
  ) {
    Deno.test(`fauxqs, ${hold}: ${code} is not sent again`, async () => {
      const sqs = await testSqs();
      const queue = await sqs.createQueue();
      const records = await queue.records("ok", "fail");
      const type = `com.amazonaws.sqs#${code}`;
      await sqs.proxy.set({ action: "DeleteMessageBatch", kind: "status", status, code: type });
      const processor = new PartialSQSProcessor({ config: sqs.config });
      const error = await thrownBy({ hold, processor, records, handler: handleBody });
      const arn = await queue.arn();
      const hints: Partial<Record<typeof code, string>> = {
        AccessDeniedException: `, needs sqs:DeleteMessage on ${arn}`,
        QueueDoesNotExist: `, queue URL ${await queue.urlAt(
          sqs.proxy.endpoint,
        )} of ${arn} not found`,
      };
      assertEquals(reasons(error), [
        `${code.replace(/^AccessDenied.*/, "AccessDenied")} (HTTP ${status})${hints[code] ?? ""}`,
      ]);
      assertEquals(await sqs.calls(), 1);
      assertEquals(await queue.left(), 2);
    });
  }

  Deno.test(`fauxqs, ${hold}: entries that fail by SQS's fault are sent again`, async () => {
    const sqs = await testSqs();
    const queue = await sqs.createQueue();
    const records = await queue.records(...bodies("ok", 4), "fail");
    const fault = { kind: "fail-entries", code: "InternalError", senderFault: false } as const;
    await sqs.proxy.set({ action: "DeleteMessageBatch", times: 2, ids: ["1", "2"], ...fault });
    const processor = new PartialSQSProcessor({ config: sqs.config });
    const error = await thrownBy({ hold, processor, records, handler: handleBody });
    assertEquals(error.undeleted, []);
    assertEquals(await queue.left(), 1);
  });

  Deno.test(`fauxqs, ${hold}: entries that go on failing are undeleted, and no others`, async () => {
    const sqs = await testSqs();
    const queue = await sqs.createQueue();
    const records = await queue.records("ok1", "ok2", "fail");
    const fault = { kind: "fail-entries", code: "InternalError", senderFault: false } as const;
    await sqs.proxy.set({ action: "DeleteMessageBatch", ids: ["0"], ...fault });
    const processor = new PartialSQSProcessor({ config: sqs.config });
    const error = await thrownBy({ hold, processor, records, handler: handleBody });
    // Under `await using` the second one is alone in the last request, under `using` it is the first.
    assert(reasons(error).length === 1 && reasons(error)[0] === "InternalError");
    assertEquals(await queue.left(), 2);
    assert(await sqs.calls() > 1);
  });

  Deno.test(`fauxqs, ${hold}: what was deleted stays so when sending the rest again fails`, async () => {
    const sqs = await testSqs();
    const queue = await sqs.createQueue();
    const records = await queue.records("ok1", "ok2", "fail");
    const action = "DeleteMessageBatch";
    await sqs.proxy.set(
      {
        action,
        kind: "fail-entries",
        ids: ["0"],
        code: "InternalError",
        senderFault: false,
        times: 1,
      },
      { action, kind: "status", status: 400, code: "InvalidAddress" },
    );
    const processor = new PartialSQSProcessor({ config: sqs.config });
    const error = await thrownBy({ hold, processor, records, handler: handleBody });
    assertEquals(error.undeleted.map(({ record }) => record), [records[0]!]);
    assertEquals(await queue.left(), 2);
    assertEquals(await sqs.calls(), 2);
  });

  for (const body of ["<html>Welcome to the hotel</html>", "{}", '{"Successful":[]}', "null", ""]) {
    Deno.test(`fauxqs, ${hold}: the answer ${JSON.stringify(body)} confirms nothing`, async () => {
      const sqs = await testSqs();
      const queue = await sqs.createQueue();
      const records = await queue.records("ok", "fail");
      await sqs.proxy.set({ action: "DeleteMessageBatch", kind: "status", status: 200, body });
      const processor = new PartialSQSProcessor({ config: { ...sqs.config, maxAttempts: 1 } });
      const error = await thrownBy({ hold, processor, records, handler: handleBody });
      assertEquals(error.undeleted.map(({ record }) => record), [records[0]!]);
    });
  }

  Deno.test(`fauxqs, ${hold}: a server that never answers ends the close at closeTimeoutMs`, async () => {
    const sqs = await testSqs();
    const queue = await sqs.createQueue();
    const records = await queue.records("ok", "fail");
    await sqs.proxy.set({ action: "DeleteMessageBatch", kind: "hang" });
    const processor = new PartialSQSProcessor({ config: sqs.config, closeTimeoutMs: 300 });
    const error = await thrownBy({ hold, processor, records, handler: handleBody });
    assertEquals(reasons(error), [noAnswer(hold)]);
    assertEquals(error.failures.length, 1);
    await sqs.proxy.killSockets();
  });

  Deno.test(`fauxqs, ${hold}: an answer that comes late, but in time, counts`, async () => {
    const sqs = await testSqs();
    const queue = await sqs.createQueue();
    const records = await queue.records("ok", "fail");
    await sqs.proxy.set({ action: "DeleteMessageBatch", kind: "delay", ms: 600 });
    const processor = new PartialSQSProcessor({ config: sqs.config, closeTimeoutMs: 1_000 });
    const error = await thrownBy({ hold, processor, records, handler: handleBody });
    assertEquals(error.undeleted, []);
    assertEquals(await queue.left(), 1);
  });

  Deno.test(`fauxqs, ${hold}: a close never goes past Lambda's deadline`, async () => {
    const sqs = await testSqs();
    const queue = await sqs.createQueue();
    const records = await queue.records("ok", "fail");
    await sqs.proxy.set({ action: "DeleteMessageBatch", kind: "hang" });
    const context: Context = { ...lambdaContext(0), getRemainingTimeInMillis: () => 400 };
    const processor = new PartialSQSProcessor({ config: sqs.config, closeTimeoutMs: 900_000 });
    const error = await thrownBy({ hold, processor, records, handler: handleBody, context });
    assertEquals(reasons(error), [noAnswer(hold)]);
    await sqs.proxy.killSockets();
  });

  Deno.test(`${hold}: nobody listening is undeleted with its reason`, async () => {
    const config = {
      endpoint: "http://127.0.0.1:1",
      credentials: { accessKeyId: "AKIATEST", secretAccessKey: "secret-of-the-test" },
      maxAttempts: 1,
    };
    const processor = new PartialSQSProcessor({ config });
    const error = await thrownBy({
      hold,
      processor,
      records: makeRecords("ok", "fail"),
      handler: handleBody,
    });
    assertEquals(error.undeleted.length, 1);
    assertFalse(error.message.includes("secret-of-the-test"));
  });
}

// ----------------------------------------------------------------------- clients and endpoints

for (const hold of HOLDS) {
  const deleteOne = async (
    hold: Hold,
    make: (sqs: Awaited<ReturnType<typeof testSqs>>) => PartialSQSProcessor,
    eventSourceARN?: string,
  ) => {
    const sqs = await testSqs();
    const queue = await sqs.createQueue();
    const records = await queue.records("ok", "fail");
    const sent = eventSourceARN
      ? records.map((record) => ({
        ...record,
        eventSourceARN: `${eventSourceARN}:${record.eventSourceARN.split(":")[5]}`,
      }))
      : records;
    const error = await thrownBy({
      hold,
      processor: make(sqs),
      records: sent,
      handler: handleBody,
    });
    const requests = await sqs.proxy.requests("DeleteMessageBatch");
    return { sqs, queue, records, error, request: requests[0]! };
  };

  Deno.test(`${hold}: config reaches the request: endpoint, credentials`, async () => {
    const { queue, request } = await deleteOne(
      hold,
      (sqs) => new PartialSQSProcessor({ config: sqs.config }),
    );
    assertStringIncludes(request.headers.authorization!, "Credential=AKIATEST/");
    assertEquals(await queue.left(), 1);
  });

  Deno.test(`${hold}: credentials of a provider function and their session token`, async () => {
    const credentials = () =>
      Promise.resolve({ accessKeyId: "AKIAFUNC", secretAccessKey: "s", sessionToken: "tok" });
    const { request, error } = await deleteOne(
      hold,
      (sqs) => new PartialSQSProcessor({ config: { ...sqs.config, credentials } }),
    );
    assertStringIncludes(request.headers.authorization!, "Credential=AKIAFUNC/");
    assertEquals(request.headers["x-amz-security-token"], "tok");
    assertEquals(error.undeleted, []);
  });

  Deno.test(`${hold}: credentials and endpoint of the environment`, async () => {
    const sqs = await testSqs();
    const environment = {
      AWS_ENDPOINT_URL_SQS: sqs.proxy.endpoint,
      AWS_ACCESS_KEY_ID: "AKIAENV",
      AWS_SECRET_ACCESS_KEY: "s",
    };
    for (const [name, value] of Object.entries(environment)) Deno.env.set(name, value);
    try {
      for (
        const make of [
          () => new PartialSQSProcessor(),
          () => new PartialSQSProcessor({ client: new SQSClient({ region: "us-east-1" }) }),
        ]
      ) {
        const { queue, request, error } = await deleteOne(hold, make);
        assertEquals(error.undeleted, []);
        assertStringIncludes(request.headers.authorization!, "Credential=AKIAENV/");
        assertEquals(await queue.left(), 1);
      }
    } finally {
      for (const name of Object.keys(environment)) Deno.env.delete(name);
    }
  });

  Deno.test(`${hold}: the ARN's region wins over config.region`, async () => {
    const { request, error } = await deleteOne(
      hold,
      (sqs) => new PartialSQSProcessor({ config: sqs.config }),
      "arn:aws:sqs:eu-north-1:123456789012",
    );
    assertStringIncludes(request.headers.authorization!, "/eu-north-1/sqs/aws4_request");
    assertStringIncludes(request.input.QueueUrl, "/123456789012/");
    assertEquals(error.failures.length, 1);
  });

  Deno.test(`${hold}: a handed-in client is used with its middleware`, async () => {
    const { queue, request } = await deleteOne(hold, (sqs) => {
      const client = new SQSClient(sqs.config);
      client.middlewareStack.add(
        (next) => (args) => {
          const { headers } = args.request as { headers: Record<string, string> };
          headers["x-orders"] = "team-a";
          return next(args);
        },
        { step: "build" },
      );
      return new PartialSQSProcessor({ client });
    });
    assertEquals(request.headers["x-orders"], "team-a");
    assertEquals(await queue.left(), 1);
  });

  for (
    const [what, send] of [
      ["answers nothing", () => Promise.resolve()],
      ["answers {}", () => Promise.resolve({})],
      ["rejects", () => Promise.reject(new TypeError("not mocked"))],
      ["throws", () => {
        throw new TypeError("not mocked");
      }],
      ["gives no promise", () => undefined as never],
      ["never answers", () => new Promise(() => {})],
    ] as const
  ) {
    Deno.test(`${hold}: a stub whose send ${what} leaves its entries undeleted`, async () => {
      const processor = new PartialSQSProcessor({ client: { send }, closeTimeoutMs: 50 });
      const error = await thrownBy({
        hold,
        processor,
        records: makeRecords("ok", "fail"),
        handler: handleBody,
      });
      assertEquals(error.undeleted.length, 1);
      assertEquals(error.failures.length, 1);
    });
  }

  Deno.test(`${hold}: a processor disposed before its batch is closed deletes nothing`, async () => {
    const sqs = await testSqs();
    const queue = await sqs.createQueue();
    const records = await queue.records("ok", "fail");
    const processor = new PartialSQSProcessor({ config: sqs.config });
    const error = await thrownBy({
      hold,
      processor,
      records,
      handler: handleBody,
      body: async (batch) => {
        processor[Symbol.dispose]();
        await batch.process();
      },
    });
    assertEquals(reasons(error), ["the processor was disposed"]);
    assertEquals(await queue.left(), 2);
  });

  Deno.test(`fauxqs, ${hold}: what a handler writes to its record does not change what is deleted`, async () => {
    const sqs = await testSqs();
    const queue = await sqs.createQueue();
    const [ok, fail] = await queue.records("ok", "fail");
    const handleOfFail = fail!.receiptHandle;
    const processor = new PartialSQSProcessor({ config: sqs.config });
    const error = await thrownBy({
      hold,
      processor,
      records: [ok!, fail!],
      handler: (record) => {
        const { body } = record;
        record.receiptHandle = handleOfFail;
        record.eventSourceARN = "redacted";
        record.body = "redacted";
        if (body === "fail") throw new Error("no such order");
      },
    });
    assertEquals(error.undeleted, []);
    const [request] = await sqs.proxy.requests("DeleteMessageBatch");
    assertEquals(request!.input.Entries.length, 1);
    await queue.makeVisible({ ...fail!, receiptHandle: handleOfFail });
    assertEquals((await queue.receive()).map(({ body }) => body), ["fail"]);
  });
}

for (
  const [hold, what, records, expected] of [
    ["await using", "one failure", ["ok", "fail"], 1],
    ["await using", "no failure", ["ok", "ok2"], 0],
    ["using", "one failure", ["ok", "fail"], 1],
    ["using", "no failure", ["ok", "ok2"], 0],
  ] as const
) {
  Deno.test(`${hold}: with ${what} the client is given ${expected} commands, and as often credentials`, async () => {
    const sqs = await testSqs();
    const queue = await sqs.createQueue();
    const batch = await queue.records(...records);
    let asked = 0;
    const client = new SQSClient({
      ...sqs.config,
      credentials: () => {
        asked++;
        return Promise.resolve({ accessKeyId: "AKIATEST", secretAccessKey: "secret-of-the-test" });
      },
    });
    let commands = 0;
    client.middlewareStack.add((next) => (args) => {
      commands++;
      return next(args);
    }, { step: "initialize" });
    await holding({
      hold,
      processor: new PartialSQSProcessor({ client }),
      records: batch,
      handler: handleBody,
    });
    assertEquals([commands, asked], [expected, expected]);
    client.destroy();
  });
}

Deno.test("await using: a stub sees DeleteMessageBatch with the queue's URL and indexes as ids", async () => {
  const commands: unknown[] = [];
  const client = {
    send(command: { input: object }) {
      commands.push(command);
      return Promise.resolve({ Successful: [{ Id: "0" }, { Id: "1" }] });
    },
  };
  const records = makeRecords("ok1", "fail", "ok2");
  const processor = new PartialSQSProcessor({ client });
  const error = await thrownBy({ hold: "await using", processor, records, handler: handleBody });
  assertEquals(error.undeleted, []);
  const [command] = commands;
  assertInstanceOf(command, DeleteMessageBatchCommand);
  assertEquals(command.input, {
    QueueUrl: "https://sqs.us-east-1.amazonaws.com/123456789012/orders",
    Entries: [
      { Id: "0", ReceiptHandle: records[0]!.receiptHandle },
      { Id: "1", ReceiptHandle: records[2]!.receiptHandle },
    ],
  });
});

Deno.test("a disposed processor destroys the client it made, and no other", async () => {
  const handlers = [0, 1].map(() => {
    const body = new TextEncoder().encode('{"Successful":[{"Id":"0"}]}');
    const handler = {
      destroyed: 0,
      handle: () => Promise.resolve({ response: { statusCode: 200, headers: {}, body } }),
      destroy: () => void handler.destroyed++,
    };
    return handler;
  });
  const configs = handlers.map((requestHandler) => ({
    region: "us-east-1",
    credentials: { accessKeyId: "a", secretAccessKey: "b" },
    requestHandler,
  })) as SQSClientConfig[];
  for (const options of [{ config: configs[0]! }, { client: new SQSClient(configs[1]!) }]) {
    using processor = new PartialSQSProcessor(options);
    const error = await thrownBy({
      hold: "await using",
      processor,
      records: makeRecords("ok", "fail"),
      handler: handleBody,
    });
    assertEquals(error.undeleted, []);
  }
  assertEquals(handlers.map(({ destroyed }) => destroyed), [1, 0]);
});
