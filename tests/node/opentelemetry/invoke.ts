/**
 * What stands around a function on Lambda, in one process: starts OpenTelemetry's SDK and the
 * instrumentations that are asked for, then sends three messages to a new queue (each in a span of its
 * own), receives them and invokes the handler with them. Writes the spans as JSON.
 *
 *     node invoke.mjs <folder of the handler's file> <its name> <instrumentations>
 */
import { context, propagation, trace, type TracerProvider } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import type { SQSRecord } from "aws-lambda";
import { createRequire, register } from "node:module";
import process from "node:process";
import { pathToFileURL } from "node:url";

/** As much of the SDK as all its versions have. */
interface Sdk {
  readonly InMemorySpanExporter: new () => { getFinishedSpans(): FinishedSpan[] };
  readonly SimpleSpanProcessor: new (exporter: unknown) => unknown;
}

interface Provider extends TracerProvider {
  forceFlush(): Promise<void>;
}

/** A span of any version of the SDK. */
interface FinishedSpan {
  readonly name: string;
  readonly kind: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly status: { readonly code: number };
  readonly events: readonly { readonly name: string }[];
  readonly links: readonly { readonly context: { readonly spanId: string } }[];
  readonly parentSpanId?: string;
  readonly parentSpanContext?: { readonly spanId: string };
  readonly instrumentationScope?: { readonly name: string };
  readonly instrumentationLibrary?: { readonly name: string };
  spanContext(): { readonly traceId: string; readonly spanId: string };
}

const [folder, file, instrumentations] = process.argv.slice(2) as [string, string, string];
const require = createRequire(import.meta.url);

/** Starts the SDK, and gives where its spans end up. */
function startSdk(): { readonly provider: Provider; spans(): FinishedSpan[] } {
  const isNew = process.env.OTEL_SDK === "@opentelemetry/sdk-trace";
  const sdk: Sdk & Record<string, new (options: unknown) => never> = require(process.env.OTEL_SDK!);
  const exporter = new sdk.InMemorySpanExporter();
  const ProviderClass = sdk[isNew ? "TracerProvider" : "BasicTracerProvider"]!;
  const processor = new sdk.SimpleSpanProcessor(isNew ? { exporter } : exporter);
  const provider: Provider = new ProviderClass({ spanProcessors: [processor] });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(provider);
  return { provider, spans: () => exporter.getFinishedSpans() };
}

/** Turns the instrumentations on, before what they patch is loaded. */
function startInstrumentations(tracerProvider: unknown): void {
  Object.assign(process.env, { LAMBDA_TASK_ROOT: folder, _HANDLER: `${file}.handler` });
  register("@opentelemetry/instrumentation/hook.mjs", import.meta.url);
  const { registerInstrumentations } = require("@opentelemetry/instrumentation");
  const classes: Readonly<Record<string, string>> = {
    "aws-lambda": "AwsLambdaInstrumentation",
    "aws-sdk": "AwsInstrumentation",
  };
  const made = instrumentations.split(",").map((name) =>
    new (require(`@opentelemetry/instrumentation-${name}`)[classes[name]!])()
  );
  registerInstrumentations({ tracerProvider, instrumentations: made });
}

/** Sends messages, each in a span of its own, and receives them as the records of an event. */
async function sendAndReceive(bodies: readonly string[]): Promise<SQSRecord[]> {
  const sqs = await import("@aws-sdk/client-sqs");
  const client = new sqs.SQSClient(JSON.parse(process.env.SQS_CONFIG!));
  const { QueueUrl } = await client.send(
    new sqs.CreateQueueCommand({ QueueName: `orders-${crypto.randomUUID()}` }),
  );
  for (const MessageBody of bodies) {
    await trace.getTracer("shop").startActiveSpan(`checkout ${MessageBody}`, async (span) => {
      await client.send(new sqs.SendMessageCommand({ QueueUrl, MessageBody }));
      span.end();
    });
  }
  const { Messages = [] } = await client.send(
    new sqs.ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: 10,
      MessageAttributeNames: ["All"],
    }),
  );
  return Messages.map(({ MessageId, ReceiptHandle, Body, MessageAttributes = {} }) => ({
    messageId: MessageId!,
    receiptHandle: ReceiptHandle!,
    body: Body!,
    attributes: {} as SQSRecord["attributes"],
    messageAttributes: Object.fromEntries(
      Object.entries(MessageAttributes).map(([name, { DataType, StringValue }]) => [
        name,
        { dataType: DataType as "String", stringValue: StringValue! },
      ]),
    ),
    md5OfBody: "",
    eventSource: "aws:sqs",
    eventSourceARN: `arn:aws:sqs:us-east-1:000000000000:${QueueUrl!.split("/").at(-1)}`,
    awsRegion: "us-east-1",
  }));
}

async function loadHandler(): Promise<(event: unknown, context: unknown) => Promise<unknown>> {
  const path = `${folder}/${file}`;
  if (file.endsWith("cjs")) return require(`${path}.js`).handler;
  return (await import(pathToFileURL(`${path}.mjs`).href)).handler;
}

const { provider, spans } = startSdk();
if (instrumentations !== "none") startInstrumentations(provider);
const Records = await sendAndReceive(["ok1", "fail", "ok2"]);
const before = spans().length;
const invoke = await loadHandler();
const thrown = await invoke({ Records }, {
  functionName: "orders-function",
  awsRequestId: crypto.randomUUID(),
  invokedFunctionArn: "arn:aws:lambda:us-east-1:000000000000:function:orders-function",
  getRemainingTimeInMillis: () => 30_000,
}).catch((error: Error) => error.name);
await provider.forceFlush();
const flat = spans().map((span, index) => ({
  phase: index < before ? "sending" : "invocation",
  scope: (span.instrumentationScope ?? span.instrumentationLibrary)?.name,
  name: span.name,
  kind: span.kind,
  ...span.spanContext(),
  parent: span.parentSpanContext?.spanId ?? span.parentSpanId,
  status: span.status.code,
  attributes: span.attributes,
  events: span.events.map(({ name }) => name),
  links: span.links.map(({ context }) => context.spanId),
}));
const messages = Records.map(({ messageId, body }) => ({ messageId, body }));
process.stdout.write(JSON.stringify({ thrown, messages, spans: flat }));
