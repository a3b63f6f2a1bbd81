import { existsSync } from "node:fs";
import { resolve } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { EventSourceMapping } from "../local/event_source_mapping.ts";
import type { Invocation } from "../local/invocation.ts";
import { checkMappingOptions } from "../local/options.ts";
import { Deliveries } from "./deliveries.ts";
import type { DevQueue } from "./dev_queue.ts";
import { openGivenQueue } from "./given_queue.ts";
import { HandlerHost } from "./handler_host.ts";
import { startLocalQueue } from "./local_queue.ts";
import { messagesToSend } from "./messages.ts";
import type { DevOptions } from "./options.ts";
import { sendMessages } from "./queue_access.ts";
import type { Reporter } from "./reporter.ts";
import { firstLine, UsageError } from "./usage_error.ts";
import { Watch } from "./watch.ts";

/** The exit code of a command that Ctrl-C ended before it was done. */
const INTERRUPTED = 130;

/**
 * Runs a handler on a queue until Ctrl-C or, with `untilEmpty`, until the queue is empty.
 *
 * @returns The exit code.
 * @throws {UsageError} If the input cannot be used.
 * @throws {Error} If the handler cannot be loaded, or SQS cannot be asked.
 */
export async function dev(options: DevOptions, reporter: Reporter): Promise<number> {
  const start = performance.now();
  const messages = await messagesToSend(options);
  const url = handlerUrl(options.handler);
  const interruption = onInterrupt();
  let queue: DevQueue | undefined;
  let host: HandlerHost | undefined;
  let mapping: EventSourceMapping | undefined;
  try {
    queue = await (options.queue ? openGivenQueue(options.queue) : startLocalQueue(options));
    const deliveries = new Deliveries();
    host = new HandlerHost({
      url,
      exportName: options.exportName,
      memoryMb: options.memoryMb,
      env: queue.env,
      onOutput: (stream, line) => reporter.output(stream, line),
      onEvent: (event) => {
        deliveries.told(event);
        if (event.type === "record") reporter.handled(event);
      },
    });
    await Promise.race([host.ready(), interruption.happened]);
    if (interruption.signal.aborted) return INTERRUPTED;
    reporter.start({ options, queue, messageCount: messages.length });
    const watch = new Watch({ queue, deliveries, reporter, untilEmpty: options.untilEmpty });
    // Before anything is received: so a message is told of in order.
    for await (const sent of sendMessages(queue.client, queue.url, messages)) {
      reporter.deliveries(deliveries.sent(sent));
      if (interruption.signal.aborted) break;
    }
    mapping = startMapping({ options, queue, host, watch, interrupted: interruption.signal });
    const isDone = await Promise.race([
      watch.empty.then(() => true),
      interruption.happened.then(() => false),
      // It ends by itself only if SQS cannot be asked, and then rejects.
      iterate(mapping),
    ]);
    const stopped = mapping.stop();
    if (!isDone) await host.close();
    await stopped;
    // What the handler wrote is told before the end is.
    await host.close();
    const sums = deliveries.sums();
    const isHandled = sums.left === 0 && sums.deadLettered === 0;
    const exitCode = !options.untilEmpty ? 0 : !isDone ? INTERRUPTED : isHandled ? 0 : 1;
    reporter.end({ sums, exitCode, durationMs: performance.now() - start });
    return exitCode;
  } catch (error) {
    // Ctrl-C also reaches our processes, and ends one that is only starting.
    if (interruption.signal.aborted) return INTERRUPTED;
    throw error;
  } finally {
    reporter.close();
    await host?.close();
    await mapping?.stop().catch(() => {});
    await queue?.close();
    interruption.stop();
  }
}

/** What a mapping is started with. */
interface Parts {
  readonly options: DevOptions;
  readonly queue: DevQueue;
  readonly host: HandlerHost;
  readonly watch: Watch;
  readonly interrupted: AbortSignal;
}

function startMapping({ options, queue, host, watch, interrupted }: Parts): EventSourceMapping {
  const checked = checkMappingOptions({
    queueUrl: queue.url,
    client: queue.client,
    handler: (event, context) => host.invoke(event, context),
    batchSize: options.batchSize,
    // Lambda wants a window for larger batches.
    maximumBatchingWindowSeconds: options.batchSize > 10 ? 1 : 0,
    reportBatchItemFailures: options.reportBatchItemFailures,
    functionTimeoutMs: options.timeoutMs,
    functionName: "dev",
  });
  return new EventSourceMapping(checked, {
    ready: () => host.ready(),
    received: (records) => watch.received(records),
    invoked: (invocation) =>
      watch.invoked(
        interrupted.aborted
          ? { ...invocation, reason: "interrupted" }
          : explained(invocation, options),
      ),
    idle: () => watch.idle(),
  });
}

/** An invocation whose reason says more than the name of the error. */
function explained(invocation: Invocation, { timeoutMs }: DevOptions): Invocation {
  const { timedOut, error } = invocation;
  if (timedOut) return { ...invocation, reason: `timed out after ${timeoutMs / 1_000} s` };
  if (!(error instanceof Error)) return invocation;
  const reason = error.name === "ExitError" ? error.message : `${error.name}: ${firstLine(error)}`;
  return { ...invocation, reason };
}

async function iterate(mapping: EventSourceMapping): Promise<boolean> {
  for await (const _ of mapping);
  return false;
}

/** @throws {UsageError} If there is no such file. */
function handlerUrl(path: string): string {
  const file = resolve(path);
  if (!existsSync(file)) throw new UsageError(`Cannot find the handler ${path}`);
  return pathToFileURL(file).href;
}

/** Ctrl-C, or being asked to end: the first time ends the run, the second time the process. */
function onInterrupt() {
  const controller = new AbortController();
  const happened = new Promise<void>((resolve) => {
    controller.signal.addEventListener("abort", () => resolve());
  });
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(INTERRUPTED);
    controller.abort();
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, interrupt);
  return {
    signal: controller.signal,
    happened,
    stop: () => {
      for (const signal of signals) process.off(signal, interrupt);
    },
  };
}
