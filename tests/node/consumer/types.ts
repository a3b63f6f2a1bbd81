/**
 * A strict consumer's code, type-checked against the installed package: what must compile, and what
 * must not.
 */
import { Logger as PowertoolsLogger } from "@aws-lambda-powertools/logger";
import { SNSClient } from "@aws-sdk/client-sns";
import { SQSClient } from "@aws-sdk/client-sqs";
import {
  BasePartialProcessor,
  type Batch,
  jsonBody,
  type Outcome,
  PartialSQSProcessor,
  type RecordContext,
  type SqsClientLike,
  withBatchProcessor,
  withSqsBatch,
  type WithSqsBatchOptions,
} from "@partial-batch/sqs";
import { emitMetrics, type EmitMetricsOptions } from "@partial-batch/sqs/metrics";
import { currentRecord } from "@partial-batch/sqs/current-record";
import { type FailureEntry, logFailures } from "@partial-batch/sqs/logs";
import { traceRecords, type TraceRecordsOptions } from "@partial-batch/sqs/opentelemetry";
import {
  createFakeSqsClient,
  createLambdaContext,
  createSqsEvent,
  createSqsRecord,
  type FakeSqsClient,
  type FakeSqsFault,
} from "@partial-batch/sqs/testing";
import type {
  Context,
  Handler,
  SQSBatchResponse,
  SQSEvent,
  SQSHandler,
  SQSRecord,
} from "aws-lambda";
import { getLogger } from "@logtape/logtape";
import { pino } from "pino";
import * as winston from "winston";
// A second copy of the SDK, in another version: its client is of another type.
import { SQSClient as OldSQSClient } from "sqs-old";
import { SQSClient as SecondSQSClient } from "sqs-second";
import * as z from "zod";

const processor = new PartialSQSProcessor({ client: new SQSClient({}), concurrency: 5 });

export const secondCopy: SqsClientLike = new SecondSQSClient({});
export const oldCopy: SqsClientLike = new OldSQSClient({});
export const withSecondCopy = new PartialSQSProcessor({ client: new SecondSQSClient({}) });

export const asyncHeld = async (event: SQSEvent, context: Context): Promise<void> => {
  await using batch = processor.open(event.Records, (record) => record.body.length, { context });
  const outcomes: readonly Outcome<number>[] = await batch.process();
  for (const outcome of outcomes) {
    if (outcome.status === "success") outcome.result.toFixed();
  }
};

export const held = async (event: SQSEvent): Promise<void> => {
  using batch = processor.open(event.Records, async () => {});
  await batch.process();
};

export const asSqsHandler: SQSHandler = withSqsBatch((record, { lambdaContext, signal }) => {
  lambdaContext.getRemainingTimeInMillis().toFixed();
  signal.throwIfAborted();
  return record.messageId;
});

export const withResult: (event: SQSEvent, context: Context) => Promise<number> = withSqsBatch(
  () => {},
  { lambdaHandler: () => Promise.resolve(7) },
);

export const responding: (event: SQSEvent, context: Context) => Promise<SQSBatchResponse> =
  withSqsBatch(() => {}, { reportItemFailures: true });

declare const either: boolean;
export const maybeResponding: SQSHandler = withSqsBatch(() => {}, { reportItemFailures: either });

export const verified: (event: SQSEvent, context: Context) => Promise<SQSBatchResponse> =
  withSqsBatch(() => {}, { reportItemFailures: "verified" });
export const maybeVerified: SQSHandler = withSqsBatch(() => {}, {
  reportItemFailures: either && "verified",
});
export const verifyingProcessor = new PartialSQSProcessor({ reportItemFailures: "verified" });
export const knownOptions: WithSqsBatchOptions = { reportItemFailures: "verified" };

const Order = z.object({ id: z.string() });
export const typed: SQSHandler = withSqsBatch(
  jsonBody(Order, (order, record, { lambdaContext }) => {
    const id: string = order.id;
    return [id, record.messageId, lambdaContext.awsRequestId];
  }),
);

export class Custom extends BasePartialProcessor {
  protected override async _processRecord<T>(
    record: SQSRecord,
    batch: Batch<T>,
    recordContext: RecordContext,
  ): Promise<Outcome<T>> {
    return { status: "success", record, result: await batch.handler(record, recordContext) };
  }

  protected override failureHandler(record: SQSRecord, error: unknown, batch: Batch) {
    return super.failureHandler(record, error, batch);
  }

  protected override async _clean(batch: Batch): Promise<void> {
    await Promise.all(batch.exceptions);
  }
}

export class SyncHooks extends BasePartialProcessor {
  protected override _processRecord<T>(
    record: SQSRecord,
    batch: Batch<T>,
    recordContext: RecordContext,
  ): Outcome<T> | Promise<Outcome<T>> {
    return super._processRecord(record, batch, recordContext);
  }
}

export const counting: (event: SQSEvent, context: Context) => Promise<number | SQSBatchResponse> =
  withSqsBatch(() => {}, {
    reportItemFailures: either,
    lambdaHandler: (event) => event.Records.length,
  });

declare const perhaps: { readonly suspectAfter?: number };
export const isolating: SQSHandler = withSqsBatch(() => {}, { suspectAfter: 3 });
export const perhapsIsolating: (event: SQSEvent, context: Context) => Promise<number> =
  withSqsBatch(() => {}, { ...perhaps, lambdaHandler: (event) => event.Records.length });
