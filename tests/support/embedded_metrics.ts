/**
 * CloudWatch's embedded metric format, as its specification has it (CloudWatch user guide,
 * "Specification: Embedded metric format"; CloudWatch API reference, `Dimension`, `Metric`).
 */
import { assert, assertEquals } from "@std/assert";
import { Ajv } from "ajv";

/** A document in the format. */
export interface EmbeddedMetrics {
  readonly _aws: {
    readonly Timestamp: number;
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[];
    }[];
  };
  readonly [name: string]: unknown;
}

const SIZES = ["Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes"]
  .flatMap((bytes) => [bytes, bytes.replace("ytes", "its")]);

const UNITS = [
  "Seconds",
  "Microseconds",
  "Milliseconds",
  "Percent",
  "Count",
  "None",
  ...SIZES,
  ...["Count", ...SIZES].map((unit) => `${unit}/Second`),
];

/** The constraints of the specification's JSON schema; its text also forbids additional members. */
const SCHEMA = {
  type: "object",
  required: ["_aws"],
  properties: {
    _aws: {
      type: "object",
      required: ["Timestamp", "CloudWatchMetrics"],
      additionalProperties: false,
      properties: {
        Timestamp: { type: "integer" },
        CloudWatchMetrics: {
          type: "array",
          items: {
            type: "object",
            required: ["Namespace", "Dimensions", "Metrics"],
            additionalProperties: false,
            properties: {
              Namespace: text(1_024),
              Dimensions: {
                type: "array",
                minItems: 1,
                items: { type: "array", minItems: 1, maxItems: 30, items: text(250) },
              },
              Metrics: {
                type: "array",
                maxItems: 100,
                items: {
                  type: "object",
                  required: ["Name"],
                  additionalProperties: false,
                  properties: {
                    Name: text(1_024),
                    Unit: { enum: UNITS },
                    StorageResolution: { type: "integer" },
                  },
                },
              },
            },
          },
        },
      },
    },
  },
};

function text(maxLength: number): object {
  return { type: "string", pattern: "^(.*)$", minLength: 1, maxLength };
}

const validate = new Ajv({ allErrors: true }).compile<EmbeddedMetrics>(SCHEMA);

/** The specification says 1 MB today; some pages still say 256 KB. */
const MAX_BYTES = 256 * 1_024;

const PRINTABLE_ASCII = /^[ -~]*[!-~][ -~]*$/;

/**
 * Reads a line in the format.
 *
 * @throws {AssertionError} If it breaks a rule of the specification.
 */
export function readEmbeddedMetrics(line: string): EmbeddedMetrics {
  assert(!/[\r\n]/.test(line), "there is a line break in it");
  assert(new TextEncoder().encode(line).length <= MAX_BYTES, "it is too long");
  const document: unknown = JSON.parse(line);
  assert(validate(document), JSON.stringify(validate.errors));
  for (const { Namespace, Dimensions, Metrics } of document._aws.CloudWatchMetrics) {
    assert(PRINTABLE_ASCII.test(Namespace) && Namespace.length <= 255, "no such namespace");
    assert(!/^(:|AWS\/)/.test(Namespace), "the namespace is taken");
    for (const name of Dimensions.flat()) checkDimension(name, document[name]);
    for (const names of Dimensions) assertEquals(new Set(names).size, names.length);
    const names = Metrics.map(({ Name }) => Name);
    assertEquals(new Set(names).size, names.length);
    for (const name of names) {
      assert(Number.isFinite(document[name]), `the metric ${name} has no number`);
      assert(!Dimensions.flat().includes(name), `${name} is a dimension and a metric`);
    }
  }
  return document;
}

function checkDimension(name: string, value: unknown): void {
  assert(PRINTABLE_ASCII.test(name) && !name.startsWith(":"), `no such dimension: ${name}`);
  assert(typeof value === "string" && value.length <= 1_024, `the dimension ${name} has no text`);
  assert(PRINTABLE_ASCII.test(value), `the dimension ${name} has a wrong text`);
}
