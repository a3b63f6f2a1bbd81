import type { Worker } from "node:worker_threads";
import { isObject } from "../../internal/shape.ts";
import { StepError } from "../requests/reason.ts";
import type { HttpRequest } from "./sign.ts";
import { WORKER_SOURCE } from "./worker_source.ts";

/** What came back for one HTTP request. */
export type HttpAnswer =
  & { readonly durationMs: number }
  & (
    | { readonly status: number; readonly errorType: string | null; readonly body: string }
    | { readonly errorCode: string }
  );

/** How long to block, and how many requests to have under way at a time. */
export interface BlockingLimits {
  readonly limitMs: number;
  readonly concurrency: number;
}

/** How much earlier than this thread the worker stops waiting, to report what did come back. */
const HEAD_START_MS = 50;

let threads: typeof import("node:worker_threads") | undefined;
let worker: Worker | undefined;
let leases = 0;

/** One user's hold on the process's one worker. The last release ends the worker. */
export class WorkerLease {
  #isHeld = false;

  /** Starts the worker, if it is not running. It starts in the background. */
  async hold(): Promise<void> {
    if (!this.#isHeld) leases++;
    this.#isHeld = true;
    // Loading it costs more than a millisecond of a cold start.
    threads ??= await import("node:worker_threads");
    if (this.#isHeld) startWorker(threads);
  }

  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    leases--;
    if (leases === 0) stopWorker();
  }
}

/** Where the worker reports its progress; see its source. */
const TAKEN = 0;
const DONE = 1;

/**
 * Sends HTTP requests from the worker and blocks this thread until all are answered.
 *
 * @returns The answers, or `undefined` if `limitMs` is over: then nothing is known of any request, and
 * the worker is given up. One that does not even take the requests is given up at half of the time.
 */
export function sendBlocking(
  requests: readonly HttpRequest[],
  { limitMs, concurrency }: BlockingLimits,
): readonly HttpAnswer[] | undefined {
  if (!threads) throw new StepError("the worker was not started");
  const end = performance.now() + limitMs;
  const flag = new Int32Array(new SharedArrayBuffer(8));
  const { port1, port2 } = new threads.MessageChannel();
  try {
    startWorker(threads).postMessage({
      requests,
      limitMs: Math.max(limitMs - HEAD_START_MS, limitMs / 2),
      concurrency,
      port: port2,
      flag,
    }, [port2]);
    if (Atomics.wait(flag, TAKEN, 0, limitMs / 2) !== "timed-out") {
      Atomics.wait(flag, DONE, 0, Math.max(0, end - performance.now()));
    }
    const received: unknown = threads.receiveMessageOnPort(port1);
    if (isObject(received) && Array.isArray(received.message)) return received.message;
    stopWorker();
    return undefined;
  } finally {
    port1.close();
  }
}

/**
 * The worker never keeps the process alive. It gets neither the process's flags nor its environment: a
 * tracer in `NODE_OPTIONS` would start in it too, and it needs no credentials.
 */
function startWorker({ Worker }: typeof import("node:worker_threads")): Worker {
  if (worker) return worker;
  const started = new Worker(WORKER_SOURCE, { eval: true, execArgv: [], env: {} });
  const forget = () => {
    if (worker === started) worker = undefined;
  };
  started.on("exit", forget);
  started.on("error", forget);
  started.unref();
  worker = started;
  return started;
}

function stopWorker(): void {
  worker?.terminate();
  worker = undefined;
}
