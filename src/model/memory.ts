/**
 * The memory of a problem: its initial bytes, the pieces ("cells") into which accesses of different sizes cut it, and
 * every value that some thread has been seen to write. Candidate values are what lets each thread be run on its own:
 * a read tries all of them, and only combinations of threads in which somebody wrote what was read are kept.
 */
import { ModelError } from "./errors.js";
import type { Problem } from "./problem.js";

/** Bytes that every access covers wholly or not at all. */
export interface Cell {
  readonly id: number;
  readonly address: bigint;
  readonly bytes: number;
}

interface Block {
  readonly address: bigint;
  readonly end: bigint;
  readonly bytes: Uint8Array;
  readonly code: boolean;
  readonly writable: boolean;
  readonly guarded: boolean;
}

interface KnownWrite {
  readonly address: bigint;
  readonly bytes: number;
  readonly value: bigint;
  /** The least that it has been seen with: see WriteEvent. */
  depth: number;
}

/** `bytes` at `at` of a value that stands at `address`. */
export function piece(value: bigint, address: bigint, at: bigint, bytes: number): bigint {
  return BigInt.asUintN(8 * bytes, value >> (8n * (at - address)));
}

function codeBytes(words: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * words.length);
  const view = new DataView(bytes.buffer);
  words.forEach((word, index) => {
    view.setUint32(4 * index, word, true);
  });
  return bytes;
}

function blocksOf(problem: Problem): Block[] {
  const code = problem.code.map(({ words, ...block }) => ({ ...block, bytes: codeBytes(words), code: true }));
  const data = problem.data.map((block) => ({ ...block, guarded: false, code: false }));
  const blocks = [...code, ...data]
    .map(({ access = "rw", guarded = false, ...block }) => ({
      ...block,
      end: block.address + BigInt(block.bytes.length),
      writable: access.includes("w"),
      guarded,
    }))
    .sort((a, b) => (a.address < b.address ? -1 : 1));
  for (const [index, { address }] of blocks.entries()) {
    const before = blocks[index - 1];
    if (before !== undefined && before.end > address) {
      throw new ModelError("bad-problem", `two blocks of memory overlap at 0x${address.toString(16)}`);
    }
  }
  return blocks;
}

export class Memory {
  readonly #blocks: readonly Block[];
  readonly #cuts = new Set<bigint>();
  #cells = new Map<bigint, Cell>();
  /** By thread, each write once. */
  readonly #writes: Map<string, KnownWrite>[];
  readonly #modifiable = new Set<bigint>();
  /** Whether something has been learnt since it was last set to false. */
  changed = true;
  /** Values that took more stores than there are are none that an execution has. */
  maxDepth = Number.POSITIVE_INFINITY;
  /** Whether that was where accesses begin and end, or which instructions are written. */
  cut = false;

  constructor(problem: Problem) {
    this.#blocks = blocksOf(problem);
    this.#writes = problem.threads.map(() => new Map());
  }

  #blockAt(address: bigint, bytes: number): Block | undefined {
    return this.#blocks.find((block) => address >= block.address && address + BigInt(bytes) <= block.end);
  }

  mapped(address: bigint, bytes: number): boolean {
    return this.#blockAt(address, bytes) !== undefined;
  }

  /** Whether all of the bytes, which are mapped, can be stored to. */
  writable(address: bigint, bytes: number): boolean {
    return this.#blockAt(address, bytes)?.writable === true;
  }

  isCode(address: bigint): boolean {
    return this.#blockAt(address, 4)?.code === true;
  }

  /** Whether indirect branches to the instruction have to find a landing pad. */
  guarded(address: bigint): boolean {
    return this.#blockAt(address, 4)?.guarded === true;
  }

  /** The initial value of bytes that are mapped. */
  initial(address: bigint, bytes: number): bigint {
    const block = this.#blockAt(address, bytes);
    if (block === undefined) throw new ModelError("bad-problem", `nothing is mapped at 0x${address.toString(16)}`);
    let value = 0n;
    for (let index = bytes - 1; index >= 0; index--) {
      value = (value << 8n) | BigInt(block.bytes[Number(address - block.address) + index] ?? 0);
    }
    return value;
  }

  /** Makes the ends of an access boundaries of cells. */
  noteAccess(address: bigint, bytes: number): void {
    for (const cut of [address, address + BigInt(bytes)]) {
      if (this.#cuts.has(cut)) continue;
      this.#cuts.add(cut);
      this.#cells = new Map();
      this.changed = true;
      this.cut = true;
    }
  }

  noteWrite(thread: number, address: bigint, bytes: number, value: bigint, depth: number): void {
    this.noteAccess(address, bytes);
    const writes = this.#writes[thread] as Map<string, KnownWrite>;
    const key = `${address}/${bytes}/${value}`;
    const known = writes.get(key);
    if (known !== undefined) {
      if (depth < known.depth) this.changed = true;
      known.depth = Math.min(known.depth, depth);
      return;
    }
    writes.set(key, { address, bytes, value, depth });
    for (let word = address & ~3n; word < address + BigInt(bytes); word += 4n) {
      if (!this.#modifiable.has(word)) this.cut = true;
      this.#modifiable.add(word);
    }
    this.changed = true;
  }

  /** Whether some thread may write to the instruction word. */
  modifiable(address: bigint): boolean {
    return this.#modifiable.has(address);
  }

  /** The cells of an access, lowest address first. */
  cells(address: bigint, bytes: number): Cell[] {
    const found: Cell[] = [];
    const end = address + BigInt(bytes);
    for (let start = address, at = address + 1n; at <= end; at++) {
      if (at !== end && !this.#cuts.has(at)) continue;
      found.push(this.#cell(start, Number(at - start)));
      start = at;
    }
    return found;
  }

  #cell(address: bigint, bytes: number): Cell {
    const known = this.#cells.get(address);
    if (known?.bytes === bytes) return known;
    const made = { id: this.#cells.size, address, bytes };
    this.#cells.set(address, made);
    return made;
  }

  /** What threads other than `reader` have been seen to write to a cell, each value once, with its depth. */
  writtenByOthers(reader: number, cell: Cell): Map<bigint, number> {
    const values = new Map<bigint, number>();
    const end = cell.address + BigInt(cell.bytes);
    for (const [thread, writes] of this.#writes.entries()) {
      if (thread === reader) continue;
      for (const { address, bytes, value, depth } of writes.values()) {
        if (address > cell.address || end > address + BigInt(bytes) || depth > this.maxDepth) continue;
        const part = piece(value, address, cell.address, cell.bytes);
        values.set(part, Math.min(depth, values.get(part) ?? depth));
      }
    }
    return values;
  }
}
