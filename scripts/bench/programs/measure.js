/** What the programs measure and report with. */
import process from "node:process";

/**
 * Calls `invoke` again and again for a time; gives the mean milliseconds of a call. Both are CPU time:
 * what else runs on the machine does not count. Asking for it takes a while, so that is done only after
 * every `callsAtOnce` calls.
 */
export async function runFor(ms, callsAtOnce, invoke) {
  let calls = 0;
  const start = cpuMs();
  for (; cpuMs() - start < ms; calls += callsAtOnce) {
    for (let call = 0; call < callsAtOnce; call++) await invoke();
  }
  return (cpuMs() - start) / calls;
}

/** How much CPU time the process has used, in milliseconds. */
export function cpuMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** The middle of some numbers. */
export function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** Gives the bench what was measured: named numbers. */
export function report(figures) {
  process.stdout.write(`${JSON.stringify(figures)}\n`);
}
