/** What a record allocates, what an open batch holds, and what stays in memory. On Node alone. */
import { type Bench, type Measured, measureOnEach } from "../measure.ts";
import type { Runtime } from "../project.ts";
import { show, type Shown, table, target } from "../table.ts";

const ROUNDS = 3;

const MAX_ALLOCATED = { atMost: 1_500, digits: 0, unit: "B" };
const MAX_HELD = { atMost: 250, digits: 0, unit: "B" };
/** How much more than Powertools may stay, in MB. */
const MAX_MORE = 5;

/** V8 collects nothing while the new space has room. */
const LARGE_NEW_SPACE = ["--min-semi-space-size=128", "--max-semi-space-size=128"];
const GC = "--expose-gc";

/** Measures all three. */
export async function memory(bench: Bench): Promise<string> {
  const nodes = bench.runtimes.filter(({ isNode }) => isNode);
  const parts = [
    await allocated(bench, nodes, 10),
    await allocated(bench, nodes, 10_000),
    await held(bench, nodes),
    await warm(bench, nodes),
  ];
  return parts.join("\n\n");
}

async function allocated(bench: Bench, nodes: readonly Runtime[], records: number) {
  const [warmUpMs, inAll] = bench.isSmoke ? [10, records] : [600, Math.max(20_000, records)];
  const subjects = ["ours", "Powertools"];
  const columns = await measureOnEach<"bytesPerRecord">(bench, nodes, {
    what: `allocations, ${records} records`,
    subjects,
    rounds: ROUNDS,
  }, (runtime, subject) =>
    bench.project.measure(runtime, "allocations.js", {
      args: [subject, records, inAll, warmUpMs],
      flags: [GC, ...LARGE_NEW_SPACE],
      figures: ["bytesPerRecord"],
    }));
  return `**Allocated per record, ${records.toLocaleString("en")} records, none fails**\n\n` +
    figureTable(
      nodes,
      columns,
      subjects.map((subject) => ({
        name: subject,
        subject,
        figure: "bytesPerRecord",
        shown: { ...MAX_ALLOCATED, atMost: subject === "ours" ? MAX_ALLOCATED.atMost : undefined },
      })),
    );
}

async function held(bench: Bench, nodes: readonly Runtime[]) {
  const records = bench.isSmoke ? 100 : 10_000;
  const subjects = ["ours", "ours, concurrency: Infinity", "Powertools"];
  const columns = await measureOnEach<"pending" | "processed">(
    bench,
    nodes,
    { what: "held", subjects, rounds: ROUNDS },
    (runtime, subject) =>
      bench.project.measure(runtime, "held.js", {
        args: [subject, records],
        flags: [GC],
        figures: ["pending", "processed"],
      }),
  );
  const rows = subjects.flatMap((subject) => {
    const shown = { ...MAX_HELD, atMost: subject === "Powertools" ? undefined : MAX_HELD.atMost };
    return [
      { name: `${subject}, all handlers pending`, subject, figure: "pending", shown },
      { name: `${subject}, after process()`, subject, figure: "processed", shown },
    ] as const;
  });
  return `**Held per record by an open batch of ${records.toLocaleString("en")}**\n\n` +
    figureTable(nodes, columns, rows);
}

async function warm(bench: Bench, nodes: readonly Runtime[]) {
  const [few, many] = bench.isSmoke ? [5, 50] : [500, 5_000];
  const subjects = ["ours", "ours, delete mode", "Powertools"];
  const columns = await measureOnEach<"few" | "many" | "rss">(bench, nodes, {
    what: "warm memory",
    subjects,
    rounds: ROUNDS,
  }, (runtime, subject) =>
    bench.project.measure(runtime, "warm_memory.js", {
      args: [subject, few, many],
      flags: [GC],
      figures: ["few", "many", "rss"],
    }));
  const moments = {
    few: `heap after ${few}`,
    many: `heap after ${many}`,
    rss: "resident after all",
  } as const;
  const rows = subjects.flatMap((subject) =>
    (["few", "many", "rss"] as const).map((figure) => [
      `${subject}, ${moments[figure]}`,
      ...columns.map((column) => {
        const allowed = column.get("Powertools")!.many + MAX_MORE;
        const atMost = figure === "many" && subject !== "Powertools" ? allowed : undefined;
        return show(column.get(subject)![figure], { atMost, digits: 1, unit: "MB" });
      }),
    ])
  );
  return `**In memory after ${few} and ${
    many.toLocaleString("en")
  } batches of 10, 30 % fail**\n\n` +
    table([["", ...nodes.map(({ name }) => name)], ...rows]);
}

interface FigureRow<TName extends string> {
  readonly name: string;
  readonly subject: string;
  readonly figure: TName;
  readonly shown: Shown;
}

function figureTable<TName extends string>(
  nodes: readonly Runtime[],
  columns: readonly Measured<TName>[],
  rows: readonly FigureRow<TName>[],
): string {
  return table([
    ["", ...nodes.map(({ name }) => name), "at most"],
    ...rows.map(({ name, subject, figure, shown }) => [
      name,
      ...columns.map((column) => show(column.get(subject)![figure], shown)),
      target(shown),
    ]),
  ]);
}
