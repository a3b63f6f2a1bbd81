import {
  context,
  type ContextManager,
  diag,
  DiagLogLevel,
  ROOT_CONTEXT,
  type Span,
  type TracerProvider,
} from "@opentelemetry/api";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { PartialSQSProcessor, SQSBatchProcessingError } from "@partial-batch/sqs";
import { traceRecords } from "@partial-batch/sqs/opentelemetry";
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { handleBody } from "../../support/factories.ts";
import { holding, HOLDS } from "../../support/hold.ts";
import { RecordedSpans } from "../../support/recorded_spans.ts";
import { testSqs } from "../../support/test_sqs.ts";

class TracerError extends Error {
  override name = "TracerError";
}

/** An object of which some methods throw. */
function failing<T extends object>(object: T, methods: readonly string[]): T {
  return new Proxy(object, {
    get(target, name) {
      if (methods.includes(String(name))) {
        return () => {
          throw new TracerError(String(name));
        };
      }
      const member = Reflect.get(target, name);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

/** A provider whose tracers or spans throw. */
function failingProvider(spans: RecordedSpans, methods: readonly string[]): TracerProvider {
  return {
    getTracer(...args) {
      const tracer = failing(spans.provider.getTracer(...args), methods);
      const startSpan = (...given: Parameters<typeof tracer.startSpan>): Span =>
        failing(tracer.startSpan(...given), methods);
      return Object.assign(Object.create(tracer), { startSpan });
    },
  };
}

/** Hears what OpenTelemetry's diagnostics are told. */
function hearDiagnostics() {
  const heard: unknown[] = [];
  const logger = { error: (...args: unknown[]) => void heard.push(...args) };
  const silent = { warn() {}, info() {}, debug() {}, verbose() {} };
  diag.setLogger({ ...logger, ...silent }, { logLevel: DiagLogLevel.ALL });
  return { heard, [Symbol.dispose]: () => diag.disable() };
}

/** One of three records fails, and one is not deleted: a trace tells of both. */
async function processBatch(hold: typeof HOLDS[number]): Promise<void> {
  const sqs = await testSqs();
  const queue = await sqs.createQueue();
  const records = await queue.records("ok1", "fail", "ok2");
  const fault = { kind: "fail-entries", code: "InternalError", senderFault: true } as const;
  await sqs.proxy.set({ action: "DeleteMessageBatch", times: 1, ids: ["1"], ...fault });
  const calls: string[] = [];
  const { batch, thrown } = await holding({
    hold,
    processor: new PartialSQSProcessor({ config: sqs.config }),
    records,
    handler: (record) => {
      calls.push(record.body);
      return handleBody(record);
    },
  });
  assertEquals(calls, ["ok1", "fail", "ok2"]);
  assertEquals(batch.outcomes.map(({ status }) => status), ["success", "fail", "success"]);
  assertInstanceOf(thrown, SQSBatchProcessingError);
  assertEquals(thrown.errors.map(({ name }) => name), ["RangeError"]);
  assertEquals(thrown.undeleted.length, 1);
  assertEquals(await sqs.calls(), 1);
  assertEquals(await queue.left(), 2);
}

const METHODS = [
  "startSpan",
  "addEvent",
  "setAttribute",
  "setAttributes",
  "setStatus",
  "recordException",
  "end",
];

for (const hold of HOLDS) {
  for (const methods of [...METHODS.map((method) => [method]), METHODS]) {
    Deno.test(`${hold}: a batch is the same where the tracer throws: ${methods.join()}`, async () => {
      using spans = new RecordedSpans();
      using diagnostics = hearDiagnostics();
      using _tracing = traceRecords({ tracerProvider: failingProvider(spans, methods) });
      await processBatch(hold);
      assert(diagnostics.heard.some((each) => each instanceof TracerError));
    });
  }

  Deno.test(`${hold}: a batch is the same where the diagnostics throw, too`, async () => {
    using spans = new RecordedSpans();
    const logger = failing(console, ["error"]);
    diag.setLogger({ ...console, verbose() {}, error: logger.error }, {
      suppressOverrideMessage: true,
    });
    try {
      using _tracing = traceRecords({ tracerProvider: failingProvider(spans, METHODS) });
      await processBatch(hold);
    } finally {
      diag.disable();
    }
  });

  const MANAGERS: Readonly<Record<string, Partial<ContextManager>>> = {
    "active() throws": {
      active() {
        throw new TracerError();
      },
    },
    "with() throws before it calls": {
      with() {
        throw new TracerError();
      },
    },
    "with() throws after it has called": {
      with(_context, work, thisArg, ...args) {
        work.call(thisArg as never, ...args);
        throw new TracerError();
      },
    },
  };

  for (const [name, manager] of Object.entries(MANAGERS)) {
    Deno.test(`${hold}: a batch is the same where the context manager's ${name}`, async () => {
      using _spans = new RecordedSpans();
      context.disable();
      context.setGlobalContextManager({
        active: () => ROOT_CONTEXT,
        with: (_context, work, thisArg, ...args) => work.call(thisArg as never, ...args),
        bind: (_context, target) => target,
        enable() {
          return this;
        },
        disable() {
          return this;
        },
        ...manager,
      });
      const open = new Set<unknown>();
      const processor = {
        onStart: (span: unknown) => void open.add(span),
        onEnd: (span: unknown) => void open.delete(span),
        forceFlush: () => Promise.resolve(),
        shutdown: () => Promise.resolve(),
      };
      const tracerProvider = new BasicTracerProvider({ spanProcessors: [processor] });
      using _tracing = traceRecords({ tracerProvider });
      await processBatch(hold);
      assertEquals(open.size, 0);
    });
  }
}
