import { emitMetrics, type EmitMetricsOptions } from "@partial-batch/sqs/metrics";
import { assertEquals, assertFalse, assertThrows } from "@std/assert";
import { checkOptions } from "../../../src/metrics/options.ts";

/** What plain JavaScript may give. */
function emit(options: unknown): Disposable {
  return emitMetrics(options as EmitMetricsOptions);
}

const manyDimensions = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`Name${index}`, "value"]));

Deno.test("emitMetrics() refuses what is not an option, with a TypeError that says so", () => {
  const namespace = "Orders";
  for (
    const [options, includes] of [
      [undefined, "expected an object, got undefined"],
      ["Orders", "expected an object, got a string"],
      [{}, "Cannot use namespace: expected a string, got undefined"],
      [{ namespace: 7 }, "Cannot use namespace: expected a string, got 7"],
      [{ namespace, dimension: {} }, 'the option "dimension" of emitMetrics()'],
      [{ namespace, write: "stdout" }, "Cannot use write: expected a function, got a string"],
      [{ namespace, dimensions: null }, "expected an object of strings, got null"],
      [{ namespace, dimensions: ["A"] }, "expected an object of strings, got an array of length 1"],
      [{ namespace, dimensions: new Map([["A", "b"]]) }, "expected an object of strings, got an"],
      [
        { namespace, dimensions: { A: undefined } },
        "the dimension A: expected a string, got undef",
      ],
      [{ namespace, dimensions: { A: 1 } }, "the dimension A: expected a string, got 1"],
    ] as const
  ) {
    assertThrows(() => emit(options), TypeError, includes);
  }
});

Deno.test("emitMetrics() refuses a namespace that CloudWatch would refuse, with a RangeError", () => {
  for (
    const [namespace, got] of [
      ["", "an empty string"],
      ["n".repeat(256), "256 characters"],
      ["Bestellungen für heute", "a string with other characters"],
      ["a\nb", "a string with other characters"],
      ["   ", "a string of spaces"],
      ["AWS/Lambda", 'a string that starts with "AWS/"'],
      [":orders", 'a string that starts with ":"'],
    ] as const
  ) {
    const expected = "Cannot use namespace: expected 1 to 255 printable ASCII characters, got ";
    const { message } = assertThrows(() => emit({ namespace }), RangeError);
    assertEquals(message, expected + got);
  }
});

Deno.test("emitMetrics() refuses dimensions that CloudWatch would refuse, with a RangeError", () => {
  for (
    const [dimensions, includes] of [
      [{ "": "a" }, "the name of a dimension: expected 1 to 250 printable ASCII characters"],
      [{ ["n".repeat(251)]: "a" }, "got 251 characters"],
      [{ ":name": "a" }, 'a string that starts with ":"'],
      [{ "größe": "a" }, "the name of a dimension: expected"],
      [{ Stage: "" }, "the dimension Stage: expected 1 to 1024 printable ASCII characters"],
      [{ Stage: "v".repeat(1_025) }, "got 1025 characters"],
      [{ Stage: " " }, "got a string of spaces"],
      [{ Stage: "tab\t" }, "got a string with other characters"],
      [{ Failed: "a" }, "the dimension Failed: expected a name that is not taken"],
      [{ _aws: "a" }, "the dimension _aws: expected a name that is not taken"],
      [manyDimensions(30), "expected at most 29 beside QueueName, got 30"],
    ] as const
  ) {
    assertThrows(() => emit({ namespace: "Orders", dimensions }), RangeError, includes);
  }
});

Deno.test("emitMetrics() shows no value of a dimension in an error", () => {
  for (const value of ["secret\n", `secret${"x".repeat(1_024)}`]) {
    const dimensions = { Stage: value };
    const { message } = assertThrows(() => emit({ namespace: "Orders", dimensions }), RangeError);
    assertFalse(message.includes("secret"));
  }
});

Deno.test("checkOptions() takes what is just within the limits", () => {
  const dimensions = {
    ...manyDimensions(28),
    QueueName: "orders",
    ["n".repeat(250)]: "v".repeat(1_024),
  };
  const checked = checkOptions({ namespace: "n".repeat(255), dimensions });
  assertEquals(checked.dimensions, dimensions);
});

Deno.test("checkOptions() copies the dimensions, also one with an odd name", () => {
  const dimensions: Record<string, string> = JSON.parse('{"__proto__":"a"}');
  const checked = checkOptions({ namespace: "Orders", dimensions });
  dimensions.Stage = "test";
  assertEquals(Object.entries(checked.dimensions), [["__proto__", "a"]]);
});
