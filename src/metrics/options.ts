import { checkFunction, checkOptionNames } from "../internal/check_options.ts";
import { describeShape } from "../internal/shape.ts";
import {
  MAX_VALUE_LENGTH,
  METRIC_NAMES,
  type MetricsTarget,
  QUEUE_NAME,
} from "./embedded_metrics.ts";
import { writeToStdout } from "./write_to_stdout.ts";

/**
 * Options of {@linkcode emitMetrics}.
 *
 * @category Metrics
 */
export interface EmitMetricsOptions {
  /**
   * The namespace of the metrics: 1 to 255 printable ASCII characters, not all spaces, and not starting
   * with `:` or `AWS/` (CloudWatch API reference, `Metric` and `PutMetricData`).
   */
  readonly namespace: string;
  /**
   * Fixed dimensions that each metric has beside `QueueName`, by name. A `QueueName` given here takes
   * the place of the queue's own. CloudWatch bills each combination of dimensions by itself: give no
   * values that change from batch to batch.
   *
   * At most 29 beside `QueueName`. Names have 1 to 250 characters and do not start with `:`, values
   * have 1 to 1,024; both are printable ASCII and not all spaces (CloudWatch user guide, "Specification:
   * Embedded metric format", and CloudWatch API reference, `Dimension`).
   *
   * @default {none}
   */
  readonly dimensions?: Readonly<Record<string, string>>;
  /**
   * Writes one line of JSON, which has no line break in it or at its end. It is called when a batch is
   * closed, and nothing waits for what it starts. What it throws changes no batch; the first error of
   * each `emitMetrics()` is a process warning.
   *
   * @default {the process's standard output, with a line break}
   */
  readonly write?: (line: string) => void;
}

/** Options that were checked, with the defaults. */
export interface CheckedMetricsOptions extends MetricsTarget {
  readonly write: (line: string) => unknown;
}

/** What a text of CloudWatch must be. */
interface TextRule {
  readonly maxLength: number;
  /** What it may not start with. */
  readonly reserved?: readonly string[];
}

const NAMESPACE: TextRule = { maxLength: 255, reserved: [":", "AWS/"] };
const DIMENSION_NAME: TextRule = { maxLength: 250, reserved: [":"] };
const DIMENSION_VALUE: TextRule = { maxLength: MAX_VALUE_LENGTH };

/** Beside `QueueName`; a set of dimensions has 30. */
const MAX_DIMENSIONS = 29;

/** The members of a line that are not dimensions. */
const TAKEN_NAMES: ReadonlySet<string> = new Set(["_aws", ...METRIC_NAMES]);

/**
 * @throws {TypeError} If an option does not exist, is missing, or is of another type.
 * @throws {RangeError} If CloudWatch would refuse the namespace or a dimension.
 */
export function checkOptions(options: EmitMetricsOptions): CheckedMetricsOptions {
  checkOptionNames(options, ["namespace", "dimensions", "write"], "emitMetrics()");
  const { namespace, dimensions = {}, write = writeToStdout } = options;
  checkText(namespace, "namespace", NAMESPACE);
  checkFunction(write, "write");
  return { namespace, dimensions: checkDimensions(dimensions), write };
}

/** Copies the dimensions, so that later changes have no effect. */
function checkDimensions(dimensions: object): Readonly<Record<string, string>> {
  // A Map or an array would give no dimensions, or wrong ones.
  if (Object.prototype.toString.call(dimensions) !== "[object Object]") {
    throw new TypeError(
      `Cannot use dimensions: expected an object of strings, got ${describeShape(dimensions)}`,
    );
  }
  const checked = Object.entries<unknown>({ ...dimensions }).map(([name, value]) => {
    checkText(name, "the name of a dimension", DIMENSION_NAME);
    if (TAKEN_NAMES.has(name)) {
      throw new RangeError(`Cannot use the dimension ${name}: expected a name that is not taken`);
    }
    checkText(value, `the dimension ${name}`, DIMENSION_VALUE);
    return [name, value] as const;
  });
  const count = checked.filter(([name]) => name !== QUEUE_NAME).length;
  if (count > MAX_DIMENSIONS) {
    throw new RangeError(
      `Cannot use dimensions: expected at most ${MAX_DIMENSIONS} beside ${QUEUE_NAME}, got ${count}`,
    );
  }
  return Object.fromEntries(checked);
}

function checkText(value: unknown, name: string, rule: TextRule): asserts value is string {
  if (typeof value !== "string") {
    throw new TypeError(`Cannot use ${name}: expected a string, got ${describeShape(value)}`);
  }
  const problem = problemOf(value, rule);
  if (problem === undefined) return;
  throw new RangeError(
    `Cannot use ${name}: expected 1 to ${rule.maxLength} printable ASCII characters, got ${problem}`,
  );
}

/** What CloudWatch would refuse a text for. */
function problemOf(text: string, { maxLength, reserved = [] }: TextRule): string | undefined {
  if (text === "") return "an empty string";
  if (text.length > maxLength) return `${text.length} characters`;
  if (!/^[ -~]+$/.test(text)) return "a string with other characters";
  if (text.trim() === "") return "a string of spaces";
  const start = reserved.find((each) => text.startsWith(each));
  return start === undefined ? undefined : `a string that starts with "${start}"`;
}
