/** Handlers that wait: how near a batch comes to the best possible, by code written for it by hand. */
import { type Bench, measureOnEach } from "../measure.ts";
import { show, table, target } from "../table.ts";

const ROUNDS = 3;

const AT_MOST = 1.05;

/** Of each kind of queue the best possible, and those beside it. */
const QUEUES = {
  standard: { best: "allSettled", title: "standard", others: ["ours", "Powertools"] },
  FIFO: {
    best: "groups by hand",
    title: "FIFO, 5 groups of 2",
    others: ["ours", "Powertools, FIFO"],
  },
};

/** Times batches of ten on each runtime. */
export async function waiting(bench: Bench): Promise<string> {
  const { project, runtimes, isSmoke } = bench;
  const rows: string[][] = [];
  for (const [queue, { best, title, others }] of Object.entries(QUEUES)) {
    const columns = await measureOnEach<"ms">(
      bench,
      runtimes,
      { what: `waiting, ${title}`, subjects: [best, ...others], rounds: ROUNDS },
      (runtime, subject) =>
        project.measure(runtime, "waiting.js", {
          args: [subject, queue, isSmoke ? 1 : 15],
          figures: ["ms"],
        }),
    );
    rows.push([
      `${title}: by hand`,
      ...columns.map((column) => `1 (${show(column.get(best)!.ms, { digits: 1, unit: "ms" })})`),
      "",
    ]);
    for (const subject of others) {
      const atMost = subject === "ours" ? AT_MOST : undefined;
      rows.push([
        `${title}: ${subject}`,
        ...columns.map((column) =>
          show(column.get(subject)!.ms / column.get(best)!.ms, { atMost })
        ),
        target({ atMost }),
      ]);
    }
  }
  return table([["", ...runtimes.map(({ name }) => name), "at most"], ...rows]);
}
