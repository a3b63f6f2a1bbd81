import { Worker } from "node:worker_threads";

/** Lets something happen to the worker whenever it gets a message; gives what undoes it. */
export function onWorkerMessage(happen: (worker: Worker) => unknown): Disposable {
  const { postMessage } = Worker.prototype;
  Worker.prototype.postMessage = function (this: Worker, ...args: unknown[]) {
    Reflect.apply(postMessage, this, args);
    happen(this);
  };
  return { [Symbol.dispose]: () => void (Worker.prototype.postMessage = postMessage) };
}
