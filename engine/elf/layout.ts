/** Addresses for pieces: those of one name become one output section, and output sections follow each other by kind. */
import { ElfError, hex } from "./errors.js";
import * as format from "./format.js";
import type { Piece } from "./objects.js";

export interface Placement {
  /** Where executable sections go. */
  readonly text: bigint;
  /** Where sections go that are only read; the page after the executable ones if absent. */
  readonly rodata?: bigint;
  /** Where written sections go; the page after the ones before if absent. */
  readonly data?: bigint;
  /** Addresses of single sections by name; those of its kind that come after it follow it. */
  readonly sections?: Readonly<Record<string, bigint | number>>;
}

export interface OutputSection {
  readonly name: string;
  flags: number;
  type: number;
  alignment: number;
  address: bigint;
  size: number;
  readonly pieces: Piece[];
}

/** The order in memory. Zero bytes come last, so that what is in the file has no holes. */
type Kind = "text" | "rodata" | "data";
const PAGE = 4096n;
const ADDRESS_SPACE = 1n << 64n;

function kindOf({ flags }: OutputSection): Kind {
  if ((flags & format.SHF_EXECINSTR) !== 0) return "text";
  return (flags & format.SHF_WRITE) !== 0 ? "data" : "rodata";
}

/** Within a kind: thread-local sections stand together, zero bytes at the end, veneers behind the code. */
function rank({ name, flags, type }: OutputSection): number {
  if (name === VENEERS) return 4;
  const isZero = type === format.SHT_NOBITS;
  if ((flags & format.SHF_TLS) !== 0) return isZero ? 2 : 1;
  return isZero ? 3 : 0;
}

/** The section of veneers, as the kernel's modules call it. */
export const VENEERS = ".plt";

function aligned(address: bigint, alignment: bigint): bigint {
  return ((address + alignment - 1n) / alignment) * alignment;
}

export class Layout {
  readonly #outputs = new Map<string, OutputSection>();
  readonly #offsets = new Map<Piece, { readonly output: OutputSection; readonly offset: number }>();

  readonly #wanted: ReadonlyMap<string, bigint>;

  constructor(
    private readonly placement: Placement,
    private readonly file: string,
  ) {
    this.#wanted = new Map(Object.entries(placement.sections ?? {}).map(([name, address]) => [name, BigInt(address)]));
  }

  /** In the order of their addresses. */
  get outputs(): readonly OutputSection[] {
    return [...this.#outputs.values()].sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
  }

  section(name: string): OutputSection | undefined {
    return this.#outputs.get(name);
  }

  add(piece: Piece): void {
    const output = this.#outputs.get(piece.name);
    if (output === undefined) {
      this.#outputs.set(piece.name, {
        name: piece.name,
        flags: piece.flags,
        type: piece.type,
        alignment: 1,
        address: 0n,
        size: 0,
        pieces: [piece],
      });
      return;
    }
    output.flags |= piece.flags;
    if (piece.type !== output.type) output.type = piece.type === format.SHT_NOBITS ? output.type : piece.type;
    output.pieces.push(piece);
  }

  /** Takes a piece out again, to be replaced by a larger one. */
  remove(piece: Piece): void {
    const pieces = this.#outputs.get(piece.name)?.pieces;
    if (pieces?.includes(piece)) pieces.splice(pieces.indexOf(piece), 1);
  }

  address(piece: Piece): bigint {
    const place = this.#offsets.get(piece);
    if (place === undefined) throw new RangeError(`no place for a piece of ${piece.name}`);
    return place.output.address + BigInt(place.offset);
  }

  /** Gives every piece its place. Throws an ElfError if the sections are too large, go past the address space or overlap. */
  place(): void {
    let total = 0;
    for (const output of this.#outputs.values()) {
      this.#arrange(output);
      total += output.size;
      if (total > format.limits.imageBytes) {
        this.#fail("limit", `the sections have more than ${format.limits.imageBytes} bytes together`);
      }
    }
    let end = this.placement.text;
    for (const kind of ["text", "rodata", "data"] as const) {
      end = this.#placeKind(kind, this.placement[kind] ?? aligned(end, PAGE));
    }
    this.#checkOverlaps();
  }

  #arrange(output: OutputSection): void {
    let size = 0;
    for (const piece of output.pieces) {
      size = Math.ceil(size / piece.alignment) * piece.alignment;
      this.#offsets.set(piece, { output, offset: size });
      size += piece.size;
      output.alignment = Math.max(output.alignment, piece.alignment);
    }
    output.size = size;
  }

  #placeKind(kind: Kind, start: bigint): bigint {
    const outputs = [...this.#outputs.values()]
      .filter((output) => kindOf(output) === kind)
      .sort((a, b) => rank(a) - rank(b));
    let end = start;
    for (const output of outputs) {
      output.address = this.#wanted.get(output.name) ?? aligned(end, BigInt(output.alignment));
      if (output.address % BigInt(output.alignment) !== 0n) {
        this.#fail(
          "layout",
          `section ${output.name} is to stand at ${hex(output.address)}, and has alignment ${output.alignment}`,
        );
      }
      end = output.address + BigInt(output.size);
      if (output.address < 0n || end > ADDRESS_SPACE) {
        this.#fail(
          "layout",
          `section ${output.name} of ${output.size} bytes at ${hex(output.address)} is not within 64 bits`,
        );
      }
    }
    return end;
  }

  #checkOverlaps(): void {
    const outputs = this.outputs.filter(({ size }) => size > 0);
    outputs.forEach((output, index) => {
      const next = outputs[index + 1];
      if (next !== undefined && output.address + BigInt(output.size) > next.address) {
        this.#fail(
          "layout",
          `section ${output.name} (${output.size} bytes at ${hex(output.address)}) overlaps ${next.name} at ${hex(next.address)}: give it another address`,
        );
      }
    });
  }

  #fail(code: "layout" | "limit", reason: string): never {
    throw new ElfError(code, this.file, 0, reason);
  }
}
