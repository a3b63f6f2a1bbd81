/** How many requests a close makes, and how long it takes if each of them takes 20 ms. */
import { startProcess } from "../../../tests/support/start_process.ts";
import { readConnections } from "../connection_policy.ts";
import { type Bench, takeTurns } from "../measure.ts";
import type { Runtime } from "../project.ts";
import { show, table, target } from "../table.ts";

/** How long a request takes. */
const REQUEST_MS = 20;

/** How many closes one process times. */
const CLOSES = 3;

/** Times the least that the requests would take. */
const AT_MOST = 1.15;

/** Starts the server that takes that long. */
export function startAnswering(): ReturnType<typeof startProcess> {
  return startProcess(new URL("../answering_server.ts", import.meta.url), [String(REQUEST_MS)]);
}

/** What a close took. */
export type Close = Record<"ms" | "requests" | "atOnce", number>;

/** Times closes of batches with one failure, in a process of their own. */
export function timeClose(
  { project, isSmoke }: Bench,
  runtime: Runtime,
  endpoint: string,
  messages: number,
): Promise<Close> {
  return project.measure(runtime, "requests.js", {
    args: [endpoint, messages, isSmoke ? 1 : CLOSES],
    figures: ["ms", "requests", "atOnce"],
  });
}

/** How long requests take at least, on so many connections. */
export function leastMs({ requests }: Close, connections: number): number {
  return Math.ceil(requests / connections) * REQUEST_MS;
}

/** Counts and times the requests on each runtime. */
export async function requests(bench: Bench): Promise<string> {
  await using server = await startAnswering();
  const connections = await readConnections(bench.project);
  const rows: string[][] = [];
  for (const messages of bench.isSmoke ? [100] : [1_000, 10_000]) {
    const closes: Close[] = [];
    for (const runtime of bench.runtimes) {
      bench.progress(`${messages} messages, ${runtime.name}`);
      const measured = await takeTurns(
        [runtime.name],
        bench.isSmoke || messages > 1_000 ? 1 : 3,
        () => timeClose(bench, runtime, server.endpoint, messages),
      );
      closes.push(measured.get(runtime.name)!);
    }
    const what = `${messages.toLocaleString("en")} messages`;
    const counted = { atMost: messages / 10, digits: 0 };
    rows.push(
      [
        `${what}: requests`,
        ...closes.map((close) => show(close.requests, counted)),
        target(counted),
      ],
      [`${what}: at once`, ...closes.map(({ atOnce }) => String(atOnce)), ""],
      [
        `${what}: time`,
        ...closes.map((close) => {
          const ms = show(close.ms, { digits: 0, unit: "ms" });
          return `${show(close.ms / leastMs(close, connections), { atMost: AT_MOST })} (${ms})`;
        }),
        target({ atMost: AT_MOST }),
      ],
    );
  }
  const head = ["one failure", ...bench.runtimes.map(({ name }) => name), "at most"];
  return table([head, ...rows]);
}