export const shared = (options: WithSqsBatchOptions): SQSHandler =>
  withSqsBatch(() => {}, { concurrency: 5, ...options });
export const isolatingAndResponding: (
  event: SQSEvent,
  context: Context,
) => Promise<SQSBatchResponse> = withSqsBatch(() => {}, {
  suspectAfter: 3,
  reportItemFailures: true,
});

export const custom: SQSHandler = withBatchProcessor(new Custom(), () => {});

// @ts-expect-error -- no such option
new PartialSQSProcessor({ supressException: true });
// @ts-expect-error -- no client
new PartialSQSProcessor({ client: {} });
// @ts-expect-error -- a client of another service
new PartialSQSProcessor({ client: new SNSClient({}) });
// @ts-expect-error -- no such option
withSqsBatch(() => {}, { supressException: true });
// @ts-expect-error -- a response lists every failure
withSqsBatch(() => {}, { reportItemFailures: true, suppressException: true });
// @ts-expect-error -- the invocation returns the response
withSqsBatch(() => {}, { reportItemFailures: true, lambdaHandler: () => "done" });
// @ts-expect-error -- messages are deleted before lambdaHandler could return them
withSqsBatch(() => {}, { suspectAfter: 3, lambdaHandler: () => "done" });
export const annotated: Handler<SQSEvent, SQSBatchResponse> = withSqsBatch(() => {}, {
  reportItemFailures: true,
});
// @ts-expect-error -- without reportItemFailures it returns nothing
export const annotatedInVain: Handler<SQSEvent, SQSBatchResponse> = withSqsBatch(() => {});
// @ts-expect-error -- it may return nothing
export const annotatedAsBoth: Handler<SQSEvent, SQSBatchResponse> = withSqsBatch(() => {}, {
  reportItemFailures: Math.random() > 0.5,
});
// @ts-expect-error -- a response lists every failure
withSqsBatch(() => {}, { reportItemFailures: "verified", suppressException: true });
// @ts-expect-error -- the invocation returns the response
withSqsBatch(() => {}, { reportItemFailures: "verified", lambdaHandler: () => "done" });
// @ts-expect-error -- no such mode
withSqsBatch(() => {}, { reportItemFailures: "maybe" });
// @ts-expect-error -- the event instead of its records
export const wholeEvent = (event: SQSEvent) => processor.open(event, () => {});
// @ts-expect-error -- there may be no context outside a wrapper
export const noContext = processor.open([], (_, { lambdaContext }) => lambdaContext.awsRequestId);
// @ts-expect-error -- no number
export const noNumber = withSqsBatch(jsonBody(Order, (order) => order.id.toFixed()));

const fault: FakeSqsFault = { kind: "refuse", action: "DeleteMessageBatch", messageIds: ["m1"] };
export const fake: FakeSqsClient = createFakeSqsClient({ deadLetterQueue: "dlq", faults: [fault] });
export const fakeAsClient: SqsClientLike = fake;
export const tested: Promise<unknown> = Promise.resolve(
  withSqsBatch(() => {}, { client: fake })(
    createSqsEvent([{ id: 1 }, createSqsRecord({ body: [1] })]),
    createLambdaContext({ remainingMs: 1_000 }),
  ),
);
export const asked: readonly string[] = fake.requests.map((request) =>
  request.action === "SendMessageBatch" ? request.input.Entries?.[0]?.MessageBody ?? "" : ""
);
// @ts-expect-error -- no such fault
createFakeSqsClient({ faults: [{ kind: "drop" }] });
// @ts-expect-error -- the lists are the client's
fake.deleted.push("m1");

const metrics: EmitMetricsOptions = { namespace: "Orders", dimensions: { Stage: "prod" } };
export const stopMetrics: Disposable = emitMetrics({ ...metrics, write: (line) => line.trim() });
// @ts-expect-error -- no namespace
emitMetrics({ dimensions: {} });
// @ts-expect-error -- no text
emitMetrics({ namespace: "Orders", dimensions: { Version: 1 } });
export const logging: readonly Disposable[] = [
  logFailures(console),
  logFailures(console, { level: "debug" }),
  logFailures(pino({ mixin: () => ({ messageId: currentRecord()?.messageId }) })),
  logFailures(pino().child({ a: 1 }, { serializers: {} }), { level: "warn" }),
  logFailures(new PowertoolsLogger(), { level: "info" }),
  logFailures(getLogger("orders"), { level: "warn" }),
  logFailures(winston.createLogger()),
  logFailures({ error: (text, { messageId, error }) => [text.length, messageId.length, error] }),
  logFailures({
    error: (text: string, { reason }: FailureEntry) => Promise.resolve([text, reason]),
  }),
];
export const record: SQSRecord | undefined = currentRecord();
// @ts-expect-error -- no logger
logFailures({});
// @ts-expect-error -- no such method
logFailures({ error: () => {} }, { level: "warn" });
// @ts-expect-error -- no error()
logFailures({ warn: () => {} });
// @ts-expect-error -- no such level
logFailures(console, { level: "fatal" });
// @ts-expect-error -- not what it is called with
logFailures({ error: (code: number) => code });
const tracing: TraceRecordsOptions = {};
export const traced: Disposable = traceRecords(tracing);
// @ts-expect-error -- no tracer provider
traceRecords({ tracerProvider: {} });
