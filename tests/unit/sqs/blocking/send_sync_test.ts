import {
  PartialSQSProcessor,
  SQSBatchProcessingError,
  type SqsClientLike,
} from "@partial-batch/sqs";
import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { handleBody, makeRecords } from "../../../support/factories.ts";
import { holding } from "../../../support/hold.ts";
import { onWorkerMessage } from "../../../support/worker.ts";

type Answer = (entries: readonly { readonly Id: string }[]) => unknown;

const notAsked = () => Promise.reject(new Error("send() was asked"));

/** A client that answers before it returns. */
function clientWith(answer: Answer): SqsClientLike {
  const entriesOf = (input: object) => (input as { Entries: { Id: string }[] }).Entries;
  return { send: notAsked, sendSync: ({ input }) => answer(entriesOf(input)) };
}

/** The reasons of what is undeleted after a batch of `count` handled messages and a failed one. */
async function undeletedWith(client: SqsClientLike, count = 1, closeTimeoutMs = 10_000) {
  const bodies = Array.from({ length: count }, () => "ok");
  const { thrown } = await holding({
    hold: "using",
    processor: new PartialSQSProcessor({ client, closeTimeoutMs }),
    records: makeRecords(...bodies, "fail"),
    handler: handleBody,
  });
  assertInstanceOf(thrown, SQSBatchProcessingError);
  return thrown.undeleted;
}

Deno.test("plain using prefers a client's sendSync() to signing and the worker", async () => {
  let messages = 0;
  using _ = onWorkerMessage(() => messages++);
  const counts: number[] = [];
  const client = clientWith((entries) => {
    counts.push(entries.length);
    return { Successful: entries.map(({ Id }) => ({ Id })) };
  });
  assertEquals(await undeletedWith(client, 12), []);
  assertEquals(counts, [10, 2]);
  assertEquals(messages, 0);
});

for (
  const [what, answer, reason] of [
    ["{}", () => ({}), "not among Successful in the answer"],
    ["undefined", () => undefined, "not among Successful in the answer"],
    ["a text", () => "ok", "not among Successful in the answer"],
    ["a promise", () => Promise.reject(new Error()), "sendSync() of the client returned a promise"],
    [
      "a TimeoutError",
      () => {
        throw new DOMException("late", "TimeoutError");
      },
      "no answer within the time limit",
    ],
    [
      "an error",
      () => {
        throw Object.assign(new Error("secret"), { name: "QueueDoesNotExist" });
      },
      "QueueDoesNotExist",
    ],
    [
      "undefined that is thrown",
      () => {
        throw undefined;
      },
      "the client threw something that is not an error",
    ],
    [
      "an error that cannot be read",
      () => {
        throw Object.defineProperty({}, "name", {
          get() {
            throw new Error();
          },
        });
      },
      "the client threw an error that cannot be read",
    ],
  ] as [string, Answer, string][]
) {
  Deno.test(`sendSync() confirms nothing by ${what}`, async () => {
    const undeleted = await undeletedWith(clientWith(answer));
    assertEquals(undeleted.map(({ reason }) => reason), [reason]);
  });
}

Deno.test("sendSync() is asked again for the entries alone that failed on SQS's side", async () => {
  const asked: number[] = [];
  const client = clientWith((entries) => {
    asked.push(entries.length);
    return asked.length === 1
      ? {
        Successful: [{ Id: "0" }],
        Failed: [{ Id: "1", Code: "InternalError", SenderFault: false }],
      }
      : { Successful: [{ Id: "0" }] };
  });
  assertEquals(await undeletedWith(client, 2), []);
  assertEquals(asked, [2, 1]);
});

Deno.test("sendSync() is not asked once the time is over", async () => {
  // Loading it would take a part of the time.
  await import("@aws-sdk/client-sqs");
  let asked = 0;
  const client = clientWith((entries) => {
    asked++;
    const end = performance.now() + 60;
    while (performance.now() < end);
    return { Successful: entries.map(({ Id }) => ({ Id })) };
  });
  const undeleted = await undeletedWith(client, 12, 50);
  assertEquals(asked, 1);
  assertEquals(undeleted.map(({ reason }) => reason), [
    "no answer within the time limit",
    "no answer within the time limit",
  ]);
  assertEquals(Object.keys(undeleted[0]!).toSorted(), ["error", "reason", "record"]);
});

Deno.test("a client whose sendSync is not a function is refused", () => {
  const client = { send: notAsked, sendSync: 1 } as unknown as SqsClientLike;
  assertThrows(
    () => new PartialSQSProcessor({ client }),
    TypeError,
    "Cannot use client: expected sendSync to be a function, got 1",
  );
});
