/** A line of text for each instruction that a core is about to execute. */
import { type Core, disassemble, type ElfImage } from "../../engine/index.js";
import { CodeSymbols } from "./symbols.js";

/** Lines that are remembered; loops need few, and long programs must not fill the memory. */
const MAX_LINES = 1 << 16;

interface TraceLine {
  readonly word: number | undefined;
  readonly text: string;
}

export class Tracer {
  readonly #lines = new Map<bigint, TraceLine>();

  constructor(
    private readonly core: Core,
    private readonly symbols: CodeSymbols,
  ) {}

  /** `0x400078 main+0x4: d2800040  mov x0, #0x2`, of the word that the core's instruction cache holds. */
  line(): string {
    const { pc } = this.core;
    const word = this.core.prefetch(pc);
    const known = this.#lines.get(pc);
    if (known !== undefined && known.word === word) return known.text;
    const text = this.#describe(pc, word);
    if (this.#lines.size >= MAX_LINES) this.#lines.clear();
    this.#lines.set(pc, { word, text });
    return text;
  }

  #describe(pc: bigint, word: number | undefined): string {
    const symbol = this.symbols.describe(pc);
    const place = `0x${pc.toString(16)}${symbol === undefined || word === undefined ? "" : ` ${symbol}`}`;
    if (word === undefined) return `${place}: not executable\n`;
    const instruction = disassemble(word, pc)?.replaceAll("\t", " ") ?? "undefined";
    return `${place}: ${word.toString(16).padStart(8, "0")}  ${instruction}\n`;
  }
}

export function tracerOf(core: Core, image: ElfImage): Tracer {
  return new Tracer(core, new CodeSymbols(image));
}
