/**
 * What a record costs beside the peers, in time: with a handler that does nothing, because any real
 * one takes far longer than all of this.
 */
import { type Bench, type Measured, measureOnEach } from "../measure.ts";
import type { Runtime } from "../project.ts";
import { show, table, target } from "../table.ts";

const ROUNDS = 3;

/** They are no peers, and there for scale. */
const BY_HAND = ["allSettled", "a loop"];
/** How long a subject may take to become steady; longer where little time is spent on records. */
const ENOUGH_MS = 500;
const ENOUGH_MS_FOR_FEW = 2_500;

/** One table: the first subject's time is 1. */
interface Ratios {
  readonly unit: string;
  /** The others, with the ratio that is their target. */
  readonly others: Readonly<Record<string, number | undefined>>;
}

/** What is measured together. */
interface Comparison {
  readonly title: string;
  readonly records: number;
  readonly failPercent: number;
  readonly tables: readonly Ratios[];
}

function beside(
  records: number,
  failPercent: number,
  targets: { readonly powertools: number; readonly deleteMode: number },
): Comparison {
  const count = records.toLocaleString("en");
  return {
    title: `${count} records, ${failPercent === 0 ? "none fails" : `${failPercent} % fail`}`,
    records,
    failPercent,
    tables: [
      {
        unit: "Powertools",
        others: {
          "ours": targets.powertools,
          "middy": undefined,
          "allSettled": undefined,
          "a loop": undefined,
        },
      },
      { unit: "ours", others: { "ours, delete mode": targets.deleteMode } },
    ],
  };
}

const COMPARISONS: readonly Comparison[] = [
  beside(10, 0, { powertools: 1, deleteMode: 1.2 }),
  beside(10, 30, { powertools: 1.15, deleteMode: 1.5 }),
  beside(10_000, 0, { powertools: 0.8, deleteMode: 1.2 }),
  beside(10_000, 30, { powertools: 1, deleteMode: 1.5 }),
  {
    title: "Features: 1,000 records, none fails",
    records: 1_000,
    failPercent: 0,
    tables: [{
      unit: "ours",
      others: {
        "ours, own successHandler": 2.5,
        "ours, signal is read": 6,
        "ours, recordTimeoutMs": 10,
        "ours, traced": 6,
      },
    }],
  },
];

/** Times a batch of each comparison on each runtime. */
export async function cost(bench: Bench): Promise<string> {
  const texts: string[] = [];
  for (const comparison of bench.isSmoke ? COMPARISONS.slice(-2) : COMPARISONS) {
    texts.push(`**${comparison.title}**`);
    const subjects = new Set(
      comparison.tables.flatMap(({ unit, others }) => [unit, ...Object.keys(others)]),
    );
    const columns = await measureOnEach(
      bench,
      bench.runtimes,
      { what: comparison.title, subjects: [...subjects], rounds: ROUNDS, once: BY_HAND },
      (runtime, subject) => timeBatches(bench, runtime, subject, comparison),
    );
    for (const ratios of comparison.tables) {
      texts.push(ratioTable(bench.runtimes, columns, ratios));
    }
  }
  return texts.join("\n\n");
}

/** Times of several subjects. */
export type Times = Measured<"usPerRecord">;

/** Times a subject once, in a process of its own. */
export function timeBatches(
  { project, isSmoke }: Bench,
  runtime: Runtime,
  subject: string,
  { records, failPercent }: Pick<Comparison, "records" | "failPercent">,
): Promise<Record<"usPerRecord", number>> {
  const enoughMs = records <= 10 ? ENOUGH_MS_FOR_FEW : ENOUGH_MS;
  return project.measure(runtime, "time_batches.js", {
    args: [subject, records, failPercent, isSmoke ? 1 : enoughMs],
    figures: ["usPerRecord"],
  });
}

function ratioTable(
  runtimes: readonly Runtime[],
  columns: readonly Times[],
  { unit, others }: Ratios,
): string {
  const units = columns.map((times) => times.get(unit)!.usPerRecord);
  const rows = Object.entries(others).map(([subject, atMost]) => [
    subject,
    ...columns.map((times, index) =>
      show(times.get(subject)!.usPerRecord / units[index]!, { atMost })
    ),
    target({ atMost }),
  ]);
  return table([
    ["", ...runtimes.map(({ name }) => name), "at most"],
    [unit, ...units.map((time) => `1 (${show(time, { unit: "µs" })})`), ""],
    ...rows,
  ]);
}
