import { assertEquals } from "@std/assert";
import type { SQSRecord } from "aws-lambda";
import * as fc from "fast-check";
import { messageGroups } from "../../../src/lifecycle/groups.ts";
import { receiveRecords } from "../../../src/lifecycle/open.ts";
import { divide } from "../../../src/lifecycle/suspects.ts";
import { makeFifoRecord, makeRecord } from "../../support/factories.ts";

function received(messageId: string, receiveCount: number, group?: string): SQSRecord {
  const record = group === undefined ? makeRecord() : makeFifoRecord(group);
  const attributes = { ...record.attributes, ApproximateReceiveCount: `${receiveCount}` };
  return { ...record, messageId, attributes };
}

/** Divides records, and names them by their message ids. */
function idsOf(records: readonly SQSRecord[], suspectAfter: number | undefined) {
  const { ordinary, suspects } = divide(receiveRecords(records), suspectAfter);
  const ids = (indexes: readonly number[]) =>
    indexes.map((index) => records[index]!.messageId).join(" ");
  return {
    ordinary: ordinary.map(ids),
    suspects: suspects.map(({ index }) => ids([index])),
    earlier: suspects.map(({ earlier }) => ids(earlier)),
  };
}

Deno.test("divide() finds no suspects without suspectAfter, or below it", () => {
  const records = [received("b", 4), received("a", 4)];
  for (const suspectAfter of [undefined, 5]) {
    assertEquals(idsOf(records, suspectAfter), {
      ordinary: ["b", "a"],
      suspects: [],
      earlier: [],
    });
  }
});

Deno.test("divide() puts messages received suspectAfter times or more last", () => {
  const records = [received("a", 3), received("b", 2), received("c", 1), received("d", 4)];
  assertEquals(idsOf(records, 3), {
    ordinary: ["b", "c"],
    suspects: ["a", "d"],
    earlier: ["", ""],
  });
});

Deno.test("divide() goes by id, ascending where the highest receive count is even, else descending", () => {
  const ids = ["b", "B", "a", "10", "9", "\u{1f600}", "\ufb01"];
  // By code units: not as a dictionary would, and not by code points.
  const ascending = ["10", "9", "B", "a", "b", "\u{1f600}", "\ufb01"];
  const at = (count: number) => idsOf(ids.map((id) => received(id, count)), 1).suspects;
  assertEquals(at(2), ascending);
  assertEquals(at(3), ascending.toReversed());
  const oneAhead = [received("a", 2), received("b", 2), received("c", 3)];
  assertEquals(idsOf(oneAhead, 2).suspects, ["c", "b", "a"]);
});

Deno.test("divide() takes a message that is twice in a batch for one suspect", () => {
  const records = [received("b", 2), received("a", 1), received("b", 1), received("c", 2)];
  assertEquals(idsOf(records, 2), {
    ordinary: ["a"],
    suspects: ["b", "b", "c"],
    earlier: ["", "", ""],
  });
});

Deno.test("divide() keeps a FIFO group's order: its first suspect and what follows come last", () => {
  const records = [
    received("z", 1, "g"),
    received("y", 2, "g"),
    received("a", 1, "g"),
    received("x", 2, "h"),
    received("n", 1, "i"),
  ];
  assertEquals(idsOf(records, 2), {
    ordinary: ["z", "n"],
    suspects: ["x", "y", "a"],
    earlier: ["", "z", "z y"],
  });
});

// -------------------------------------------------------------------------------- properties

const anyCount = fc.integer({ min: 1, max: 6 });
const anyBatch = fc.array(
  fc.record({
    id: fc.constantFrom("a", "b", "c", "d", "e", "f"),
    count: anyCount,
    group: fc.option(fc.constantFrom("g", "h"), { nil: undefined }),
  }),
  { maxLength: 12 },
).map((messages) => messages.map(({ id, count, group }) => received(id, count, group)));

