import type { ClosedRecord, CloseMessage } from "../diagnostics.ts";

/** Where metrics of batches go, and under which fixed dimensions. */
export interface MetricsTarget {
  readonly namespace: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

/** The dimension that is there by default: the name of the batch's queue. */
export const QUEUE_NAME = "QueueName";

/** The longest value of a dimension (CloudWatch API reference, `Dimension`). */
export const MAX_VALUE_LENGTH = 1_024;

/** All metrics, with their units. */
const UNITS = {
  Handled: "Count",
  Failed: "Count",
  Unprocessed: "Count",
  DeadLettered: "Count",
  Discarded: "Count",
  Undeleted: "Count",
  Unmoved: "Count",
  Undelayed: "Count",
  Duration: "Milliseconds",
  OldestMessageAge: "Seconds",
  HighestReceiveCount: "Count",
} as const;

type MetricName = keyof typeof UNITS;

/** The names of all metrics. */
export const METRIC_NAMES: readonly string[] = Object.keys(UNITS);

/**
 * The metrics of a closed batch in CloudWatch's embedded metric format (CloudWatch user guide,
 * "Specification: Embedded metric format"): one object, one set of dimensions.
 */
export function embeddedMetrics(
  message: CloseMessage,
  { namespace, dimensions }: MetricsTarget,
  closedAt: number,
): Readonly<Record<string, unknown>> {
  const values = Object.entries(valuesOf(message, closedAt)).filter(([, value]) =>
    value !== undefined
  );
  const allDimensions = { ...queueDimension(message.records), ...dimensions };
  return {
    _aws: {
      Timestamp: closedAt,
      CloudWatchMetrics: [{
        Namespace: namespace,
        Dimensions: [Object.keys(allDimensions)],
        Metrics: values.map(([name]) => ({ Name: name, Unit: UNITS[name as MetricName] })),
      }],
    },
    ...allDimensions,
    ...Object.fromEntries(values),
  };
}

/** The value of each metric; `undefined` if it has none. */
function valuesOf(
  { records, counts, unconfirmed, durationMs }: CloseMessage,
  closedAt: number,
): Record<MetricName, number | undefined> {
  return {
    Handled: counts.success,
    Failed: counts.fail,
    Unprocessed: counts.unprocessed,
    DeadLettered: counts["dead-lettered"],
    Discarded: counts.discarded,
    Undeleted: unconfirmed.undeleted.length,
    Unmoved: unconfirmed.unmoved.length,
    Undelayed: unconfirmed.undelayed.length,
    Duration: toThreeDecimals(durationMs),
    OldestMessageAge: ageOfOldest(records, closedAt - durationMs),
    HighestReceiveCount: highest(
      records.map(({ receiveCount }) => receiveCount).filter(Number.isSafeInteger),
    ),
  };
}

/** The names of all its queues, though Lambda never makes a batch of several: a set is never empty. */
function queueDimension(records: readonly ClosedRecord[]): Record<string, string> {
  const names = new Set(records.map(({ queueArn }) => queueArn.split(":").at(-1)));
  return { [QUEUE_NAME]: [...names].join(",").slice(0, MAX_VALUE_LENGTH) };
}

/** How long ago the oldest message was sent, in seconds. */
function ageOfOldest(records: readonly ClosedRecord[], openedAt: number): number | undefined {
  const ageMs = highest(records.flatMap((closed) => {
    const sentAt = sentAtOf(closed);
    return sentAt === undefined ? [] : [openedAt - sentAt];
  }));
  // Below zero if the clocks of SQS and of the function differ.
  return ageMs === undefined ? undefined : toThreeDecimals(Math.max(0, ageMs) / 1_000);
}

/** When a message was sent, in milliseconds since 1970. Its handler may have written to the record. */
function sentAtOf({ record }: ClosedRecord): number | undefined {
  try {
    const sent: unknown = record.attributes.SentTimestamp;
    return typeof sent === "string" && /^\d{1,15}$/.test(sent) ? Number(sent) : undefined;
  } catch {
    return undefined;
  }
}

/** Not by spreading into `Math.max()`: a batch may have 10,000 records. */
function highest(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((a, b) => Math.max(a, b));
}

function toThreeDecimals(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
