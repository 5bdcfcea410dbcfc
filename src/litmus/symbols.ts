/**
 * Names for numbers. The checker works with addresses and words; a state is printed as herd does, whose values are symbols:
 * `x`, `label:"P1:L0"`, `NOP`. Where locations and code stand is chosen so that no number of a test looks like them.
 */
import { disassemble } from "../../engine/index.js";
import type { LitmusType } from "./syntax.js";
import { defaultType } from "./types.js";

export interface PlacedLocation {
  readonly name: string;
  readonly address: bigint;
  /** Bytes that it has, an array as a whole. */
  readonly bytes: number;
  readonly type?: LitmusType;
}

export interface PlacedLabel {
  readonly thread: number;
  readonly label: string;
  readonly address: bigint;
}

export class Symbols {
  readonly #locations: ReadonlyMap<string, PlacedLocation>;
  readonly #labels: readonly PlacedLabel[];
  readonly #words: ReadonlySet<number>;

  constructor(
    locations: readonly PlacedLocation[],
    labels: readonly PlacedLabel[],
    /** Instructions of the test: what is printed as one where it is found in a register or in memory. */
    words: Iterable<number>,
  ) {
    this.#locations = new Map(locations.map((location) => [location.name, location]));
    this.#labels = labels;
    this.#words = new Set(words);
  }

  location(name: string): PlacedLocation | undefined {
    return this.#locations.get(name);
  }

  label(thread: number, label: string): PlacedLabel | undefined {
    return this.#labels.find((candidate) => candidate.thread === thread && candidate.label === label);
  }

  /** All labels at an address. */
  labelsAt(address: bigint): readonly PlacedLabel[] {
    return this.#labels.filter((candidate) => candidate.address === address);
  }

  /** The location that an address lies in. */
  locationAt(address: bigint): PlacedLocation | undefined {
    for (const location of this.#locations.values()) {
      if (address >= location.address && address < location.address + BigInt(location.bytes)) return location;
    }
    return undefined;
  }

  /** A value as a state or a condition shows it. Numbers are decimal, with the sign that the type gives them. */
  text(value: bigint, type: LitmusType | undefined): string {
    return this.#symbolText(value) ?? castText(value, type);
  }

  /** What a remark calls an address or a word: `P1:L0 (line 7)`, `line 8`, `x`, `RET`. Undefined: a number like others. */
  placeText(value: bigint, line: number | undefined): string | undefined {
    const label = this.labelsAt(value)[0];
    if (label !== undefined) return `P${label.thread}:${label.label}${line === undefined ? "" : ` (line ${line})`}`;
    if (line !== undefined) return `line ${line}`;
    const location = this.locationAt(value);
    if (location !== undefined) return this.#symbolText(value);
    return value >> 32n === 0n && disassemble(Number(value), 0n) !== undefined ? herdText(Number(value)) : undefined;
  }

  #symbolText(value: bigint): string | undefined {
    const label = this.labelsAt(value)[0];
    if (label !== undefined) return labelText(label);
    const location = this.locationAt(value);
    if (location !== undefined) {
      return location.address === value ? location.name : `${location.name}+${value - location.address}`;
    }
    const word = Number(value & 0xffffffffn);
    if (value >> 32n === 0n && word !== 0 && this.#words.has(word)) return instructionText(word);
    return undefined;
  }
}

export function labelText({ thread, label }: { readonly thread: number; readonly label: string }): string {
  return `label:"P${thread}:${label}"`;
}

/** `NOP`, `instr:"B .+4"`. */
export function instructionText(word: number): string {
  const text = herdText(word);
  return text === "NOP" ? text : `instr:"${text}"`;
}

/** An instruction in herd's capitals, branches relative to themselves. */
function herdText(word: number): string {
  const text = disassemble(word, 0n) ?? "UDF";
  const [mnemonic, ...operands] = text.toUpperCase().replaceAll(", ", ",").split(" ");
  const shown = operands.join(" ").replace(/#0X([0-9A-F]+)/g, (_, digits: string) => `#${BigInt(`0x${digits}`)}`);
  const relative = shown.replace(/(?<=^|,)0X([0-9A-F]+)$/, (_, digits: string) => {
    const distance = BigInt.asIntN(64, BigInt(`0x${digits}`));
    return distance < 0n ? `.${distance}` : `.+${distance}`;
  });
  return relative === "" ? (mnemonic as string) : `${mnemonic} ${relative}`;
}

/** A value of a state, by its type. */
function castText(value: bigint, type: LitmusType | undefined): string {
  if (type?.kind === "pointer") return value.toString();
  const scalar = type === undefined ? defaultType : type.kind === "array" ? type.element : type.scalar;
  const bits = 8 * scalar.bytes;
  return (scalar.signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value)).toString();
}
