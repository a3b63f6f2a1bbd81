import {
  PartialSQSProcessor,
  type PartialSQSProcessorOptions,
  type RequestMessage,
  type SQSBatchProcessingError,
  type UnconfirmedRecord,
} from "@partial-batch/sqs";
import { createFakeSqsClient, createSqsEvent, type FakeSqsFault } from "@partial-batch/sqs/testing";
import { assertEquals } from "@std/assert";
import type { SQSRecord } from "aws-lambda";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { makeRecord } from "../support/factories.ts";
import type { Fault } from "../support/fault_proxy.ts";
import { type Hold, holding, HOLDS } from "../support/hold.ts";
import { type ServerName, SERVERS } from "../support/test_queue.ts";
import { testSqs } from "../support/test_sqs.ts";

// The fake client says what a real server says: the same scenario has the same outcomes, the same
// reasons, the same requests and the same messages on the channel, whichever way the batch is held.

class NoSuchOrder extends Error {
  override readonly name = "NoSuchOrder";
}

/** `never…` fails for good, `fail…` fails, everything else is handled. */
function handle({ body }: SQSRecord): void {
  if (body.startsWith("never")) throw new NoSuchOrder(body);
  if (body.startsWith("fail")) throw new RangeError(body);
}

interface Scenario {
  readonly what: string;
  readonly bodies: readonly string[];
  readonly fifo?: boolean;
  readonly options?: PartialSQSProcessorOptions;
  /** Whether the queue has a redrive policy. */
  readonly hasDeadLetterQueue?: boolean;
  /** What the proxy does, and what the fake does. */
  readonly faults?: readonly [Fault, FakeSqsFault];
  /** A record of no queue, beside the others. */
  readonly stranger?: boolean;
  /** The one server that does as the SQS API reference says. */
  readonly only?: ServerName;
  /** Where a worker sends whole requests again, or twice, and the client itself would not. */
  readonly isRepeatedByWorker?: boolean;
}

const NEVER = { nonRetryable: { when: [NoSuchOrder] } };
const DELETE = "DeleteMessageBatch";

const SCENARIOS: readonly Scenario[] = [
  { what: "all handled", bodies: ["ok1", "ok2"] },
  { what: "some failed", bodies: ["ok1", "fail1", "ok2"] },
  { what: "more than one request", bodies: [...Array(12).keys(), "fail"].map(String) },
  {
    what: "a receipt handle of no queue",
    bodies: ["ok", "fail"],
    stranger: true,
    only: "local-aws-sqs",
  },
  { what: "moved", bodies: ["ok", "never1", "never2"], options: NEVER, hasDeadLetterQueue: true },
  {
    what: "moved in a FIFO queue",
    bodies: ["ok", "never", "fail"],
    fifo: true,
    options: NEVER,
    hasDeadLetterQueue: true,
  },
  { what: "no redrive policy", bodies: ["ok", "never"], options: NEVER },
  { what: "delayed", bodies: ["ok", "fail1", "fail2"], options: { retryDelay: 30 } },
  {
    what: "AccessDenied",
    bodies: ["ok", "fail"],
    faults: [
      { action: DELETE, kind: "status", status: 403, code: "AccessDenied" },
      { action: DELETE, kind: "refuse" },
    ],
  },
  {
    what: "an entry that fails on SQS's side, once",
    bodies: ["ok", "fail"],
    faults: [
      {
        action: DELETE,
        kind: "fail-entries",
        ids: ["0"],
        code: "InternalError",
        senderFault: false,
        times: 1,
      },
      { action: DELETE, kind: "fail", messageIds: ["m0"], times: 1 },
    ],
  },
  {
    what: "an entry that is refused",
    bodies: ["ok1", "ok2", "fail"],
    faults: [
      { action: DELETE, kind: "fail-entries", ids: ["0"], code: "X", senderFault: true },
      { action: DELETE, kind: "refuse", messageIds: ["m0"], code: "X" },
    ],
  },
  {
    what: "throttled once",
    bodies: ["ok", "fail"],
    faults: [
      { action: DELETE, kind: "status", status: 400, code: "RequestThrottled", times: 1 },
      { action: DELETE, kind: "throttle", times: 1 },
    ],
    isRepeatedByWorker: true,
  },
  {
    what: "a move that SQS throttles",
    bodies: ["ok", "never"],
    options: NEVER,
    hasDeadLetterQueue: true,
    faults: [
      { action: "SendMessageBatch", kind: "status", status: 400, code: "RequestThrottled" },
      { action: "SendMessageBatch", kind: "throttle" },
    ],
  },
  {
    what: "no answer",
    bodies: ["ok", "fail"],
    options: { closeTimeoutMs: 400 },
    faults: [{ action: DELETE, kind: "hang" }, { action: DELETE, kind: "hang" }],
    isRepeatedByWorker: true,
  },
];

/** What is to be the same. Queues and hosts have names of their own. */
interface End {
  readonly outcomes: readonly (readonly [body: string, status: string])[];
  readonly unconfirmed: readonly (readonly string[])[];
  readonly requests: readonly (readonly [action: string, entries: number])[];
  readonly channel: readonly unknown[];
}

