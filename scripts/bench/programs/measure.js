/** What the programs measure and report with. */
import process from "node:process";

/** Calls `invoke` again and again for a time; gives the mean milliseconds of a call. */
export async function runFor(ms, invoke) {
  let calls = 0;
  const start = performance.now();
  for (; performance.now() - start < ms; calls++) await invoke();
  return (performance.now() - start) / calls;
}

/** The middle of some numbers. */
export function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** Gives the bench what was measured: named numbers. */
export function report(figures) {
  process.stdout.write(`${JSON.stringify(figures)}\n`);
}
