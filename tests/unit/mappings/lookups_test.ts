import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { parseQueueArn } from "../../../src/internal/queue_arn.ts";
import { Clock } from "../../../src/lifecycle/clock.ts";
import type { Verdict } from "../../../src/lifecycle/hooks.ts";
import { verdictOn } from "../../../src/mappings/lookups.ts";
import { QUEUE_ARN } from "../../support/factories.ts";
import {
  goodMapping,
  type LambdaAnswer,
  LambdaApi,
  newFunctionArn,
  type TestMapping,
} from "../../support/lambda_api.ts";
import { lambdaContext } from "../../support/lambda_context.ts";

const QUEUE = parseQueueArn(QUEUE_ARN);
const MINUTE = 60_000;

function verdict(functionArn: string, timeoutMs = 60_000): Verdict | Promise<Verdict> {
  return verdictOn(functionArn, QUEUE, new Clock(lambdaContext(timeoutMs), undefined));
}

/** The wall clock, set by the test. */
class WallClock implements Disposable {
  readonly #now = Date.now;
  #offset = 0;

  constructor() {
    Date.now = () => this.#now.call(Date) + this.#offset;
  }

  pass(ms: number): void {
    this.#offset += ms;
  }

  [Symbol.dispose](): void {
    Date.now = this.#now;
  }
}

// ------------------------------------------------------------------------------- what counts

Deno.test("verdictOn() has no doubt where the mapping has the flag, is enabled and old enough", async () => {
  const functionArn = newFunctionArn();
  await using api = await LambdaApi.start({ mappings: [goodMapping(functionArn)] });
  assertEquals(await verdict(functionArn), { doubt: undefined });
  assertEquals(api.requests, [
    { path: "/2015-03-31/event-source-mappings", queueArn: QUEUE_ARN, marker: null },
  ]);
});

const fn = newFunctionArn();
const now = Date.now() / 1_000;
const ALIAS = `${fn}:live`;
const OTHER_QUEUE = { EventSourceArn: `${QUEUE_ARN}-2`, FunctionResponseTypes: [] };

const CASES: readonly [string, readonly TestMapping[], string | undefined][] = [
  ["no mapping at all", [], "has no event source mapping"],
  ["none of this function", [goodMapping(newFunctionArn())], "has no event source mapping"],
  ["one of an alias only", [goodMapping(ALIAS)], "has no event source mapping"],
  ["one without response types", [
    { FunctionArn: fn, State: "Enabled", LastModified: 1 },
  ], "lacks ReportBatchItemFailures"],
  ["an empty list of response types", [
    goodMapping(fn, { FunctionResponseTypes: [] }),
  ], "lacks ReportBatchItemFailures"],
  ["a string of response types", [
    goodMapping(fn, { FunctionResponseTypes: "ReportBatchItemFailures" }),
  ], "lacks ReportBatchItemFailures"],
  ["one good and one without", [
    goodMapping(fn),
    goodMapping(fn, { FunctionResponseTypes: [] }),
  ], "lacks ReportBatchItemFailures"],
  ["two good ones", [goodMapping(fn), goodMapping(fn)], undefined],
  ["a good one beside another function's without", [
    goodMapping(fn),
    goodMapping(ALIAS, { FunctionResponseTypes: [] }),
  ], undefined],
  ["a good one beside another queue's without", [
    goodMapping(fn),
    goodMapping(fn, OTHER_QUEUE),
  ], undefined],
  ["one of another queue only", [
    goodMapping(fn, { EventSourceArn: `${QUEUE_ARN}-2` }),
  ], "has no event source mapping"],
  ["one that is disabled", [goodMapping(fn, { State: "Disabled" })], "its state: Disabled"],
  ["one that is being updated", [goodMapping(fn, { State: "Updating" })], "its state: Updating"],
  ["one of an unknown state", [goodMapping(fn, { State: "a b" })], "its state: unknown"],
  ["one without a state", [goodMapping(fn, { State: undefined })], "is not Enabled"],
  ["one modified four minutes ago", [
    goodMapping(fn, { LastModified: now - 240 }),
  ], "over five minutes ago"],
  ["one modified in the future", [
    goodMapping(fn, { LastModified: now + 240 }),
  ], "over five minutes ago"],
  ["one of unknown age", [goodMapping(fn, { LastModified: undefined })], "over five minutes ago"],
];

CASES.forEach(([name, mappings, doubt], index) => {
  Deno.test(`verdictOn() of ${name}: ${doubt ?? "no doubt"}`, async () => {
    await using _api = await LambdaApi.start({ mappings });
    // A queue of its own, as nothing is known of it; the list is the server's.
    const queue = parseQueueArn(`${QUEUE_ARN}-case-${index}`);
    const listed = mappings.map((mapping) =>
      mapping.EventSourceArn ? mapping : { ...mapping, EventSourceArn: queue.arn }
    );
    _api.answerWith({ mappings: listed });
    const given = await verdictOn(fn, queue, new Clock(undefined, undefined));
    if (doubt === undefined) assertEquals(given.doubt, undefined);
    else assertStringIncludes(given.doubt ?? "", doubt);
  });
});

