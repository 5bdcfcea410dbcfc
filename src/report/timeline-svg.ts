/** An execution as a picture: time goes down, a lane a core, then a band for each of the contents that are shown. */
import type { Contents, Row, Timeline, Tone } from "../explore/timeline.js";
import { contentsTitle } from "./timeline.js";

/** All in pixels. */
const MARGIN = 16;
const HEAD = 74;
const ROW = 40;
const STEP_WIDTH = 34;
const LANE_GAP = 30;
const BAND_GAP = 8;
/** A character of the fonts below, a little more than it takes. */
const MONO = 7.3;
const SMALL = 6.3;
const LEAST_LANE = 150;
const LEAST_BAND = 84;
/** Characters of the words of a row; longer ones go over two lines. */
const WORDS = 62;

const fills: Readonly<Record<Tone, string>> = {
  plain: "#f1f3f5",
  read: "#e3f2e6",
  maintenance: "#ede7f6",
  store: "#e3eefb",
  stale: "#fff0d9",
  fault: "#fbdcdc",
};
const edges: Readonly<Record<Tone, string>> = {
  plain: "#adb5bd",
  read: "#5a9e68",
  maintenance: "#8f7cc0",
  store: "#4a86c5",
  stale: "#d98a1f",
  fault: "#c9302c",
};
/** Bands of one place take a colour for each value, in the order in which they come. */
const values: readonly string[] = ["#dee2e6", "#bfe3c6", "#c9dcf5", "#f5dfb8", "#e2d3f0", "#f6cfd4"];

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

interface TextStyle {
  readonly size?: number;
  readonly mono?: true;
  readonly bold?: true;
  readonly colour?: string;
  readonly anchor?: "middle" | "end";
}

function textAt(x: number, y: number, text: string, style: TextStyle = {}): string {
  const { size = 12, mono, bold, colour = "#212529", anchor } = style;
  const family = mono ? ' font-family="ui-monospace, Menlo, Consolas, monospace"' : "";
  const weight = bold ? ' font-weight="bold"' : "";
  const from = anchor === undefined ? "" : ` text-anchor="${anchor}"`;
  return `<text x="${x}" y="${y}" font-size="${size}" fill="${colour}"${family}${weight}${from}>${escaped(text)}</text>`;
}

