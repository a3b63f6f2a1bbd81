/**
 * The worker of the blocking close. It sends requests that are signed already and says what came
 * back; what that means is decided on the other side.
 *
 * - A string, started with `eval: true`, so that a function bundled into one file still has it. A
 *   classic script, so `require` and no top-level `await`: Deno takes nothing else there.
 * - It catches everything: Deno prints what a worker does not catch, with a listener or without.
 * - It gives no more of an error than its code or name: a message may quote the request.
 */
export const WORKER_SOURCE = `"use strict";
const { parentPort } = require("node:worker_threads");

async function send({ url, headers, body }, signal) {
  try {
    const response = await fetch(url, { method: "POST", headers, body, signal, redirect: "manual" });
    const errorType = response.headers.get("x-amzn-errortype");
    return { status: response.status, errorType, body: await response.text() };
  } catch (error) {
    if (signal.aborted) return { errorCode: "no answer within the time limit" };
    const { cause, name } = error ?? {};
    return { errorCode: String(cause?.code ?? cause?.name ?? name) };
  }
}

async function sendAll(requests, limitMs, concurrency) {
  const answers = [];
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), limitMs);
  let next = 0;
  const runLane = async () => {
    while (next < requests.length) {
      const index = next++;
      const start = performance.now();
      const answer = await send(requests[index], abort.signal);
      answers[index] = { ...answer, durationMs: performance.now() - start };
    }
  };
  await Promise.all(Array.from({ length: concurrency }, runLane));
  clearTimeout(timer);
  return answers;
}

parentPort.on("message", async ({ requests, limitMs, concurrency, port, flag }) => {
  try {
    port.postMessage(await sendAll(requests, limitMs, concurrency));
  } catch {
    // Whoever waits finds no answer, and the messages return.
  }
  Atomics.store(flag, 0, 1);
  Atomics.notify(flag, 0);
});
`;
