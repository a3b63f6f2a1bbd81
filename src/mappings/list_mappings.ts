import type { QueueArn } from "../internal/queue_arn.ts";
import { isObject } from "../internal/shape.ts";
import type { TimeLimit } from "../lifecycle/clock.ts";
import { StepError, UNREADABLE } from "../sqs/requests/reason.ts";
import { type LambdaClient, type LambdaSdk, loadLambdaSdk } from "./lambda_sdk.ts";

/** A page has a hundred mappings (AWS Lambda API reference, "ListEventSourceMappings"). */
const MAX_PAGES = 20;

/** An event source mapping as Lambda describes it. Nothing else about it is certain. */
export interface Mapping extends Readonly<Record<PropertyKey, unknown>> {
  readonly FunctionArn: string;
}

/**
 * Lists the event source mappings of a queue, all pages. Rejects if anything goes wrong, and does not try
 * again: Lambda allows an account few requests.
 *
 * The client is made for this and destroyed, because the next lookup is minutes away.
 */
export async function listMappings(
  queue: QueueArn,
  limit: TimeLimit,
): Promise<readonly Mapping[]> {
  const sdk = await limit.wait(loadLambdaSdk());
  const client = new sdk.LambdaClient({ region: queue.region, maxAttempts: 1 });
  try {
    return await listAll(sdk, client, queue, limit);
  } finally {
    client.destroy();
  }
}

async function listAll(
  { ListEventSourceMappingsCommand }: LambdaSdk,
  client: LambdaClient,
  { arn: EventSourceArn }: QueueArn,
  limit: TimeLimit,
): Promise<readonly Mapping[]> {
  const mappings: Mapping[] = [];
  let next: { readonly Marker?: string } = {};
  for (let page = 1; page <= MAX_PAGES; page++) {
    const command = new ListEventSourceMappingsCommand({ EventSourceArn, ...next });
    const answer = await limit.waitFor((abortSignal) => client.send(command, { abortSignal }));
    const { EventSourceMappings, NextMarker } = isObject(answer) ? answer : {};
    if (!Array.isArray(EventSourceMappings) || !EventSourceMappings.every(isMapping)) {
      throw new StepError(UNREADABLE);
    }
    mappings.push(...EventSourceMappings);
    if (NextMarker === undefined || NextMarker === null || NextMarker === "") return mappings;
    if (typeof NextMarker !== "string") throw new StepError(UNREADABLE);
    next = { Marker: NextMarker };
  }
  throw new StepError(`the list of event source mappings has more than ${MAX_PAGES} pages`);
}

function isMapping(value: unknown): value is Mapping {
  return isObject(value) && typeof value.FunctionArn === "string";
}
