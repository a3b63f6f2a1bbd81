import type { BenchProject, Runtime } from "./project.ts";

/** What a part of the bench is given. */
export interface Bench {
  readonly project: BenchProject;
  /** On what it measures. */
  readonly runtimes: readonly Runtime[];
  /** Whether only the bench itself is tried: everything once, with small numbers. */
  readonly isSmoke: boolean;
  /** Tells who watches what is measured now. */
  readonly progress: (what: string) => void;
}

/** A part of the bench: gives what it measured as Markdown. */
export type Part = (bench: Bench) => Promise<string>;

/** The middle of some numbers. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** Figures of several subjects, by subject and by name. */
export type Measured<TName extends string> = ReadonlyMap<string, Readonly<Record<TName, number>>>;

/** What is measured on one runtime after the other. */
export interface Subjects {
  /** What it is, for {@linkcode Bench.progress}. */
  readonly what: string;
  readonly subjects: readonly string[];
  /** How often each subject has its turn; once in a smoke run. */
  readonly rounds: number;
  /** Those that have only one turn. */
  readonly once?: readonly string[];
}

/** Measures subjects on each runtime, and gives what was measured by runtime, in their order. */
export async function measureOnEach<TName extends string>(
  { isSmoke, progress }: Bench,
  runtimes: readonly Runtime[],
  { what, subjects, rounds, once = [] }: Subjects,
  measure: (runtime: Runtime, subject: string) => Promise<Record<TName, number>>,
): Promise<Measured<TName>[]> {
  const columns: Measured<TName>[] = [];
  for (const runtime of runtimes) {
    progress(`${what}, ${runtime.name}`);
    const turns = isSmoke ? 1 : rounds;
    const column = await takeTurns(subjects, turns, (subject) => measure(runtime, subject), once);
    columns.push(column);
  }
  return columns;
}

/**
 * Measures subjects in turns, so that what else the machine does hits all of them, and gives the
 * median of each figure.
 */
export async function takeTurns<TName extends string>(
  subjects: readonly string[],
  rounds: number,
  measure: (subject: string) => Promise<Record<TName, number>>,
  once: readonly string[] = [],
): Promise<Measured<TName>> {
  const all = new Map<string, Record<TName, number>[]>(subjects.map((subject) => [subject, []]));
  for (let round = 0; round < rounds; round++) {
    for (const subject of subjects) {
      if (round > 0 && once.includes(subject)) continue;
      all.get(subject)!.push(await measure(subject));
    }
  }
  return new Map(Array.from(all, ([subject, figures]) => [subject, medians(figures)]));
}

function medians<TName extends string>(
  rounds: readonly Record<TName, number>[],
): Record<TName, number> {
  const names = Object.keys(rounds[0]!) as TName[];
  const entries = names.map((name) => [name, median(rounds.map((round) => round[name]))]);
  return Object.fromEntries(entries) as Record<TName, number>;
}
