import process from "node:process";

/** A color of the terminal, or its dimmed or bold text. */
export type Style = keyof typeof CODES;

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;

/** How many characters a line has at most. */
const WIDTH = 79;

/** Writes lines as they are, at once. */
export function print(...lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${line}\n`).join(""));
}

/** Styles a text if a person looks at it on a terminal that wants colors. */
export function styled(style: Style, text: string): string {
  if (!process.stdout.isTTY || process.env.NO_COLOR) return text;
  return `\x1b[${CODES[style]}m${text}\x1b[0m`;
}

/** A column of a table. */
export interface Column {
  readonly title: string;
  readonly width: number;
  readonly align?: "right";
}

/** One line of a table, with the style of each cell if it has one. */
export function tableRow(
  columns: readonly Column[],
  cells: readonly string[],
  styles: readonly (Style | undefined)[] = [],
): string {
  const padded = columns.map(({ width, align }, index) => {
    const cell = cells[index] ?? "";
    const text = align === "right" ? cell.padStart(width) : cell.padEnd(width);
    const style = styles[index];
    return style ? styled(style, text) : text;
  });
  return ` ${padded.join("  ")}`.trimEnd();
}

/** The titles of a table and the line below them. */
export function tableHead(columns: readonly Column[]): string[] {
  return [
    tableRow(columns, columns.map(({ title }) => title), columns.map(() => "bold")),
    tableRow(columns, columns.map(({ width }) => "─".repeat(width)), columns.map(() => "dim")),
  ];
}

/** Breaks a text into lines, each indented. */
export function wrapped(text: string, indent: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = `${lines.at(-1)} ${word}`.trimStart();
    if (indent + line.length <= WIDTH) lines[lines.length - 1] = line;
    else lines.push(word);
  }
  return lines.map((line) => " ".repeat(indent) + line);
}

/** Numbers as a person writes them: `1-4, 6`. What does not fit in `width` is left out: `1-4, …`. */
export function numberList(numbers: readonly number[], width: number = Infinity): string {
  const ranges = rangesOf(numbers).map(([from, to]) =>
    from === to ? `${from}` : to - from === 1 ? `${from}, ${to}` : `${from}-${to}`
  );
  const whole = ranges.join(", ");
  if (whole.length <= width) return whole;
  return `${whole.slice(0, whole.lastIndexOf(", ", width - 3))}, …`;
}

/** Like {@linkcode numberList}; what does not fit is counted: `50 in 68-133`. */
export function numberSpan(numbers: readonly number[], width: number): string {
  const list = numberList(numbers);
  if (list.length <= width) return list;
  return `${numbers.length} in ${Math.min(...numbers)}-${Math.max(...numbers)}`;
}

function rangesOf(numbers: readonly number[]): [number, number][] {
  const ranges: [number, number][] = [];
  for (const number of numbers.toSorted((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last && number <= last[1] + 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges;
}

/** `1st`, `2nd`, `3rd`, `4th`. */
export function ordinal(number: number): string {
  const suffixes = { zero: "th", one: "st", two: "nd", few: "rd", many: "th", other: "th" };
  return `${number}${suffixes[new Intl.PluralRules("en", { type: "ordinal" }).select(number)]}`;
}

/** `1 order`, `2 orders`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
