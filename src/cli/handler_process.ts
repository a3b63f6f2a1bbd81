/**
 * The handler's process: loads the user's module, answers invocations as Lambda's runtime does, and
 * passes on what the library's channels tell. It knows the library by its channels alone, so that it
 * works with any version of it, and with none.
 */
import { subscribe } from "node:diagnostics_channel";
import process from "node:process";
import { lambdaContext } from "../internal/lambda_context.ts";
import { isObject, typeNameOnly } from "../internal/shape.ts";
import type { BatchMessage, RecordMessage, RequestMessage } from "../diagnostics.ts";
import type { InvokedHandler } from "../local/options.ts";
import { answerOf, responseJson } from "../local/answer.ts";
import { isMain } from "./is_main.ts";
import { OURS, type Report, type Request, type SentError } from "./protocol.ts";

/** Where this module is, for whoever starts it. */
export const HANDLER_MODULE: string = import.meta.url;

/** Serves the process that started this one, until it goes away. */
export function serveHandler(): void {
  let handler: InvokedHandler | undefined;
  // Ctrl-C reaches the whole group of processes; only the parent says when this one ends.
  process.on("SIGINT", () => {});
  process.on("disconnect", () => process.exit());
  process.on("message", async (request: Request) => {
    if (request.type === "load") {
      handler = await load(request.url, request.exportName);
      if (handler) send({ type: "ready" });
    } else if (handler) {
      const report = await invoke(handler, request);
      await flushed();
      send(report);
    }
  });
  watchChannels();
}

function send(report: Report, sent = () => {}): void {
  process.send?.({ [OURS]: report }, undefined, undefined, sent);
}

/** What is looked at of what a module threw. */
interface ThrownFields {
  readonly code?: unknown;
  readonly message?: unknown;
}

/** Settles once the pipes have what was written: this process may be killed after its answer. */
async function flushed(): Promise<void> {
  await Promise.all(
    [process.stdout, process.stderr].map((stream) =>
      new Promise<void>((resolve) => void stream.write("", () => resolve()))
    ),
  );
}

/** Loads the handler; if it cannot be used, says so and ends the process. */
async function load(url: string, exportName: string): Promise<InvokedHandler | undefined> {
  const unusable = async (isUsage: boolean, reason: string, end = () => process.exit(1)) => {
    await flushed();
    send({ type: "unusable", isUsage, reason }, end);
    return undefined;
  };
  let module: Record<string, unknown>;
  try {
    module = await import(url);
  } catch (error) {
    const { code, message } = (isObject(error) ? error : {}) as ThrownFields;
    if (code === "ERR_UNKNOWN_FILE_EXTENSION") {
      return unusable(true, `Node ${process.versions.node} cannot load TypeScript: build it first`);
    }
    const reason = `it failed to load: ${firstLineOf(message ?? error)}`;
    if (error instanceof SyntaxError) {
      // Node says where it stands only of one that nobody catches.
      return unusable(false, reason, () => {
        throw error;
      });
    }
    process.stderr.write(`${error instanceof Error ? error.stack : textOf(error)}\n`);
    return unusable(false, reason);
  }
  // What a CommonJS module exports is its default.
  const exported = [module, module.default].map((from) =>
    (from as Record<string, unknown> | undefined)?.[exportName]
  ).find((value) => value !== undefined);
  if (typeof exported === "function") return exported as InvokedHandler;
  const names = Object.keys(module).filter((name) => typeof module[name] === "function");
  const others = names.length > 0 ? `; it exports the functions ${names.join(", ")}` : "";
  return unusable(
    true,
    exported === undefined
      ? `it has no export "${exportName}"${others}`
      : `its export "${exportName}" is not a function${others}`,
  );
}

async function invoke(
  handler: InvokedHandler,
  { id, event, context }: Extract<Request, { type: "invoke" }>,
): Promise<Report> {
  try {
    const result = await answerOf(handler, event, lambdaContext(context));
    return { type: "returned", id, json: responseJson(result) };
  } catch (error) {
    return { type: "threw", id, error: asSent(error) };
  }
}

function asSent(error: unknown): SentError {
  if (!(error instanceof Error)) return { name: "Error", message: textOf(error), stack: undefined };
  return { name: error.name, message: error.message, stack: error.stack };
}

/** What was thrown as text; not everything has one. */
function textOf(error: unknown): string {
  try {
    return String(error);
  } catch {
    return typeNameOnly(error);
  }
}

function firstLineOf(error: unknown): string {
  return textOf(error).split("\n", 1)[0]!;
}

function watchChannels(): void {
  subscribe("partial-batch.sqs.request", (message) => {
    const { action, messageIds, unconfirmedCount } = message as RequestMessage;
    send({ type: "request", action, messageIds, isConfirmed: unconfirmedCount === 0 });
  });
  subscribe("tracing:partial-batch.sqs.record:asyncEnd", (message) => {
    const { messageId, durationMs, error } = message as RecordMessage;
    send({
      type: "record",
      messageId,
      durationMs,
      error: error === undefined ? undefined : firstLineOf(error),
    });
  });
  subscribe("tracing:partial-batch.sqs.batch:asyncEnd", (message) => {
    for (const outcome of (message as BatchMessage).result ?? []) {
      if (outcome.status !== "unprocessed") continue;
      const { record: { messageId }, reason } = outcome;
      send({ type: "record", messageId, durationMs: undefined, error: `unprocessed (${reason})` });
    }
  });
}

if (isMain(import.meta)) serveHandler();
