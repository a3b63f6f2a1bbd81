/** Draws lines on two logarithmic axes, as an SVG that is readable on light and on dark pages. */

/** A line with its name at its end. */
export interface PlotLine {
  readonly name: string;
  /** Whether it is what the plot is about. */
  readonly isMain: boolean;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

/** What is drawn. */
export interface Plot {
  readonly title: string;
  readonly xTitle: string;
  readonly yTitle: string;
  readonly lines: readonly PlotLine[];
}

const WIDTH = 760;
const HEIGHT = 460;
const LEFT = 70;
const RIGHT = 640;
const TOP = 50;
const BOTTOM = 400;
const LINE_HEIGHT = 16;

/** Neither light nor dark, and told apart without red and green. */
const COLOURS = ["#d9730d", "#2e7fe0", "#9a5fd0", "#1a9a8a", "#808080"];
const TEXT = "#7a7a7a";

/** Where a value is on an axis that spans whole decades. */
interface Axis {
  readonly decades: readonly number[];
  readonly place: (value: number) => number;
}

/** Draws the plot. */
export function drawPlot({ title, xTitle, yTitle, lines }: Plot): string {
  const points = lines.flatMap((line) => line.points);
  const x = axis(points.map((point) => point.x), LEFT, RIGHT);
  const y = axis(points.map((point) => point.y), BOTTOM, TOP);
  const drawn = lines.map((line, index) => ({
    name: line.name,
    width: line.isMain ? 4 : 2,
    colour: COLOURS[index % COLOURS.length]!,
    at: line.points.map((point) => [x.place(point.x), y.place(point.y)] as const),
  }));
  const labels = spread(drawn.map(({ at }) => at.at(-1)![1]));
  const middleX = (LEFT + RIGHT) / 2;
  const middleY = (TOP + BOTTOM) / 2;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" ` +
    `height="${HEIGHT}" font-family="sans-serif" font-size="13" fill="${TEXT}">`,
    text(middleX, 24, title, `text-anchor="middle" font-size="16"`),
    ...x.decades.flatMap((value) => [
      rule(x.place(value), TOP, x.place(value), BOTTOM),
      text(x.place(value), BOTTOM + 20, number(value), `text-anchor="middle"`),
    ]),
    ...y.decades.flatMap((value) => [
      rule(LEFT, y.place(value), RIGHT, y.place(value)),
      text(LEFT - 8, y.place(value) + 4, number(value), `text-anchor="end"`),
    ]),
    text(middleX, BOTTOM + 44, xTitle, `text-anchor="middle"`),
    text(20, middleY, yTitle, `text-anchor="middle" transform="rotate(-90 20 ${round(middleY)})"`),
    ...drawn.flatMap(({ name, colour, width, at }, index) => [
      `<polyline points="${at.map((point) => point.map(round).join()).join(" ")}" fill="none" ` +
      `stroke="${colour}" stroke-width="${width}"/>`,
      ...at.map(([cx, cy]) =>
        `<circle cx="${round(cx)}" cy="${round(cy)}" r="${width / 2 + 1.5}" fill="${colour}"/>`
      ),
      text(RIGHT + 10, labels[index]! + 4, name, `fill="${colour}" font-weight="bold"`),
    ]),
    "</svg>",
    "",
  ].join("\n");
}

/** An axis from one end to the other, in whole decades around the values. */
function axis(values: readonly number[], from: number, to: number): Axis {
  const first = Math.floor(Math.log10(Math.min(...values)));
  const last = Math.max(first + 1, Math.ceil(Math.log10(Math.max(...values))));
  return {
    decades: Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index)),
    place: (value) => from + (Math.log10(value) - first) / (last - first) * (to - from),
  };
}

/** Moves labels apart that would cover each other, in their order, as little as can be. */
function spread(places: readonly number[]): number[] {
  const spread = [...places];
  const order = places.map((_, index) => index).toSorted((a, b) => places[a]! - places[b]!);
  for (const [rank, index] of order.entries()) {
    const above = order[rank - 1];
    if (above === undefined) continue;
    spread[index] = Math.max(spread[index]!, spread[above]! + LINE_HEIGHT);
  }
  return spread;
}

function rule(x1: number, y1: number, x2: number, y2: number): string {
  const [a, b, c, d] = [x1, y1, x2, y2].map(round);
  return `<line x1="${a}" y1="${b}" x2="${c}" y2="${d}" stroke="${TEXT}" stroke-opacity="0.35"/>`;
}

function text(x: number, y: number, content: string, attributes: string): string {
  return `<text x="${round(x)}" y="${round(y)}" ${attributes}>${content}</text>`;
}

function number(value: number): string {
  return value.toLocaleString("en", { maximumSignificantDigits: 1 });
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}
