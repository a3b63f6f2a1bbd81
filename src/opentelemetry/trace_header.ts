import { isSpanContextValid, type SpanContext, TraceFlags } from "@opentelemetry/api";

/**
 * Parses a trace header of X-Ray, as SQS gives it in `AWSTraceHeader`
 * (`Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`, see the AWS X-Ray
 * developer guide, "Tracing header").
 *
 * @returns The span that it names; `undefined` if it names none.
 */
export function parseTraceHeader(header: string): SpanContext | undefined {
  const fields = new Map(
    header.split(";").map((field) => {
      const [name = "", value = ""] = field.split("=", 2);
      return [name.trim(), value.trim().toLowerCase()];
    }),
  );
  const root = /^1-([\da-f]{8})-([\da-f]{24})$/.exec(fields.get("Root") ?? "");
  if (!root) return undefined;
  const spanContext = {
    traceId: `${root[1]}${root[2]}`,
    spanId: fields.get("Parent") ?? "",
    traceFlags: fields.get("Sampled") === "1" ? TraceFlags.SAMPLED : TraceFlags.NONE,
    isRemote: true,
  };
  return isSpanContextValid(spanContext) ? spanContext : undefined;
}
