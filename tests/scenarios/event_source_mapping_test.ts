/** Lambda's rules, as `@partial-batch/sqs/local` plays them, on both servers. */
import {
  type EventSourceMapping,
  type EventSourceMappingOptions,
  type Invocation,
  pollOnce,
  startEventSourceMapping,
} from "@partial-batch/sqs/local";
import { withSqsBatch } from "@partial-batch/sqs";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import type { SQSEvent, SQSHandler, SQSRecord } from "aws-lambda";
import { SERVERS, type TestQueue } from "../support/test_queue.ts";
import { testSqs } from "../support/test_sqs.ts";

const bodiesOf = (records: readonly SQSRecord[]) => records.map(({ body }) => body).toSorted();

function start(
  queue: TestQueue,
  options: Omit<EventSourceMappingOptions, "client" | "queueUrl">,
): EventSourceMapping {
  const { client, url: queueUrl } = queue;
  return startEventSourceMapping({ client, queueUrl, waitTimeSeconds: 0, ...options });
}

async function take(mapping: EventSourceMapping, count: number): Promise<Invocation[]> {
  const taken: Invocation[] = [];
  for await (const invocation of mapping) {
    if (taken.push(invocation) === count) break;
  }
  return taken;
}

/** A promise and what settles it; newer than Node 20. */
const gate = () => Promise.withResolvers<void>();