// ------------------------------------------------------------------------------- what goes wrong

const FAULTS: readonly [string, LambdaAnswer, RegExp][] = [
  [
    "no permission",
    { status: 403, code: "AccessDeniedException" },
    /AccessDenied \(HTTP 403\), needs lambda:ListEventSourceMappings$/,
  ],
  [
    "throttling",
    { status: 429, code: "TooManyRequestsException" },
    /TooManyRequestsException \(HTTP 429\)$/,
  ],
  [
    "an error of Lambda's",
    { status: 500, code: "ServiceException" },
    /ServiceException \(HTTP 500\)$/,
  ],
  ["a page of HTML", { body: "<html>" }, /cannot be read/],
  ["no list", { body: "{}" }, /cannot be read/],
  ["a list of something else", { body: '{"EventSourceMappings":[null]}' }, /cannot be read/],
  ["a mapping without a function", { body: '{"EventSourceMappings":[{}]}' }, /cannot be read/],
  ["a connection that is dropped", "drop", /ECONNRESET|EPIPE/],
  ["no answer", "hang", /^Lambda did not answer within two seconds$/],
];

for (const [name, answer, doubt] of FAULTS) {
  Deno.test(`verdictOn() doubts after ${name}, and does not try again`, async () => {
    const functionArn = newFunctionArn();
    await using api = await LambdaApi.start(answer);
    const given = await verdict(functionArn);
    assertMatch(given.doubt ?? "", doubt);
    assert(!given.doubt?.includes("assumed-role"), "it quotes the answer");
    api.answerWith({ mappings: [goodMapping(functionArn)] });
    assertEquals(verdict(functionArn), given);
    assertEquals(api.requests.length, 1);
  });
}

Deno.test("verdictOn() doubts if nobody listens", async () => {
  const api = await LambdaApi.start();
  const { endpoint } = api;
  await api[Symbol.asyncDispose]();
  await using second = await LambdaApi.start();
  Deno.env.set("AWS_ENDPOINT_URL_LAMBDA", endpoint);
  assertMatch((await verdict(newFunctionArn())).doubt ?? "", /^asking Lambda failed: ECONNREFUSED/);
  assertEquals(second.requests, []);
});

// ------------------------------------------------------------------------------- pages

Deno.test("verdictOn() reads all pages", async () => {
  const functionArn = newFunctionArn();
  await using api = await LambdaApi.start(({ marker }) =>
    marker === "2"
      ? { mappings: [goodMapping(functionArn, { FunctionResponseTypes: [] })] }
      : { mappings: [goodMapping(functionArn)], nextMarker: String(Number(marker ?? 0) + 1) }
  );
  assertMatch((await verdict(functionArn)).doubt ?? "", /lacks ReportBatchItemFailures/);
  assertEquals(api.requests.map(({ marker }) => marker), [null, "1", "2"]);
});

Deno.test("verdictOn() doubts where the pages do not end, or where one fails", async () => {
  const functionArn = newFunctionArn();
  const page = { mappings: [goodMapping(functionArn)], nextMarker: "again" };
  await using api = await LambdaApi.start(page);
  assertMatch((await verdict(functionArn)).doubt ?? "", /more than 20 pages/);
  assertEquals(api.requests.length, 20);
  api.answerWith(({ marker }) => marker ? { status: 429, code: "TooManyRequestsException" } : page);
  assertMatch((await verdict(newFunctionArn())).doubt ?? "", /TooManyRequestsException/);
});

// ------------------------------------------------------------------------------- who asks, and when

Deno.test("verdictOn() asks once for all who wait", async () => {
  const functionArn = newFunctionArn();
  await using api = await LambdaApi.start({ mappings: [goodMapping(functionArn)] });
  const all = await Promise.all(Array.from({ length: 20 }, () => verdict(functionArn)));
  assertEquals(all.map(({ doubt }) => doubt), new Array(20).fill(undefined));
  assertEquals(api.requests.length, 1);
});

Deno.test("verdictOn() asks anew for another queue or another function", async () => {
  const functionArn = newFunctionArn();
  await using api = await LambdaApi.start({ mappings: [goodMapping(functionArn)] });
  await verdict(functionArn);
  await verdict(`${functionArn}:live`);
  const other = parseQueueArn(`${QUEUE_ARN}-other`);
  await verdictOn(functionArn, other, new Clock(undefined, undefined));
  assertEquals(api.requests.map(({ queueArn }) => queueArn), [QUEUE_ARN, QUEUE_ARN, other.arn]);
});

