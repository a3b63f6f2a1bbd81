import type { WriteStream } from "node:tty";
import type { Styler } from "./text.ts";
import type { Screen } from "./text_reporter.ts";

/** A terminal whose last lines can be drawn again. What is printed goes above them. */
export class LiveScreen implements Screen {
  readonly #stream: WriteStream;
  readonly style: Styler;
  #drawn: readonly string[] = [];

  constructor(stream: WriteStream, style: Styler) {
    this.#stream = stream;
    this.style = style;
  }

  /** One column less than there are: some terminals wrap at the last one. */
  get width(): number {
    return Math.max(40, (this.#stream.columns || 80) - 1);
  }

  print(...lines: readonly string[]): void {
    if (lines.length === 0) return;
    this.#stream.write(this.#erase() + withEnds(lines) + withEnds(this.#drawn));
  }

  /** Draws the last lines; none erases them. */
  draw(lines: readonly string[]): void {
    const erase = this.#erase();
    this.#drawn = lines;
    this.#stream.write(erase + withEnds(lines));
  }

  #erase(): string {
    return this.#drawn.length === 0 ? "" : `\x1b[${this.#drawn.length}A\x1b[0J`;
  }
}

function withEnds(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}