for (const server of SERVERS) {
  const sqs = await testSqs(server);
  const claim = (what: string, check: () => Promise<void>) =>
    Deno.test(`${server}: ${what}`, check);

  claim("a mapping deletes everything after a normal return", async () => {
    const queue = await sqs.createQueue();
    await queue.send("a", "b");
    const seen: string[] = [];
    await using mapping = start(queue, {
      handler: (event) => {
        seen.push(...bodiesOf(event.Records));
        return "whatever";
      },
    });
    const [invocation] = await take(mapping, 1);
    assertEquals(bodiesOf(invocation!.deletedByLambda), ["a", "b"]);
    assertEquals(seen.toSorted(), ["a", "b"]);
    assertEquals(invocation!.result, "whatever");
    assertEquals([invocation!.reason, invocation!.error], [undefined, undefined]);
    assertEquals(await queue.left(), 0);
  });

  claim("a mapping deletes nothing after an error, sync or async, or of undefined", async () => {
    const queue = await sqs.createQueue();
    const handlers = [
      () => {
        throw new RangeError("sync");
      },
      () => Promise.reject(new RangeError("async")),
      () => Promise.reject(undefined),
      () => 1n,
    ];
    for (const handler of handlers) {
      await queue.send("a");
      const invocation = await queue.poll({ handler, visibilityTimeoutSeconds: 60 });
      assertEquals(invocation?.deletedByLambda, []);
      assertEquals(invocation?.result, undefined);
      assertStringIncludes(invocation!.reason!, "the handler threw");
    }
    assertEquals(await queue.left(), handlers.length);
  });

  claim("a mapping returns the listed messages only", async () => {
    const queue = await sqs.createQueue();
    await queue.send("ok1", "fail", "ok2");
    const handler = withSqsBatch(({ body }) => {
      if (body === "fail") throw new Error(body);
    }, { reportItemFailures: true });
    const invocation = await queue.poll({ handler, reportBatchItemFailures: true });
    assertEquals(bodiesOf(invocation!.deletedByLambda), ["ok1", "ok2"]);
    assertEquals(invocation?.reason, undefined);
    assertEquals(await queue.left(), 1);
  });

  claim("a mapping returns the batch after a malformed response, and says why", async () => {
    const queue = await sqs.createQueue();
    await queue.send("a", "b");
    const handler = () => ({ batchItemFailures: [{ itemIdentifier: "unknown" }] });
    const invocation = await queue.poll({ handler, reportBatchItemFailures: true });
    assertEquals(invocation?.deletedByLambda, []);
    assertStringIncludes(invocation!.reason!, "is the id of no message of the batch");
    assertEquals(await queue.left(), 2);
  });

  claim("an invocation that outlives its deadline is given up, its result ignored", async () => {
    const queue = await sqs.createQueue();
    await queue.send("slow");
    const { promise, resolve } = gate();
    let remaining: number | undefined;
    const invocation = await queue.poll({
      functionTimeoutMs: 200,
      handler: (_, context) => {
        remaining = context.getRemainingTimeInMillis();
        return promise;
      },
    });
    resolve();
    await promise;
    assert(invocation?.timedOut);
    assertInstanceOf(invocation?.error, Error);
    assertEquals((invocation.error as Error).name, "TimeoutError");
    assert(remaining! > 0 && remaining! <= 200, `${remaining}`);
    assertEquals(invocation.deletedByLambda, []);
    assertEquals(await queue.left(), 1);
  });

  claim("a handler that blocks past its deadline has timed out", async () => {
    const queue = await sqs.createQueue();
    await queue.send("slow");
    const invocation = await queue.poll({
      functionTimeoutMs: 50,
      handler: () => {
        const end = Date.now() + 100;
        while (Date.now() < end);
      },
    });
    assert(invocation?.timedOut);
    assertEquals(await queue.left(), 1);
  });

  claim("a handler with a callback may answer by it", async () => {
    const queue = await sqs.createQueue();
    const answer: SQSHandler = (_event, _context, callback) => callback(null);
    const fail: SQSHandler = (_event, _context, callback) => callback("no");
    for (const [handler, deleted] of [[fail, 0], [answer, 1]] as const) {
      await queue.send("a");
      const invocation = await queue.poll({ handler, batchSize: 1 });
      assertEquals(invocation?.deletedByLambda.length, deleted);
    }
  });

  claim("a handler that changes its event does not change what is deleted", async () => {
    const queue = await sqs.createQueue();
    await queue.send("a", "b");
    const handler = ({ Records }: SQSEvent) => {
      for (const record of Records) record.receiptHandle = "";
      Records.length = 0;
    };
    assertEquals((await queue.poll({ handler }))?.deletedByLambda.length, 2);
    assertEquals(await queue.left(), 0);
  });

  claim("a batch has what the queue gives, up to batchSize", async () => {
    const queue = await sqs.createQueue();
    await queue.send(...Array.from({ length: 25 }, (_, index) => `${index}`));
    const sizes: number[] = [];
    const handler = ({ Records }: SQSEvent) => void sizes.push(Records.length);
    while (await queue.poll({ handler, batchSize: 12 }));
    assertEquals(sizes, [12, 12, 1]);
  });

  claim("a batching window waits for more", async () => {
    const queue = await sqs.createQueue();
    await queue.send("first");
    await using mapping = start(queue, {
      handler: () => {},
      batchSize: 2,
      maximumBatchingWindowSeconds: 20,
    });
    await queue.send("second");
    const [invocation] = await take(mapping, 1);
    assertEquals(bodiesOf(invocation!.records), ["first", "second"]);
  });

  claim("a message that comes twice while a batch is gathered is in it once", async () => {
    const queue = await sqs.createQueue();
    await queue.send("a");
    const invocation = await queue.poll({
      handler: () => {},
      batchSize: 2,
      maximumBatchingWindowSeconds: 2,
      visibilityTimeoutSeconds: 1,
    });
    const [record, ...more] = invocation!.records;
    assertEquals([more.length, invocation!.deletedByLambda.length], [0, 1]);
    assert(Number(record!.attributes.ApproximateReceiveCount) >= 2);
  });

  claim("at most maximumConcurrency invocations run at the same time", async () => {
    const queue = await sqs.createQueue();
    await queue.send("1", "2", "3", "4");
    const both = gate();
    let running = 0;
    let most = 0;
    await using mapping = start(queue, {
      batchSize: 1,
      maximumConcurrency: 2,
      handler: async () => {
        most = Math.max(most, ++running);
        if (running === 2) both.resolve();
        await both.promise;
        running--;
      },
    });
    await take(mapping, 4);
    assertEquals(most, 2);
  });

  claim("no two batches of one message group run at the same time", async () => {
    const queue = await sqs.createQueue({
      FifoQueue: "true",
      ContentBasedDeduplication: "true",
      VisibilityTimeout: "60",
    });
    const groups = ["a", "b", "a", "b", "a", "b"];
    await queue.send(...groups.map((MessageGroupId, index) => ({
      MessageBody: `${MessageGroupId}${index}`,
      MessageGroupId,
    })));
    const running = new Set<string>();
    const handled: string[] = [];
    await using mapping = start(queue, {
      batchSize: 1,
      maximumConcurrency: 5,
      handler: async ({ Records: [record] }) => {
        const { body, attributes: { MessageGroupId: group } } = record!;
        assert(!running.has(group!), `${group} already runs`);
        running.add(group!);
        await new Promise((resolve) => setTimeout(resolve, 5));
        running.delete(group!);
        handled.push(body);
      },
    });
    const invocations = await take(mapping, groups.length);
    assertEquals(invocations.map(({ error }) => error), groups.map(() => undefined));
    for (const group of ["a", "b"]) {
      const inOrder = handled.filter((body) => body.startsWith(group));
      assertEquals(inOrder, inOrder.toSorted());
    }
  });

  claim("messages that were not deleted come back after the visibility timeout", async () => {
    const queue = await sqs.createQueue({ VisibilityTimeout: "1" });
    await queue.send("a");
    let calls = 0;
    await using mapping = start(queue, {
      handler: () => {
        if (++calls === 1) throw new Error("not yet");
      },
    });
    const [first, second] = await take(mapping, 2);
    assertEquals(first!.records[0]!.messageId, second!.records[0]!.messageId);
    assertEquals(second!.deletedByLambda.length, 1);
  });

  claim("a stopped mapping handles nothing more, and its iteration ends", async () => {
    const queue = await sqs.createQueue();
    const mapping = start(queue, { handler: () => {} });
    await queue.send("a");
    await take(mapping, 1);
    await mapping.stop();
    await mapping.stop();
    await queue.send("b");
    assertEquals(await take(mapping, 1), []);
    assertEquals(await queue.left(), 1);
  });

  claim("stop() waits for what runs, and that is told too", async () => {
    const queue = await sqs.createQueue();
    await queue.send("a");
    const [begun, end] = [gate(), gate()];
    const mapping = start(queue, {
      handler: async () => {
        begun.resolve();
        await end.promise;
      },
    });
    await begun.promise;
    const stopped = mapping.stop();
    end.resolve();
    await stopped;
    assertEquals((await take(mapping, 1)).length, 1);
    assertEquals(await queue.left(), 0);
  });

  claim("what a stopped mapping had gathered is visible at once", async () => {
    const queue = await sqs.createQueue({ VisibilityTimeout: "600" });
    await queue.send("a");
    const mapping = start(queue, {
      handler: () => {},
      batchSize: 2,
      maximumBatchingWindowSeconds: 300,
    });
    const { promise: received, resolve } = gate();
    const watch = setInterval(async () => {
      const { ApproximateNumberOfMessagesNotVisible: inFlight } = await queue.attributes();
      if (inFlight === "1") resolve();
    }, 20);
    await received;
    clearInterval(watch);
    await mapping.stop();
    assertEquals(bodiesOf(await queue.receive()), ["a"]);
  });
}