for (const isGood of [true, false]) {
  Deno.test(`a ${isGood ? "good" : "bad"} answer serves eight minutes at least, and less than ten`, async () => {
    const functionArn = newFunctionArn();
    const types = isGood ? ["ReportBatchItemFailures"] : [];
    using clock = new WallClock();
    await using api = await LambdaApi.start({
      mappings: [goodMapping(functionArn, { FunctionResponseTypes: types })],
    });
    const first = await verdict(functionArn);
    assertEquals(first.doubt === undefined, isGood);
    clock.pass(8 * MINUTE - 5_000);
    assertEquals(verdict(functionArn), first);
    assertEquals(api.requests.length, 1);
    clock.pass(2 * MINUTE + 5_000);
    await verdict(functionArn);
    assertEquals(api.requests.length, 2);
  });
}

Deno.test("the jitter shortens the ten minutes", async () => {
  const { random } = Math;
  try {
    for (const [value, servesMs] of [[0, 10 * MINUTE], [0.5, 9 * MINUTE]] as const) {
      Math.random = () => value;
      using clock = new WallClock();
      const functionArn = newFunctionArn();
      await using api = await LambdaApi.start({ mappings: [goodMapping(functionArn)] });
      await verdict(functionArn);
      clock.pass(servesMs - 5_000);
      await verdict(functionArn);
      assertEquals(api.requests.length, 1);
      clock.pass(5_000);
      await verdict(functionArn);
      assertEquals(api.requests.length, 2);
    }
  } finally {
    Math.random = random;
  }
});

Deno.test("an answer is not used if the clock was set back: nobody knows how old it is", async () => {
  const functionArn = newFunctionArn();
  using clock = new WallClock();
  await using api = await LambdaApi.start({ mappings: [goodMapping(functionArn)] });
  await verdict(functionArn);
  clock.pass(5 * MINUTE);
  await verdict(functionArn);
  assertEquals(api.requests.length, 1);
  clock.pass(-MINUTE);
  await verdict(functionArn);
  assertEquals(api.requests.length, 2);
});

Deno.test("an answer that grew too old is not used, although the clock was set back meanwhile", async () => {
  const functionArn = newFunctionArn();
  await using api = await LambdaApi.start({ mappings: [goodMapping(functionArn)] });
  await verdict(functionArn);
  const { now } = performance;
  try {
    performance.now = () => now.call(performance) + 10 * MINUTE;
    await verdict(functionArn);
  } finally {
    performance.now = now;
  }
  assertEquals(api.requests.length, 2);
});

Deno.test("an answer that comes after the process was frozen is not used, and not kept", async () => {
  const functionArn = newFunctionArn();
  using clock = new WallClock();
  const { promise: after, resolve } = Promise.withResolvers<void>();
  const mappings = [goodMapping(functionArn)];
  await using api = await LambdaApi.start({ after, mappings });
  const waiting = verdict(functionArn);
  while (api.requests.length === 0) await new Promise((done) => setTimeout(done));
  clock.pass(MINUTE);
  resolve();
  assertEquals(await waiting, { doubt: "Lambda did not answer within two seconds" });
  api.answerWith({ mappings });
  assertEquals(await verdict(functionArn), { doubt: undefined });
});

Deno.test("a lookup from before the process was frozen is not waited for", async () => {
  const functionArn = newFunctionArn();
  using clock = new WallClock();
  await using api = await LambdaApi.start("hang");
  const waiting = verdict(functionArn);
  while (api.requests.length === 0) await new Promise((done) => setTimeout(done));
  clock.pass(MINUTE);
  api.answerWith({ mappings: [goodMapping(functionArn)] });
  assertEquals(await verdict(functionArn), { doubt: undefined });
  assertEquals((await waiting).doubt, "Lambda did not answer within two seconds");
  assertEquals(verdict(functionArn), { doubt: undefined });
});

// ------------------------------------------------------------------------------- deadlines

Deno.test("whoever has no time left doubts at once, unless the answer is known", async () => {
  const functionArn = newFunctionArn();
  await using api = await LambdaApi.start({ mappings: [goodMapping(functionArn)] });
  const late = () => verdictOn(functionArn, QUEUE, new Clock(lambdaContext(500), 1_000));
  assertEquals(late(), {
    doubt: "Lambda did not answer before the end of the invocation drew near",
  });
  assertEquals(api.requests, []);
  await verdict(functionArn);
  assertEquals(late(), { doubt: undefined });
});

Deno.test("a batch stops waiting at its reserve; others still get the answer", async () => {
  const functionArn = newFunctionArn();
  const { promise: after, resolve } = Promise.withResolvers<void>();
  await using api = await LambdaApi.start({ after, mappings: [goodMapping(functionArn)] });
  const hasTime = verdict(functionArn);
  const hurried = verdictOn(functionArn, QUEUE, new Clock(lambdaContext(300), 200));
  assertMatch((await hurried).doubt ?? "", /before the end of the invocation/);
  resolve();
  assertEquals(await hasTime, { doubt: undefined });
  assertEquals(verdict(functionArn), { doubt: undefined });
  assertEquals(api.requests.length, 1);
});
