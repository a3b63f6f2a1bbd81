import { NO_ANSWER } from "../requests/reason.ts";

/**
 * The worker of the blocking close. It sends requests that are signed already and reports what came
 * back; what that means is decided on the other side.
 *
 * - It is a string, started with `eval: true`, so that a function bundled into one file still has it,
 *   and a classic script without top-level `await`, because Deno takes nothing else there. `require` is
 *   for Node before 20.16; Deno 2.4.0 and older do not have it there.
 * - It catches everything: Deno prints what a worker does not catch, with or without a listener.
 * - A request without an answer at half of the time is sent a second time, on another connection, and
 *   the first answer counts. A connection that died while the environment was frozen may never say so,
 *   and deleting twice is harmless.
 * - It says when it has taken a message (flag 0) and when it is done with it (flag 1).
 * - It reports no more of an error than a code or name, because a message may quote the request.
 */
export const WORKER_SOURCE: string = `"use strict";
const { parentPort } = globalThis.process?.getBuiltinModule?.("node:worker_threads") ??
  require("node:worker_threads");

async function send({ url, headers, body }, signal) {
  try {
    const response = await fetch(url, { method: "POST", headers, body, signal, redirect: "manual" });
    const errorType = response.headers.get("x-amzn-errortype");
    return { status: response.status, errorType, body: await response.text() };
  } catch (error) {
    if (signal.aborted) return { errorCode: ${JSON.stringify(NO_ANSWER)} };
    return { errorCode: codeOf(error) };
  }
}

/* In Node's words: fetch() has them in a cause, or, in Deno, only in a text. */
function codeOf(error) {
  const { cause, name, message } = error ?? {};
  if (cause?.code) return String(cause.code);
  const text = [message, cause?.message].join();
  if (/refused|bad port|are blocked/i.test(text)) return "ECONNREFUSED";
  if (/reset|closed|incomplete/i.test(text)) return "ECONNRESET";
  if (/dns error|lookup/i.test(text)) return "ENOTFOUND";
  if (/certificate/i.test(text)) return "CERT";
  if (/tls|ssl|InvalidContentType|corrupt message/i.test(text)) return "EPROTO";
  if (/parse|invalid HTTP/i.test(text)) return "HPE_INVALID";
  return String(cause?.name ?? name);
}

async function sendTwiceIfLate(request, signal, limitMs) {
  let timer;
  const late = new Promise((resolve) => timer = setTimeout(resolve, Math.max(0, limitMs / 2)));
  const first = send(request, signal);
  const answer = await Promise.race([first, late]);
  clearTimeout(timer);
  return answer ?? await Promise.race([first, send(request, signal)]);
}

async function sendAll(requests, limitMs, concurrency) {
  const answers = [];
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), limitMs);
  const end = performance.now() + limitMs;
  let next = 0;
  const runLane = async () => {
    while (next < requests.length) {
      const index = next++;
      const start = performance.now();
      const answer = await sendTwiceIfLate(requests[index], abort.signal, end - performance.now());
      answers[index] = { ...answer, durationMs: performance.now() - start };
    }
  };
  await Promise.all(Array.from({ length: concurrency }, runLane));
  clearTimeout(timer);
  abort.abort();
  return answers;
}

function set(flag, index) {
  Atomics.store(flag, index, 1);
  Atomics.notify(flag, index);
}

parentPort.on("message", async ({ requests, limitMs, concurrency, port, flag }) => {
  set(flag, 0);
  try {
    port.postMessage(await sendAll(requests, limitMs, concurrency));
  } catch {
    /* Whoever waits finds no answer, and the messages return. */
  }
  set(flag, 1);
});
`;