Deno.test("divide() loses no record, repeats none, and breaks no group's order", () => {
  fc.assert(fc.property(anyBatch, anyCount, (records, suspectAfter) => {
    const batch = receiveRecords(records);
    const { ordinary, suspects } = divide(batch, suspectAfter);
    const inOrder = [...ordinary, ...suspects.map(({ index }) => index)].flat();
    assertEquals(inOrder.toSorted((a, b) => a - b), records.map((_, index) => index));
    for (const group of messageGroups(batch)) {
      assertEquals(inOrder.filter((index) => group.includes(index)), group);
    }
    for (const { index, earlier } of suspects) {
      const group = messageGroups(batch).find((group) => group.includes(index))!;
      assertEquals(group.slice(0, group.indexOf(index)), earlier);
    }
    for (const index of ordinary.flat()) {
      assertEquals(batch[index]!.receiveCount < suspectAfter, true);
    }
  }));
});

/** A message of the simulation. */
interface Message {
  readonly id: string;
  count: number;
}

/**
 * Receives messages, and handles them until the poison one ends the process. What was handled before the
 * first suspect, and each suspect before it, is gone.
 *
 * @returns What returns.
 */
function round(
  messages: readonly Message[],
  poison: string,
  suspectAfter: number,
): readonly Message[] {
  for (const message of messages) message.count++;
  const records = messages.map(({ id, count }) => received(id, count));
  const { ordinary, suspects } = divide(receiveRecords(records), suspectAfter);
  const phases = [ordinary.flat(), ...suspects.map(({ index }) => [index])];
  const gone = new Set<Message>();
  for (const phase of phases) {
    if (phase.some((index) => messages[index]!.id === poison)) break;
    for (const index of phase) gone.add(messages[index]!);
  }
  return messages.filter((message) => !gone.has(message));
}

const anyRounds = fc.record({
  ids: fc.uniqueArray(fc.uuid(), { minLength: 1, maxLength: 10 }),
  suspectAfter: fc.integer({ min: 1, max: 4 }),
}).chain(({ ids, ...rest }) =>
  fc.record({
    ids: fc.constant(ids),
    poison: fc.constantFrom(...ids),
    suspectAfter: fc.constant(rest.suspectAfter),
  })
);

Deno.test("divide() gets all but the poison message out within two rounds, whatever the ids", () => {
  fc.assert(fc.property(anyRounds, ({ ids, poison, suspectAfter }) => {
    let left: readonly Message[] = ids.map((id) => ({ id, count: 0 }));
    for (let count = 1; count < suspectAfter; count++) left = round(left, poison, suspectAfter);
    assertEquals(left.length, ids.length);
    left = round(round(left, poison, suspectAfter), poison, suspectAfter);
    assertEquals(left, [{ id: poison, count: suspectAfter + 1 }]);
  }));
});

/** Batches that change from round to round, and messages that join at any time. */
const anyHistory = fc.record({
  suspectAfter: fc.integer({ min: 1, max: 3 }),
  slack: fc.integer({ min: 1, max: 3 }),
  ids: fc.uniqueArray(fc.uuid(), { minLength: 2, maxLength: 8 }),
  /** For each round, which of the messages that are left are received with the poison one. */
  company: fc.array(fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }), { minLength: 9 }),
});

Deno.test("divide() keeps others out of the dead-letter queue, if none in their batches is received more often than the poison one", () => {
  fc.assert(fc.property(anyHistory, ({ suspectAfter, slack, ids, company }) => {
    const maxReceiveCount = suspectAfter + slack;
    const poison: Message = { id: ids[0]!, count: 0 };
    let others: readonly Message[] = ids.slice(1).map((id) => ({ id, count: 0 }));
    for (const received of company.slice(0, maxReceiveCount)) {
      // The others wait in the queue: alone, each of them would be handled.
      const [together, waiting] = [true, false].map((is) =>
        others.filter((_, index) => received[index] === is)
      );
      const back = round([poison, ...together!], poison.id, suspectAfter);
      others = [...back.filter((message) => message !== poison), ...waiting!];
    }
    assertEquals(others.filter(({ count }) => count >= maxReceiveCount), []);
  }));
});