/** Runs a batch, and tells what is to be the same of it. */
async function run(
  hold: Hold,
  options: PartialSQSProcessorOptions,
  records: readonly SQSRecord[],
): Promise<Omit<End, "requests">> {
  const messages: RequestMessage[] = [];
  const listener = (message: unknown) => void messages.push(message as RequestMessage);
  subscribe("partial-batch.sqs.request", listener);
  const processor = new PartialSQSProcessor(options);
  const { batch, thrown } = await holding({ hold, processor, records, handler: handle });
  unsubscribe("partial-batch.sqs.request", listener);
  const { unmoved = [], undelayed = [], undeleted = [] } = (thrown ?? {}) as Partial<
    SQSBatchProcessingError
  >;
  const told = (step: string, all: readonly UnconfirmedRecord[]) =>
    all.map(({ record, reason }) => [step, record.body, plain(reason)]);
  return {
    outcomes: batch.outcomes.map(({ record, status }) => [record.body, status]),
    unconfirmed: [
      ...told("unmoved", unmoved),
      ...told("undelayed", undelayed),
      ...told("undeleted", undeleted),
    ],
    channel: sorted(
      messages.map(({ action, entryCount, unconfirmedCount, reasons, attempt }) => ({
        action,
        entryCount,
        unconfirmedCount,
        reasons: reasons.map(plain),
        attempt,
      })),
    ),
  };
}

/** Requests that are under way at the same time arrive in any order. */
function sorted<T>(list: readonly T[]): T[] {
  return list.toSorted((a, b) => JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
}

/** A reason without the names of queues, and without the hint to those whose server is on loopback. */
function plain(reason: string): string {
  return reason.replace(/arn:\S+/g, "<queue>").replace(/; if the server runs .*/, "");
}

async function onServer(server: ServerName, hold: Hold, scenario: Scenario): Promise<End> {
  const { bodies, fifo, options, hasDeadLetterQueue, faults, stranger } = scenario;
  const sqs = await testSqs(server);
  const attributes = fifo ? { FifoQueue: "true" } : {};
  const deadLetters = await sqs.createQueue(attributes);
  const queue = await sqs.createQueue({
    ...attributes,
    ...(hasDeadLetterQueue && {
      RedrivePolicy: JSON.stringify({
        deadLetterTargetArn: await deadLetters.arn(),
        maxReceiveCount: 3,
      }),
    }),
  });
  const records = await queue.records(...bodies.map((body, index) => ({
    MessageBody: body,
    ...(fifo && { MessageGroupId: `g${index}`, MessageDeduplicationId: `d${index}` }),
  })));
  const all = stranger ? [...records, strangerOf(records)] : records;
  if (faults) await sqs.proxy.set(faults[0]);
  const end = await run(hold, { config: sqs.config, ...options }, all);
  const requests = (await sqs.proxy.requests()).map(({ action, input }) =>
    [action, input.Entries?.length ?? 0] as const
  );
  return { ...end, requests: sorted(requests) };
}

async function onFake(hold: Hold, scenario: Scenario): Promise<End> {
  const { bodies, fifo = false, options, hasDeadLetterQueue, faults, stranger } = scenario;
  const groups = bodies.map((_, index) => `g${index}`);
  const { Records } = createSqsEvent(bodies, fifo ? { fifo, groups } : {});
  const records = Records.map((record, index) => ({ ...record, messageId: `m${index}` }));
  const client = createFakeSqsClient({
    records,
    ...(hasDeadLetterQueue && { deadLetterQueue: fifo ? "dlq.fifo" : "dlq" }),
    ...(faults && { faults: [faults[1]] }),
  });
  const all = stranger ? [...records, strangerOf(records)] : records;
  const end = await run(hold, { client, ...options }, all);
  const requests = client.requests.map(({ action, input }) =>
    [action, "Entries" in input ? input.Entries!.length : 0] as const
  );
  return { ...end, requests: sorted(requests) };
}

function strangerOf([record]: readonly SQSRecord[]): SQSRecord {
  return makeRecord({ body: "stranger", eventSourceARN: record!.eventSourceARN });
}

for (const server of SERVERS) {
  for (const hold of HOLDS) {
    for (const scenario of SCENARIOS.filter(({ only = server }) => only === server)) {
      Deno.test(`createFakeSqsClient() does as ${server} does, ${hold}: ${scenario.what}`, async () => {
        const real = await onServer(server, hold, scenario);
        const fake = await onFake(hold, scenario);
        const isRepeated = hold === "using" && scenario.isRepeatedByWorker;
        assertEquals(
          isRepeated ? { ...fake, requests: real.requests, channel: real.channel } : fake,
          real,
        );
      });
    }
  }
}

for (const scenario of SCENARIOS) {
  Deno.test(`createFakeSqsClient() says the same under using as under await using: ${scenario.what}`, async () => {
    assertEquals(await onFake("using", scenario), await onFake("await using", scenario));
  });
}
