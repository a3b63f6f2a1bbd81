import { Worker } from "node:worker_threads";

/**
 * Lets something happen to the worker whenever it is to get a message; gives what undoes it. The
 * worker gets the message unless `happen` gives `"lost"`.
 */
export function onWorkerMessage(happen: (worker: Worker) => unknown): Disposable {
  const { postMessage } = Worker.prototype;
  Worker.prototype.postMessage = function (this: Worker, ...args: unknown[]) {
    if (happen(this) !== "lost") Reflect.apply(postMessage, this, args);
  };
  return { [Symbol.dispose]: () => void (Worker.prototype.postMessage = postMessage) };
}

/** A worker that dies before it gets a message: terminating alone may come after its answer. */
export function die(worker: Worker): "lost" {
  worker.terminate();
  return "lost";
}
