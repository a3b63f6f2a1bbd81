import type { Mapping } from "./list_mappings.ts";

/** How long it may take until every poller has noticed a change of a mapping, in milliseconds. */
const SETTLING_MS = 5 * 60_000;

/** Which mappings count, and when they were asked for. */
export interface Asked {
  readonly functionArn: string;
  readonly queueArn: string;
  readonly now: number;
}

/**
 * Judges the mappings of a queue: says why Lambda may not read the function's responses, or `undefined`
 * if every mapping that can have invoked the function says that it does.
 */
export function judgeMappings(mappings: readonly Mapping[], asked: Asked): string | undefined {
  const { functionArn, queueArn, now } = asked;
  const own = mappings.filter(({ FunctionArn, EventSourceArn = queueArn }) =>
    FunctionArn === functionArn && EventSourceArn === queueArn
  );
  if (own.length === 0) return `${queueArn} has no event source mapping to ${functionArn}`;
  const missing = own.map((mapping) => whatIsMissing(mapping, now)).find(Boolean);
  return missing && `the event source mapping of ${queueArn} to ${functionArn} ${missing}`;
}

function whatIsMissing(
  { FunctionResponseTypes, State, LastModified }: Mapping,
  now: number,
): string | undefined {
  if (
    !Array.isArray(FunctionResponseTypes) ||
    !FunctionResponseTypes.includes("ReportBatchItemFailures")
  ) return "lacks ReportBatchItemFailures";
  if (State !== "Enabled") return `is not Enabled (its state: ${shownState(State)})`;
  const age = now - (LastModified instanceof Date ? LastModified.getTime() : NaN);
  return age > SETTLING_MS ? undefined : "was not last modified over five minutes ago";
}

/** A state as it may be shown: anybody may have answered, with anything. */
function shownState(state: unknown): string {
  return typeof state === "string" && /^[A-Za-z]{1,30}$/.test(state) ? state : "unknown";
}
