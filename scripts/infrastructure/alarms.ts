/** What the pages say of their alarms, read from what the programs make. */
import { at, type Group, type Resource, targetOf, type Value } from "./cloudformation.ts";
import { type Mode, only } from "./facts.ts";

/** A metric that an alarm watches: where it is, and which resource the dimension's value names. */
interface Watched {
  readonly namespace: Value | undefined;
  readonly name: Value | undefined;
  readonly dimensions: readonly (readonly [name: Value | undefined, target: string | undefined])[];
  readonly statistic: Value | undefined;
  readonly period: Value | undefined;
}

/** An alarm, in the same words for a metric and for an expression. */
interface Alarm {
  readonly metrics: Readonly<Record<string, Watched>>;
  readonly expression: Value | undefined;
  readonly rings: readonly (Value | undefined)[];
  readonly missing: Value | undefined;
  readonly hasAction: boolean;
}

/** A line of CloudWatch's embedded metric format, as far as alarms depend on it. */
export interface MetricLine {
  readonly _aws: {
    readonly CloudWatchMetrics: readonly [{
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string }[];
    }];
  };
  readonly [name: string]: unknown;
}

const AT_LEAST = "GreaterThanOrEqualToThreshold";

/** Above 0 where failures are lost. */
const LOST = "IF(FILL(reported, 0) == 0, failed + unprocessed, 0)";

function list(value: Value | undefined): readonly Value[] {
  return Array.isArray(value) ? value : [];
}

function watched(metric: Value | undefined, statistic?: Value, period?: Value): Watched {
  return {
    namespace: at(metric, "Namespace"),
    name: at(metric, "MetricName"),
    dimensions: list(at(metric, "Dimensions")).map((each) =>
      [at(each, "Name"), targetOf(at(each, "Value"))] as const
    ),
    statistic,
    period,
  };
}

function readAlarm(properties: Group): Alarm {
  const queries = list(properties.Metrics);
  const stats = queries.filter((query) => at(query, "MetricStat") !== undefined);
  const metrics = queries.length === 0
    ? { metric: watched(properties, properties.Statistic, properties.Period) }
    : Object.fromEntries(
      stats.map((query) => {
        const stat = at(query, "MetricStat");
        const isHidden = at(query, "ReturnData") === false;
        const read = watched(at(stat, "Metric"), at(stat, "Stat"), at(stat, "Period"));
        return [isHidden ? String(at(query, "Id")) : "not hidden", read] as const;
      }).sort(([a], [b]) => a < b ? -1 : 1),
    );
  return {
    metrics,
    expression: queries.map((query) => at(query, "Expression")).find((each) => each !== undefined),
    rings: [
      properties.ComparisonOperator,
      properties.Threshold,
      properties.DatapointsToAlarm ?? properties.EvaluationPeriods,
      properties.EvaluationPeriods,
    ],
    missing: properties.TreatMissingData,
    hasAction: at(properties, "AlarmActions", 0) !== undefined,
  };
}

function alarmsOf(resources: Readonly<Record<string, Resource>>): Alarm[] {
  return Object.values(resources)
    .filter(({ Type }) => Type === "AWS::CloudWatch::Alarm")
    .map(({ Properties = {} }) => readAlarm(Properties));
}

