import { assertEquals } from "@std/assert";
import type { FakeTime } from "@std/testing/time";

/** Lets fake time pass, timer by timer, and what hangs on each timer run before the next one. */
export async function passTime(time: FakeTime, ms: number): Promise<void> {
  let isOver = false;
  setTimeout(() => isOver = true, ms);
  while (!isOver) await time.nextAsync();
  await time.runMicrotasks();
}

/** Waits for a promise that must settle after this time, and not before. */
export async function settledAfter<T>(
  time: FakeTime,
  promise: Promise<T>,
  afterMs: number,
): Promise<T> {
  let isSettled = false;
  promise.then(() => isSettled = true, () => isSettled = true);
  await passTime(time, afterMs - 1);
  assertEquals(isSettled, false, `was settled before ${afterMs} ms`);
  await passTime(time, 1);
  assertEquals(isSettled, true, `was not settled after ${afterMs} ms`);
  return await promise;
}
