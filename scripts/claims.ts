import process from "node:process";
import { print } from "./run_command.ts";

let passed = 0;
let failed = 0;

/** States a claim, and counts whether it holds. */
export async function claim(what: string, check: () => Promise<void> | void): Promise<void> {
  try {
    await check();
    passed++;
    print(`ok      ${what}`);
  } catch (error) {
    failed++;
    print(`FAILED  ${what}\n${error instanceof Error ? error.message : error}`);
  }
}

/** Counts the tests of a runner. */
export function addTests(counts: { readonly passed: number; readonly failed: number }): void {
  passed += counts.passed;
  failed += counts.failed;
}

/** Throws unless something holds. */
export function assert(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}

/** Says how many claims held, and ends the process by that. */
export function end(): never {
  print(`${passed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}
