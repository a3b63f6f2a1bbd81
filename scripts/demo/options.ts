import { parseArgs } from "node:util";

/** What the demo's arguments ask for. */
export interface DemoOptions {
  readonly help: boolean;
  readonly messages: number;
  /** A queue of the user's own; without it, the demo makes one on a server of its own. */
  readonly queue?: { readonly url: string; readonly region?: string; readonly endpoint?: string };
}

/** An argument the demo cannot use. */
export class ArgumentError extends Error {
  override readonly name = "ArgumentError";
}

export const HELP = `Shows @partial-batch/sqs at work on a real SQS queue.

Usage: deno task demo [options]

Without --queue-url it starts an SQS server (fauxqs) on this machine and makes a
queue there: no AWS account and no Docker needed.

  --messages N     how many orders to send: 1 to 1000 (default 12)
  --queue-url URL  use this queue instead. It must be a standard queue that
                   nobody else receives from; it and its dead-letter queue must
                   be empty. No queue is made, no attribute changed, and a run
                   that comes to its end leaves nothing behind. Needs AWS
                   credentials as the SDK finds them, for sqs:SendMessage,
                   ReceiveMessage, DeleteMessage, GetQueueAttributes and
                   GetQueueUrl on both queues
  --region NAME    region of that queue (default: from the URL, the environment)
  --endpoint URL   endpoint of SQS (default: AWS, or the host of that URL)
  -h, --help       show this text

It ends by itself within a minute: with 0 if the sums add up, with 1 if they do
not or the time ran out, with 2 for an argument it cannot use. NO_COLOR is
respected.
`;

/** @throws {ArgumentError} If there is an argument the demo cannot use. */
export function demoOptions(args: string[]): DemoOptions {
  const values = parsed(args);
  const messages = messageCount(values.messages ?? "12");
  const { region, endpoint, "queue-url": queueUrl } = values;
  if (queueUrl === undefined) {
    for (const [name, value] of Object.entries({ region, endpoint })) {
      if (value !== undefined) {
        throw new ArgumentError(`--${name} makes sense with --queue-url only`);
      }
    }
    return { help: values.help, messages };
  }
  return {
    help: values.help,
    messages,
    queue: {
      url: standardQueueUrl(queueUrl),
      ...(region === undefined ? {} : { region: regionName(region) }),
      ...(endpoint === undefined ? {} : { endpoint: httpUrl(endpoint, "--endpoint").href }),
    },
  };
}

function parsed(args: string[]) {
  try {
    return parseArgs({
      args,
      strict: true,
      options: {
        help: { type: "boolean", short: "h", default: false },
        messages: { type: "string" },
        "queue-url": { type: "string" },
        region: { type: "string" },
        endpoint: { type: "string" },
      },
    }).values;
  } catch (error) {
    const [firstLine] = (error as Error).message.split("\n");
    throw new ArgumentError(firstLine);
  }
}

function messageCount(text: string): number {
  const count = /^\d+$/.test(text) ? Number(text) : NaN;
  if (count >= 1 && count <= 1000) return count;
  throw new ArgumentError(`--messages must be a whole number from 1 to 1000, got "${text}"`);
}

function regionName(text: string): string {
  if (/^[a-z]{2}[a-z0-9-]+$/.test(text)) return text;
  throw new ArgumentError(`--region must be the name of a region (eu-west-1), got "${text}"`);
}

function standardQueueUrl(text: string): string {
  const { href, pathname } = httpUrl(text, "--queue-url");
  if (pathname.split("/").filter(Boolean).length < 2) {
    throw new ArgumentError(`--queue-url must end with /<account>/<name>, got "${text}"`);
  }
  if (pathname.endsWith(".fifo")) {
    throw new ArgumentError(`--queue-url must be a standard queue, got a FIFO queue: "${text}"`);
  }
  return href;
}

function httpUrl(text: string, option: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol)) return url;
  throw new ArgumentError(`${option} must be an http or https URL, got "${text}"`);
}