/** A text in lines of at most `width` characters, cut at spaces. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

class Picture {
  readonly #parts: string[] = [];
  readonly #laneLeft: readonly number[];
  readonly #laneWidth: readonly number[];
  readonly #bandLeft: readonly number[];
  readonly #bandWidth: readonly number[];
  readonly #wordsLeft: number;
  /** By address, the values that have been shown. */
  readonly #seen = new Map<bigint, string[]>();
  readonly #width: number;
  readonly #height: number;

  constructor(readonly timeline: Timeline) {
    const { lanes, contents, rows, initial } = timeline;
    this.#laneWidth = lanes.map((name, lane) => {
      const own = rows.filter(({ core }) => core === lane).map(({ instruction }) => instruction.length);
      return Math.max(LEAST_LANE, 16 + MONO * Math.max(name.length, ...own));
    });
    this.#bandWidth = contents.map((content, at) => {
      const shown = [initial, ...rows.map((row) => row.values)].map((each) => MONO * (each[at]?.length ?? 0));
      const titles = contentsTitle(content, lanes)
        .split(" ")
        .map((part) => MONO * part.length);
      return Math.max(LEAST_BAND, 14 + Math.max(...shown, ...titles));
    });
    let x = MARGIN + STEP_WIDTH;
    this.#laneLeft = this.#laneWidth.map((width) => {
      const left = x;
      x += width + LANE_GAP;
      return left;
    });
    this.#bandLeft = this.#bandWidth.map((width) => {
      const left = x;
      x += width + BAND_GAP;
      return left;
    });
    this.#wordsLeft = x + LANE_GAP;
    const longest = Math.max(0, ...rows.flatMap(({ text }) => wrap(text, WORDS).map((line) => line.length)));
    this.#width = Math.ceil(this.#wordsLeft + SMALL * longest + MARGIN);
    this.#height = MARGIN + HEAD + ROW * (rows.length + 1) + MARGIN;
  }

  #top(row: number): number {
    return MARGIN + HEAD + ROW * (row + 1);
  }

  #middle(row: number): number {
    return this.#top(row) + ROW / 2;
  }

  draw(): string {
    const { title, rows } = this.timeline;
    this.#parts.push(textAt(MARGIN, MARGIN + 12, title, { size: 15, bold: true }));
    this.#heads();
    for (const at of this.timeline.contents.keys()) this.#band(at);
    this.#lanes();
    for (const [index, row] of rows.entries()) this.#row(index, row);
    for (const [index, row] of rows.entries()) this.#arrows(index, row);
    const size = `width="${this.#width}" height="${this.#height}" viewBox="0 0 ${this.#width} ${this.#height}"`;
    return [
      `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="system-ui, Helvetica, Arial, sans-serif">`,
      `<title>${escaped(title)}</title>`,
      arrowHeads,
      `<rect width="100%" height="100%" fill="#ffffff"/>`,
      ...this.#parts,
      "</svg>\n",
    ].join("\n");
  }

  #heads(): void {
    const { lanes, contents } = this.timeline;
    const base = MARGIN + HEAD - 6;
    for (const [lane, name] of lanes.entries()) {
      const x = (this.#laneLeft[lane] as number) + (this.#laneWidth[lane] as number) / 2;
      this.#parts.push(textAt(x, base, name, { size: 13, bold: true, anchor: "middle" }));
    }
    for (const [at, content] of contents.entries()) {
      const x = (this.#bandLeft[at] as number) + (this.#bandWidth[at] as number) / 2;
      const parts = contentsTitle(content, lanes).split(" ");
      for (const [line, part] of parts.entries()) {
        const y = base - 14 * (parts.length - 1 - line);
        this.#parts.push(textAt(x, y, part, { size: 11, mono: true, anchor: "middle", colour: "#495057" }));
      }
    }
  }

  #lanes(): void {
    for (const [lane, left] of this.#laneLeft.entries()) {
      const x = left + (this.#laneWidth[lane] as number) / 2;
      const [from, to] = [this.#top(-1), this.#height - MARGIN];
      this.#parts.push(`<line x1="${x}" y1="${from}" x2="${x}" y2="${to}" stroke="#ced4da" stroke-width="2"/>`);
    }
  }

  /** A band: a rectangle for each value as long as it lasts. */
  #band(at: number): void {
    const { initial, rows } = this.timeline;
    const texts = [initial[at] ?? "", ...rows.map((row) => row.values[at] ?? "")];
    for (let first = 0; first < texts.length; ) {
      let end = first + 1;
      while (end < texts.length && texts[end] === texts[first]) end++;
      const text = texts[first] as string;
      if (text !== "") this.#stretch(at, first - 1, end - 1, text);
      first = end;
    }
  }

  #stretch(at: number, from: number, to: number, text: string): void {
    const seen = this.#seenAt((this.timeline.contents[at] as Contents).place.address);
    if (!seen.includes(text)) seen.push(text);
    const fill = values[seen.indexOf(text) % values.length];
    const [x, width] = [this.#bandLeft[at] as number, this.#bandWidth[at] as number];
    const [top, height] = [this.#top(from) + 2, ROW * (to - from) - 4];
    this.#parts.push(
      `<rect x="${x}" y="${top}" width="${width}" height="${height}" rx="4" fill="${fill}"/>`,
      textAt(x + width / 2, top + ROW / 2 + 2, text, { mono: true, anchor: "middle" }),
    );
  }

  #seenAt(address: bigint): string[] {
    const seen = this.#seen.get(address) ?? [];
    this.#seen.set(address, seen);
    return seen;
  }

  #row(index: number, { core, instruction, text, tone }: Row): void {
    const [x, width] = [this.#laneLeft[core] ?? 0, this.#laneWidth[core] ?? 0];
    const top = this.#top(index) + 6;
    this.#parts.push(
      textAt(MARGIN + STEP_WIDTH - 10, this.#middle(index) + 4, String(index + 1), {
        anchor: "end",
        colour: "#868e96",
      }),
      `<rect x="${x}" y="${top}" width="${width}" height="${ROW - 12}" rx="5" fill="${fills[tone]}" stroke="${edges[tone]}"/>`,
      textAt(x + width / 2, this.#middle(index) + 4, instruction, { mono: true, anchor: "middle" }),
    );
    const lines = text === "" ? [] : wrap(text, WORDS);
    const first = this.#middle(index) + 4 - 7 * (lines.length - 1);
    for (const [line, words] of lines.entries()) {
      this.#parts.push(textAt(this.#wordsLeft, first + 14 * line, words, { size: 11.5, colour: textColour(tone) }));
    }
  }

  /** From the store that a load or fetch saw, or to the one that it missed. */
  #arrows(index: number, { core, saw, missed }: Row): void {
    const other = saw ?? missed;
    const from = other === undefined ? undefined : this.timeline.rows[other];
    if (other === undefined || from === undefined || from.core === core) return;
    const isRight = core > from.core;
    const edge = (lane: number, right: boolean): number =>
      (this.#laneLeft[lane] as number) + (right ? (this.#laneWidth[lane] as number) : 0);
    const [x1, x2] = [edge(from.core, isRight), edge(core, !isRight)];
    const style =
      saw === undefined
        ? 'stroke="#d98a1f" stroke-dasharray="5 4" marker-end="url(#missed)"'
        : 'stroke="#5a9e68" marker-end="url(#saw)"';
    const bend = isRight ? 26 : -26;
    const [y1, y2] = [this.#middle(other), this.#middle(index)];
    this.#parts.push(
      `<path d="M ${x1} ${y1} C ${x1 + bend} ${y1}, ${x2 - bend} ${y2}, ${x2} ${y2}" fill="none" stroke-width="1.6" ${style}/>`,
    );
  }
}

function textColour(tone: Tone): string {
  if (tone === "fault") return "#a61e1a";
  return tone === "stale" ? "#9a5b00" : "#495057";
}

function arrowHead(id: string, colour: string): string {
  const shape = `<path d="M 0 0 L 8 4 L 0 8 z" fill="${colour}"/>`;
  return `<marker id="${id}" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">${shape}</marker>`;
}

const arrowHeads = `<defs>${arrowHead("saw", "#5a9e68")}${arrowHead("missed", "#d98a1f")}</defs>`;

/** An SVG document, with a newline at its end. */
export function timelineSvg(timeline: Timeline): string {
  return new Picture(timeline).draw();
}
