/** A table in Markdown, its columns aligned. The first row is its head. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) =>
    Math.max(3, ...rows.map((row) => row[column]!.length))
  );
  const lines = rows.map((row) => line(row.map((cell, column) => cell.padEnd(widths[column]!))));
  const rule = line(widths.map((width) => "-".repeat(width)));
  return [lines[0]!, rule, ...lines.slice(1)].join("\n");
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

/** How a figure is shown. */
export interface Shown {
  /** Its target: what is over it is bold. */
  readonly atMost?: number | undefined;
  readonly digits?: number | undefined;
  readonly unit?: string | undefined;
}

/** A figure as text. */
export function show(
  value: number,
  { atMost = Infinity, digits = 2, unit = "" }: Shown = {},
): string {
  const rounded = value.toFixed(digits);
  const text = `${Number(rounded).toLocaleString("en", { minimumFractionDigits: digits })}${
    unit && ` ${unit}`
  }`;
  return Number(rounded) > atMost ? `**${text}**` : text;
}

/** The target of a row, as text. */
export function target({ atMost, digits, unit }: Shown): string {
  return atMost === undefined ? "" : show(atMost, { digits, unit });
}
