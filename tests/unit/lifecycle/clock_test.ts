import { assertEquals, assertRejects } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import type { Context } from "aws-lambda";
import { Clock, TimeLimit, withTimeLimit } from "../../../src/lifecycle/clock.ts";
import { passTime } from "../../support/time.ts";

function clockWith(remaining: unknown): Clock {
  const getRemainingTimeInMillis = typeof remaining === "function" ? remaining : () => remaining;
  return new Clock({ getRemainingTimeInMillis } as unknown as Context, undefined);
}

Deno.test("Clock.stepMs() keeps 150 ms for the error to reach Lambda, or a third", () => {
  for (
    const [remaining, limit, share, ms] of [
      [550, 1_000, 1, 400],
      [550, 400, 1, 400],
      [550, 399, 1, 399],
      [550, 1_000, 1 / 2, 200],
      [300, 1_000, 1, 200],
      [0, 1_000, 1, 0],
      [-10, 1_000, 1, 0],
    ] as const
  ) {
    assertEquals(clockWith(remaining).stepMs(limit, share), ms);
  }
});

Deno.test("Clock.stepMs() is the limit where there is no end", () => {
  const broken = () => {
    throw new Error("no clock");
  };
  for (const remaining of [broken, undefined, NaN, "soon", Infinity]) {
    assertEquals(clockWith(remaining).stepMs(700, 1), 700);
    assertEquals(clockWith(remaining).isReserveReached, false);
  }
  assertEquals(new Clock(undefined, undefined).stepMs(700, 1 / 2), 700);
  assertEquals(new Clock({} as Context, undefined).stepMs(700, 1), 700);
});

Deno.test("Clock.waitForHook() waits a little longer than a step at SQS may take", async () => {
  using time = new FakeTime();
  const end = time.now + 10_000;
  const clock = clockWith(() => end - Date.now());
  let error: unknown;
  clock.waitForHook("_clean", new Promise(() => {})).catch((thrown) => error = thrown);
  await passTime(time, 9_924);
  assertEquals(error, undefined);
  await passTime(time, 1);
  assertEquals((error as Error).name, "TimeoutError");
});

Deno.test("Clock starts no timer with a negative delay", () => {
  const delays: number[] = [];
  const { setTimeout } = globalThis;
  globalThis.setTimeout = ((step: () => void, ms: number) => {
    delays.push(ms);
    if (delays.length < 10) step();
    return 0;
  }) as unknown as typeof setTimeout;
  try {
    for (const remaining of [0, 10, -100, 5_000]) {
      clockWith(remaining).start({ inSight() {}, near() {}, reserveReached() {} });
    }
  } finally {
    globalThis.setTimeout = setTimeout;
  }
  assertEquals(delays.filter((ms) => !(ms >= 0)), []);
});

Deno.test("TimeLimit gives each piece of work a signal of its own, aborted when the time is over", async () => {
  using time = new FakeTime();
  const signals: AbortSignal[] = [];
  const work = (signal: AbortSignal) => {
    signals.push(signal);
    return new Promise<void>(() => {});
  };
  const limit = new TimeLimit(100);
  const waiting = Array.from({ length: 3 }, () => limit.waitFor(work).catch((error) => error.name));
  await passTime(time, 100);
  assertEquals(await Promise.all(waiting), ["TimeoutError", "TimeoutError", "TimeoutError"]);
  assertEquals(new Set(signals).size, 3);
  assertEquals(signals.map(({ aborted }) => aborted), [true, true, true]);
  await assertRejects(() => limit.waitFor(work), DOMException);
  assertEquals(signals.length, 3);
});

Deno.test("withTimeLimit() leaves no timer behind", async () => {
  using time = new FakeTime();
  assertEquals(await withTimeLimit(1_000, () => Promise.resolve("done")), "done");
  assertEquals(await time.nextAsync(), false);
});
