/**
 * Where static calls put what they define. As a linker script does for the kernel's sections, the last
 * quarter of the window "text" is set aside for .static_call.text and the patch procedures, and the last
 * quarter of the window "data" for keys, literals and tables of call sites. An embedder's own program stays below them.
 */
import { assemble, type Machine, type Program, type WindowSpec } from "../../engine/index.js";
import { StaticCallError } from "./errors.js";

/** The next free address of a reserved range, and where the range ends. */
interface Range {
  readonly window: string;
  next: bigint;
  readonly end: bigint;
}

const ALIGNMENT = 16n;
/** B and BL: imm26 words, signed. */
const BRANCH_REACH = 1n << 27n;

function sixteenths(window: WindowSpec, from: bigint, to: bigint): Range {
  const sixteenth = BigInt(window.size) / 16n;
  return { window: window.name, next: window.address + from * sixteenth, end: window.address + to * sixteenth };
}

function aligned(address: bigint, alignment: bigint): bigint {
  return (address + alignment - 1n) & -alignment;
}

/** Hands out the reserved ranges of one machine. */
export class Placement {
  readonly #machine: Machine;
  readonly #ranges: ReadonlyMap<string, Range>;

  constructor(machine: Machine) {
    this.#machine = machine;
    const text = machine.window("text");
    const data = machine.window("data");
    this.#ranges = new Map([
      [".static_call.text", sixteenths(text, 12n, 14n)],
      [".text", sixteenths(text, 14n, 16n)],
      [".data", sixteenths(data, 12n, 15n)],
      [".static_call_sites", sixteenths(data, 15n, 16n)],
    ]);
  }

  /**
   * Assembles `text` with its sections at the next free addresses that are multiples of `alignment` bytes, and loads it.
   * `extra`: symbols beside the machine's.
   */
  load(text: string, file: string, extra: ReadonlyMap<string, bigint> = new Map(), alignment = ALIGNMENT): Program {
    const next = (name: string): bigint => aligned(this.#range(name).next, alignment);
    const program = assemble(text, {
      base: next(".text"),
      sections: Object.fromEntries([...this.#ranges.keys()].map((name) => [name, next(name)])),
      symbols: new Map([...this.#machine.symbols, ...extra]),
      file,
    });
    this.#take(program);
    this.#machine.load(program);
    return program;
  }

  /** Whether B and BL reach `target` from anywhere in .static_call.text. */
  near(target: bigint): boolean {
    const range = this.#range(".static_call.text");
    return target >= range.end - BRANCH_REACH && target < range.next + BRANCH_REACH;
  }

  #range(section: string): Range {
    const range = this.#ranges.get(section);
    if (range === undefined) throw new StaticCallError("internal", `a design defines a section ${section}`);
    return range;
  }

  #take(program: Program): void {
    for (const section of program.sections) {
      const range = this.#range(section.name);
      const end = section.address + BigInt(section.bytes.length);
      if (end > range.end) {
        throw new StaticCallError(
          "full",
          `the part of window '${range.window}' that is kept for ${section.name} is full`,
        );
      }
      if (this.#machine.read(section.address, section.bytes.length).some((byte) => byte !== 0)) {
        throw new StaticCallError(
          "occupied",
          `static calls keep the last quarter of window '${range.window}' for themselves, ` +
            `and something else stands at 0x${section.address.toString(16)}`,
        );
      }
      range.next = aligned(end, ALIGNMENT);
    }
  }
}

/** A range of addresses, and where the same bytes can be written. */
export interface PatchMapping {
  readonly start: bigint;
  /** The first address behind it. */
  readonly end: bigint;
  readonly writable: bigint;
}

/** Every window that can be written, through itself or through another one that shows the same memory. */
export function patchMappings({ windows }: Machine): readonly PatchMapping[] {
  const memoryOf = ({ alias, name }: WindowSpec): string => alias ?? name;
  return windows.flatMap((window) => {
    const views = windows.filter((other) => memoryOf(other) === memoryOf(window) && other.access.includes("w"));
    const writable = views.includes(window) ? window : views[0];
    if (writable === undefined) return [];
    const size = BigInt(Math.min(window.size, writable.size));
    return [{ start: window.address, end: window.address + size, writable: writable.address }];
  });
}

/** The address at which the bytes at `address` can be written. */
export function writableAlias(machine: Machine, address: bigint): bigint {
  const mapping = patchMappings(machine).find(({ start, end }) => start <= address && address < end);
  if (mapping === undefined) {
    throw new StaticCallError("not-writable", `no writable window shows address 0x${address.toString(16)}`);
  }
  return mapping.writable + (address - mapping.start);
}
