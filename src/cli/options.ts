import { parseArgs } from "node:util";
import { firstLine, UsageError } from "./usage_error.ts";

/** What the command's arguments ask for. */
export interface DevOptions {
  /** The handler's module, as it was given. */
  readonly handler: string;
  readonly exportName: string;
  readonly timeoutMs: number;
  readonly memoryMb: number | undefined;
  readonly batchSize: number;
  readonly reportBatchItemFailures: boolean;
  /** Files of JSON lines to send. */
  readonly send: readonly string[];
  /** Messages to send. */
  readonly messages: readonly string[];
  readonly fifo: boolean;
  readonly groupBy: string | undefined;
  /** A queue of the user's own. */
  readonly queue: GivenQueueOptions | undefined;
  readonly untilEmpty: boolean;
  readonly json: boolean;
}

/** Where a queue of the user's own is. */
export interface GivenQueueOptions {
  readonly queueUrl: string;
  readonly region: string | undefined;
  readonly endpoint: string | undefined;
}

const OPTIONS = {
  "help": { type: "boolean", short: "h", default: false },
  "export": { type: "string", default: "handler" },
  "timeout": { type: "string", default: "3" },
  "memory": { type: "string" },
  "batch-size": { type: "string", default: "10" },
  "report-batch-item-failures": { type: "boolean", default: false },
  "send": { type: "string", multiple: true },
  "message": { type: "string", multiple: true },
  "fifo": { type: "boolean", default: false },
  "group-by": { type: "string" },
  "queue-url": { type: "string" },
  "region": { type: "string" },
  "endpoint": { type: "string" },
  "until-empty": { type: "boolean", default: false },
  "json": { type: "boolean", default: false },
} as const;

/**
 * Reads the arguments; `undefined` if they ask for help.
 *
 * @throws {UsageError} If there is one that cannot be used.
 */
export function devOptions(args: readonly string[]): DevOptions | undefined {
  const { values, positionals: [command, handler, ...more] } = parsed(args);
  if (values.help || args.length === 0) return undefined;
  if (command !== "dev") {
    throw new UsageError(`Expected the command dev, got ${command ? `"${command}"` : "none"}`);
  }
  if (!handler) throw new UsageError("Expected the module of your handler: dev ./handler.js");
  if (more.length > 0) throw new UsageError(`Expected one handler, got also "${more[0]}"`);
  const queue = givenQueue(values);
  const fifo = queue ? queue.queueUrl.endsWith(".fifo") : values.fifo;
  if (queue && values.fifo) throw new UsageError("--fifo makes sense without --queue-url only");
  if (values["group-by"] !== undefined && !fifo) {
    throw new UsageError("--group-by makes sense for a FIFO queue only");
  }
  const most = fifo ? 10 : 10_000;
  return {
    handler,
    exportName: values.export,
    timeoutMs: wholeNumber(values.timeout, "--timeout", 1, 900) * 1_000,
    memoryMb: values.memory === undefined
      ? undefined
      : wholeNumber(values.memory, "--memory", 16, 10_240),
    batchSize: wholeNumber(
      values["batch-size"],
      fifo ? "--batch-size of a FIFO queue" : "--batch-size",
      1,
      most,
    ),
    reportBatchItemFailures: values["report-batch-item-failures"],
    send: values.send ?? [],
    messages: values.message ?? [],
    fifo,
    groupBy: values["group-by"],
    queue,
    untilEmpty: values["until-empty"],
    json: values.json,
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    // What follows explains how to pass an argument that looks like an option.
    throw new UsageError(firstLine(error).split(". ", 1)[0]!);
  }
}

function givenQueue(
  { "queue-url": queueUrl, region, endpoint }: Partial<Record<string, unknown>>,
): GivenQueueOptions | undefined {
  if (typeof queueUrl !== "string") {
    for (const [name, value] of Object.entries({ region, endpoint })) {
      if (value === undefined) continue;
      throw new UsageError(`--${name} makes sense with --queue-url only`);
    }
    return undefined;
  }
  const { pathname } = httpUrl(queueUrl, "--queue-url");
  if (pathname.split("/").filter(Boolean).length < 2) {
    throw new UsageError(`--queue-url must end with /<account>/<name>, got "${queueUrl}"`);
  }
  if (typeof endpoint === "string") httpUrl(endpoint, "--endpoint");
  return {
    queueUrl,
    region: typeof region === "string" ? region : undefined,
    endpoint: typeof endpoint === "string" ? endpoint : undefined,
  };
}

function wholeNumber(text: string, option: string, least: number, most: number): number {
  const number = /^\d+$/.test(text) ? Number(text) : NaN;
  if (number >= least && number <= most) return number;
  throw new UsageError(`${option} must be a whole number from ${least} to ${most}, got "${text}"`);
}

function httpUrl(text: string, option: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol)) return url;
  throw new UsageError(`${option} must be an http or https URL, got "${text}"`);
}