const sqs = await testSqs();

Deno.test("a mapping makes a client from endpoint and region, and destroys it", async () => {
  const queue = await sqs.createQueue();
  await queue.send("a");
  const endpoint = sqs.proxy.endpoint;
  const queueUrl = await queue.urlAt(endpoint);
  const options = { queueUrl, endpoint, region: "us-east-1", handler: () => {} };
  assertEquals((await pollOnce(options))?.deletedByLambda.length, 1);
  await queue.send("b");
  await using mapping = startEventSourceMapping(options);
  assertEquals((await take(mapping, 1))[0]!.deletedByLambda.length, 1);
});

Deno.test("a mapping that cannot ask SQS tells so by its iteration", async () => {
  const queue = await sqs.createQueue();
  await using mapping = startEventSourceMapping({
    client: queue.client,
    queueUrl: `${queue.url}-missing`,
    handler: () => {},
  });
  await assertRejects(() => take(mapping, 1), Error, "does not exist");
  assertEquals(await take(mapping, 1), []);
});

Deno.test("a mapping that cannot ask SQS tells so by stop() if nobody iterates", async () => {
  const queue = await sqs.createQueue();
  const mapping = startEventSourceMapping({
    client: queue.client,
    queueUrl: `${queue.url}-missing`,
    handler: () => {},
  });
  await assertRejects(() => mapping.stop(), Error, "does not exist");
  await mapping.stop();
});

Deno.test("a message whose deletion SQS refuses is not deletedByLambda", async () => {
  const queue = await sqs.createQueue();
  await queue.send("a", "b");
  await sqs.proxy.set({
    action: "DeleteMessageBatch",
    kind: "fail-entries",
    ids: ["0"],
    code: "InternalError",
    senderFault: false,
  });
  const invocation = await pollOnce({
    queueUrl: await queue.urlAt(sqs.proxy.endpoint),
    handler: () => {},
  });
  assertEquals(invocation?.deletedByLambda.length, 1);
});