/** What the alarms of a mode have wrong: the three of the base, or all that the pages name. */
export function wrongAlarms(
  resources: Readonly<Record<string, Resource>>,
  mode: Mode,
  which: "base" | "all",
): string[] {
  const [mappingId, mapping] = only(resources, "AWS::Lambda::EventSourceMapping");
  const [functionId] = only(resources, "AWS::Lambda::Function");
  const sourceId = targetOf(mapping.EventSourceArn);
  const redrive = resources[sourceId ?? ""]?.Properties?.RedrivePolicy;
  const deadId = targetOf(at(redrive, "deadLetterTargetArn"));

  const metric = (
    namespace: string,
    name: string,
    dimension: readonly [name: string, target: string | undefined],
    statistic: string,
  ): Watched => ({ namespace, name, dimensions: [dimension], statistic, period: 300 });
  const ofQueue = (name: string, id: string | undefined) =>
    metric("AWS/SQS", name, ["QueueName", id], "Maximum");
  const ofBatches = (name: string) => metric("Orders", name, ["QueueName", sourceId], "Sum");
  const ofMapping = (name: string, statistic: string) =>
    metric("AWS/Lambda", name, ["EventSourceMappingUUID", mappingId], statistic);
  const alarm = (
    metrics: Alarm["metrics"],
    rings: Alarm["rings"],
    more: Partial<Alarm> = {},
  ): Alarm => ({
    metrics,
    expression: undefined,
    rings,
    missing: "notBreaching",
    hasAction: true,
    ...more,
  });

  const base = [
    alarm({ metric: ofQueue("ApproximateNumberOfMessagesVisible", deadId) }, [AT_LEAST, 1, 1, 1]),
    alarm({ metric: ofQueue("ApproximateAgeOfOldestMessage", sourceId) }, [AT_LEAST, 3600, 1, 1]),
    alarm(
      { metric: metric("AWS/Lambda", "Errors", ["FunctionName", functionId], "Sum") },
      [AT_LEAST, mode === "report" ? 1 : 10, 1, 1],
    ),
  ];
  const more = [
    alarm({ metric: ofBatches("Failed") }, [AT_LEAST, 10, 1, 1]),
    alarm({ metric: ofBatches("Unprocessed") }, [AT_LEAST, 1, 3, 3]),
    alarm({ metric: ofBatches("Undeleted") }, [AT_LEAST, 1, 3, 3]),
    alarm(
      { metric: ofMapping("PolledEventCount", "SampleCount") },
      ["LessThanThreshold", 1, 3, 3],
      { missing: "breaching" },
    ),
  ];
  const lost = alarm(
    {
      failed: ofBatches("Failed"),
      reported: ofMapping("FailedInvokeEventCount", "Sum"),
      unprocessed: ofBatches("Unprocessed"),
    },
    [AT_LEAST, 1, 2, 288],
    { expression: LOST },
  );
  const expected = which === "base"
    ? base
    : [...base, ...more, ...(mode === "report" ? [lost] : [])];

  const wrong: string[] = [];
  const actual = alarmsOf(resources);
  if (actual.length !== expected.length) {
    wrong.push(`expected ${expected.length} alarms, got ${actual.length}`);
  }
  for (const [index, each] of expected.entries()) {
    const [a, b] = [actual[index], each].map((of) => JSON.stringify(of));
    if (a !== b) wrong.push(`alarm ${index + 1}: expected ${b}, got ${a}`);
  }
  const metricsConfig = JSON.stringify(at(mapping, "MetricsConfig", "Metrics") ?? []);
  const expectedConfig = which === "base" ? "[]" : '["EventCount"]';
  if (metricsConfig !== expectedConfig) {
    wrong.push(`the mapping's metrics: expected ${expectedConfig}, got ${metricsConfig}`);
  }
  return wrong;
}

/** What alarms on the function's own metrics have other than the line that the function wrote. */
export function unwrittenMetrics(
  resources: Readonly<Record<string, Resource>>,
  line: MetricLine,
): string[] {
  const [{ Namespace, Dimensions, Metrics }] = line._aws.CloudWatchMetrics;
  const ours = alarmsOf(resources)
    .flatMap(({ metrics }) => Object.values(metrics))
    .filter(({ namespace }) => !String(namespace).startsWith("AWS/"));
  if (ours.length === 0) return ["no alarm is on a metric of the function"];
  const wrong: string[] = [];
  for (const { namespace, name, dimensions } of ours) {
    if (namespace !== Namespace) wrong.push(`${namespace} is written as ${Namespace}`);
    const names = JSON.stringify(dimensions.map(([each]) => each));
    const written = Dimensions.map((set) => JSON.stringify(set));
    if (!written.includes(names)) wrong.push(`${names} is written as ${written}`);
    if (!Metrics.some(({ Name }) => Name === name)) wrong.push(`${name} is not written`);
  }
  return wrong;
}

/**
 * What the expression of the alarm on lost messages gives for one period: it is JavaScript, too.
 *
 * @param reported What the mapping counts; `undefined` if it counts nothing.
 */
export function lostIn(line: MetricLine, reported: number | undefined): number {
  const evaluate = new Function(
    "IF",
    "FILL",
    "failed",
    "unprocessed",
    "reported",
    `return ${LOST}`,
  );
  const choose = (condition: boolean, yes: number, no: number) => condition ? yes : no;
  const fill = (value: number | undefined, missing: number) => value ?? missing;
  return Number(evaluate(choose, fill, line.Failed, line.Unprocessed, reported));
}
