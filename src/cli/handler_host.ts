import type { Context, SQSEvent } from "aws-lambda";
import { ignoreRejection } from "../internal/promises.ts";
import { isObject } from "../internal/shape.ts";
import { sleep } from "../local/sleep.ts";
import { Child, type ChildOptions, type ProcessEnd, type Program } from "./child.ts";
import { HANDLER_MODULE } from "./handler_process.ts";
import { type HandlerEvent, OURS, type Report, type SentError } from "./protocol.ts";
import { IS_DENO } from "./runtime.ts";
import { UsageError } from "./usage_error.ts";

/** What a handler is run with. */
export interface HandlerHostOptions {
  /** The URL of its module. */
  readonly url: string;
  readonly exportName: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly memoryMb: number | undefined;
  readonly onOutput: ChildOptions["onOutput"];
  readonly onEvent: (event: HandlerEvent) => void;
  /** How long its module may take to load. */
  readonly loadLimitMs?: number;
}

/** An invocation that waits for its answer. */
interface Pending {
  readonly id: string;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** How long after its deadline a handler's process is killed: the mapping has then given it up. */
const GRACE_MS = 20;

/** Lambda gives a module 10 s. Here it may also have to be compiled, and downloaded first. */
const LOAD_LIMIT_MS = 60_000;

/** How long a process that cannot be used may take to end, and to say why. */
const LAST_WORDS_MS = 1_000;

/**
 * Runs the handler in a process of its own, and starts another one when that has ended: because the
 * handler ended it, ran out of memory, or outlived its deadline. To the mapping it is a function.
 */
export class HandlerHost {
  readonly #options: HandlerHostOptions;
  #child: Child | undefined;
  #ready: Promise<void> | undefined;
  #pending: Pending | undefined;
  #isOutOfMemory = false;
  #isClosed = false;
  /** The last process that was killed; its successor is on its way, or here. */
  #killed: Child | undefined;

  constructor(options: HandlerHostOptions) {
    this.#options = options;
  }

  /**
   * Settles once a process with the handler in it waits for invocations, or none ever will because this
   * was closed.
   *
   * @throws {UsageError} If the user named something that is not there.
   * @throws {Error} If the handler cannot be loaded.
   */
  ready(): Promise<void> {
    // Whoever asks has given up the invocation that is still unanswered.
    const child = this.#child;
    if (child && (this.#pending || !child.isConnected)) this.#kill(child);
    return this.#ready ??= this.#start();
  }

  /** Invokes the handler. Never settles after its deadline. */
  async invoke(event: SQSEvent, context: Context): Promise<unknown> {
    // It may have ended while the mapping waited for messages.
    if (!this.#child?.isConnected) await this.ready();
    const child = this.#child;
    const timeoutMs = context.getRemainingTimeInMillis();
    if (!child?.isConnected || timeoutMs === 0) {
      throw new Error("The handler's process was not ready in time");
    }
    const [, , , region = "", accountId = ""] = context.invokedFunctionArn.split(":");
    const { functionName, awsRequestId: id } = context;
    const timer = setTimeout(() => this.#kill(child), timeoutMs + GRACE_MS);
    try {
      return await new Promise((resolve, reject) => {
        this.#pending = { id, resolve, reject };
        child.send({
          type: "invoke",
          id,
          event,
          context: { functionName, awsRequestId: id, timeoutMs, region, accountId },
        });
      });
    } finally {
      clearTimeout(timer);
      if (this.#pending?.id === id) this.#pending = undefined;
    }
  }

  /** Ends the process, whatever it does. No other one is started. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#child?.kill();
  }

  async #start(): Promise<void> {
    if (this.#isClosed) return;
    const { url, exportName, env, memoryMb, onOutput } = this.#options;
    this.#isOutOfMemory = false;
    const loaded = new Promise<Report | ProcessEnd>((resolve) => {
      const child = new Child({
        program: program(),
        env,
        memoryMb,
        onMessage: (message) => this.#hear(message, resolve),
        onOutput: (stream, line) => {
          if (stream === "stderr" && /out of memory/i.test(line)) this.#isOutOfMemory = true;
          onOutput(stream, line);
        },
      });
      this.#child = child;
      void child.ended.then((end) => {
        resolve(end);
        this.#onEnd(child, end);
      });
      child.send({ type: "load", url, exportName });
    });
    const { loadLimitMs = LOAD_LIMIT_MS } = this.#options;
    const report = await withLimit(loaded, loadLimitMs);
    if (report === undefined) {
      await this.close();
      throw new Error(`Cannot load the handler: it still loads after ${loadLimitMs / 1_000} s`);
    }
    if ("type" in report && report.type === "ready") return;
    if ("type" in report && report.type === "unusable") {
      await withLimit(this.#child!.ended, LAST_WORDS_MS);
      await this.close();
      const text = `Cannot use the handler: ${report.reason}`;
      throw report.isUsage ? new UsageError(text) : new Error(text);
    }
    if (this.#isClosed) return;
    throw new Error(`Cannot load the handler: ${this.#howEnded(report as ProcessEnd)}`);
  }

  #hear(message: unknown, loaded: (report: Report) => void): void {
    if (!isObject(message) || !(OURS in message)) return;
    const report = message[OURS] as Report;
    switch (report.type) {
      case "ready":
      case "unusable":
        loaded(report);
        break;
      case "returned":
        if (this.#pending?.id === report.id) this.#pending.resolve(JSON.parse(report.json));
        break;
      case "threw":
        if (this.#pending?.id === report.id) this.#pending.reject(asError(report.error));
        break;
      default:
        this.#options.onEvent(report);
    }
  }

  #onEnd(child: Child, end: ProcessEnd): void {
    if (child === this.#killed) return;
    this.#ready = undefined;
    const error = new Error(this.#howEnded(end));
    error.name = "ExitError";
    this.#pending?.reject(error);
    this.#pending = undefined;
  }

  /** Kills a process that is of no use any more, and starts another one: nobody is told of its end. */
  #kill(child: Child): void {
    if (child === this.#killed) return;
    this.#pending = undefined;
    this.#killed = child;
    this.#ready = child.kill().then(() => this.#start());
    ignoreRejection(this.#ready);
  }

  #howEnded({ code, signal }: ProcessEnd): string {
    if (this.#isOutOfMemory) return "its process ran out of memory";
    return signal ? `its process ended by ${signal}` : `its process ended with exit code ${code}`;
  }
}

/** What a promise gives; `undefined` if it takes too long. */
async function withLimit<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  const settled = new AbortController();
  const tooLate = sleep(ms, settled.signal).then(() => undefined);
  try {
    return await Promise.race([promise, tooLate]);
  } finally {
    settled.abort();
  }
}

/** On Deno it is text, so that the user's own configuration applies. */
function program(): Program {
  const run = `(await import(${JSON.stringify(HANDLER_MODULE)})).serveHandler();`;
  return IS_DENO ? { source: run } : { file: new URL(HANDLER_MODULE) };
}

function asError({ name, message, stack }: SentError): Error {
  const error = new Error(message);
  error.name = name;
  if (stack !== undefined) error.stack = stack;
  return error;
}
