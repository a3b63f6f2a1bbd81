/** Deno has an SDK of OpenTelemetry of its own (`OTEL_DENO=true`): here it exports to a collector of ours. */
import { assert, assertEquals } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { runScript } from "../support/run_script.ts";

const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

const SCRIPT = `
import { trace } from "@opentelemetry/api";
import { BasePartialProcessor } from "@partial-batch/sqs";
import { traceRecords } from "@partial-batch/sqs/opentelemetry";

traceRecords();
class Processor extends BasePartialProcessor {}
const traceparent = { stringValue: "${TRACEPARENT}", dataType: "String" };
const records = ["ok", "fail"].map((body) => ({
  messageId: body,
  receiptHandle: body,
  body,
  messageAttributes: { traceparent },
  attributes: {},
  eventSourceARN: "arn:aws:sqs:eu-west-1:123456789012:orders",
}));
await new Processor().run(records, async ({ body }) => {
  await new Promise((resolve) => setTimeout(resolve, 2));
  trace.getTracer("orders").startSpan("ship " + body).end();
  if (body === "fail") throw new RangeError("no such order");
}).catch(() => {});
`;

/** As OTLP has it in JSON. */
interface OtlpSpan {
  readonly name: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status?: { readonly code?: number };
  readonly links?: readonly { readonly spanId: string }[];
  readonly attributes: readonly {
    readonly key: string;
    readonly value: { readonly stringValue?: string };
  }[];
}

interface OtlpRequest {
  readonly resourceSpans?: readonly {
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
  }[];
}

/** Runs the script, and gives the spans that it exported. */
async function exportedSpans(): Promise<readonly OtlpSpan[]> {
  const spans: OtlpSpan[] = [];
  await using collector = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (
    request,
  ) => {
    const { resourceSpans = [] }: OtlpRequest = await request.json();
    spans.push(
      ...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)),
    );
    return Response.json({});
  });
  const { code, stderr } = await runScript(SCRIPT, ["--allow-env"], {
    "@opentelemetry/api": config.imports["@opentelemetry/api"],
    "@partial-batch/sqs/opentelemetry":
      new URL("../../src/opentelemetry/mod.ts", import.meta.url).href,
  }, {
    OTEL_DENO: "true",
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.addr.port}`,
  });
  assertEquals(code, 0, stderr);
  return spans;
}

Deno.test("traceRecords() works with Deno's own OpenTelemetry", async () => {
  const spans = await exportedSpans();
  const ofRecord = (id: string) =>
    spans.find(({ attributes }) =>
      attributes.some(({ key, value }) =>
        key === "messaging.message.id" && value.stringValue === id
      )
    );
  const batch = spans.find(({ parentSpanId }) => !parentSpanId);
  assertEquals(batch?.name, "process orders");
  for (const [id, status] of [["ok", 0], ["fail", 2]] as const) {
    const span = ofRecord(id);
    assert(span);
    assertEquals(span.parentSpanId, batch?.spanId);
    assertEquals(span.links?.map(({ spanId }) => spanId), ["b7ad6b7169203331"]);
    assertEquals(span.status?.code ?? 0, status);
    assert(
      BigInt(span.endTimeUnixNano) > BigInt(span.startTimeUnixNano),
      "it ends where it starts",
    );
    const child = spans.find(({ name }) => name === `ship ${id}`);
    assertEquals(child?.parentSpanId, span.spanId);
  }
  assertEquals(spans.length, 5);
});
