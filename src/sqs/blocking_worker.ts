import { MessageChannel, receiveMessageOnPort, Worker } from "node:worker_threads";
import { isObject } from "../shape.ts";
import { MAX_REQUESTS_AT_A_TIME } from "./resend.ts";
import type { HttpRequest } from "./sign_requests.ts";
import { WORKER_SOURCE } from "./worker_source.ts";

/** What came back for one HTTP request. */
export type HttpAnswer =
  & { readonly durationMs: number }
  & (
    | { readonly status: number; readonly errorType: string | null; readonly body: string }
    | { readonly errorCode: string }
  );

/** How much earlier than this thread the worker gives up, to report what did come back. */
const HEAD_START_MS = 50;

let worker: Worker | undefined;
let leases = 0;

/** One user's hold on the worker, of which there is one in a process. The last release ends it. */
export class WorkerLease {
  #held = false;

  /** Has the worker start in the background, if it is not running. */
  hold(): void {
    if (!this.#held) leases++;
    this.#held = true;
    startWorker();
  }

  release(): void {
    if (!this.#held) return;
    this.#held = false;
    leases--;
    if (leases === 0) stopWorker();
  }
}

/** Where the worker says how far it is, see its source. */
const TAKEN = 0;
const DONE = 1;

/**
 * Sends HTTP requests from the worker and blocks this thread until all are answered, or until
 * `limitMs` is over. Then nothing is known of any of them, and the worker is given up; one that does
 * not even take them is given up at half of the time.
 */
export function sendBlocking(
  requests: readonly HttpRequest[],
  limitMs: number,
): readonly HttpAnswer[] | undefined {
  const end = performance.now() + limitMs;
  const flag = new Int32Array(new SharedArrayBuffer(8));
  const { port1, port2 } = new MessageChannel();
  try {
    startWorker().postMessage({
      requests,
      limitMs: Math.max(limitMs - HEAD_START_MS, limitMs / 2),
      concurrency: MAX_REQUESTS_AT_A_TIME,
      port: port2,
      flag,
    }, [port2]);
    if (Atomics.wait(flag, TAKEN, 0, limitMs / 2) !== "timed-out") {
      Atomics.wait(flag, DONE, 0, Math.max(0, end - performance.now()));
    }
    const received: unknown = receiveMessageOnPort(port1);
    if (isObject(received) && Array.isArray(received.message)) return received.message;
    stopWorker();
    return undefined;
  } finally {
    port1.close();
  }
}

/**
 * It never keeps the process alive. It gets neither the process's flags nor its environment: a
 * tracer in `NODE_OPTIONS` would start in it too, and it needs no credentials.
 */
function startWorker(): Worker {
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
