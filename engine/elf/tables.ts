/** What linking adds to the objects: a global offset table, and veneers for branches that do not reach their targets. */
import { assemble } from "../a64/assembler/index.js";
import { reaches, type Site } from "./apply.js";
import { ElfError, hex } from "./errors.js";
import * as format from "./format.js";
import { VENEERS } from "./layout.js";
import type { Piece, Relocation } from "./objects.js";
import { entryKind, type RelocationRule } from "./relocations.js";
import type { Target } from "./resolve.js";

type AddressOf = (target: Target) => bigint;

/** Numbers for pairs of target and addend, in the order in which they are asked for. */
class Slots {
  readonly list: { readonly target: Target; readonly addend: bigint }[] = [];
  readonly #numbers = new Map<Target, Map<bigint, number>>();

  /** The pair's number, undefined if it has none. */
  find(target: Target, addend: bigint): number | undefined {
    return this.#numbers.get(target)?.get(addend);
  }

  add(target: Target, addend: bigint): void {
    const ofTarget = this.#numbers.get(target) ?? new Map<bigint, number>();
    if (ofTarget.has(addend)) return;
    ofTarget.set(addend, this.list.length);
    this.#numbers.set(target, ofTarget);
    this.list.push({ target, addend });
  }
}

const ENTRY_BYTES = 8;

/** The global offset table: the addresses of what relocations refer to indirectly. */
export class EntryTable {
  readonly piece: Piece;
  readonly #addresses = new Slots();
  readonly #threadOffsets = new Slots();

  constructor(references: readonly { readonly target: Target; readonly relocation: Relocation }[]) {
    for (const { target, relocation } of references) this.#slotsOf(relocation.rule)?.add(target, relocation.addend);
    this.piece = {
      name: ".got",
      flags: format.SHF_ALLOC | format.SHF_WRITE,
      type: SHT_PROGBITS,
      size: (this.#addresses.list.length + this.#threadOffsets.list.length) * ENTRY_BYTES,
      alignment: ENTRY_BYTES,
      bytes: new Uint8Array(),
    };
  }

  /** Of the entry of a pair for which the table was made. Thread offsets stand behind the addresses. */
  offset(rule: RelocationRule, target: Target, addend: bigint): number {
    const before = entryKind(rule) === "thread" ? this.#addresses.list.length : 0;
    return (before + (this.#slotsOf(rule)?.find(target, addend) ?? 0)) * ENTRY_BYTES;
  }

  /** `threadOffset` gives the offset from the thread pointer of an address in the block of thread-local variables. */
  fill(view: DataView, addressOf: AddressOf, threadOffset: (address: bigint) => bigint): void {
    const addresses = this.#addresses.list.map(({ target, addend }) => addressOf(target) + addend);
    const offsets = this.#threadOffsets.list.map(({ target, addend }) => threadOffset(addressOf(target) + addend));
    [...addresses, ...offsets].forEach((value, index) => {
      view.setBigUint64(index * ENTRY_BYTES, BigInt.asUintN(64, value), true);
    });
  }

  #slotsOf(rule: RelocationRule): Slots | undefined {
    const kind = entryKind(rule);
    return kind === undefined ? undefined : kind === "thread" ? this.#threadOffsets : this.#addresses;
  }
}

const SHT_PROGBITS = 1;
const VENEER_BYTES = 16;
/** ADRP reaches this far either way. */
const PAGES_REACH = 1n << 32n;

/** X16 is the intra-procedure-call register: a veneer may change it (AAPCS64). */
const nearVeneer = "adrp x16, target\n add x16, x16, :lo12:target\n br x16";
/** For addresses whose upper 16 bits are all equal. */
const farVeneer = "movz x16, #:abs_g2_s:target\n movk x16, #:abs_g1_nc:target\n movk x16, #:abs_g0_nc:target\n br x16";

export class Veneers {
  #piece = veneerPiece(0);
  readonly #slots = new Slots();

  get piece(): Piece {
    return this.#piece;
  }

  /** Gives a veneer to each branch that does not reach its target, or to all. Whether there are new ones. */
  add(branches: readonly Site[], addressOf: AddressOf, all: boolean): boolean {
    const before = this.#slots.list.length;
    for (const {
      relocation: { rule, addend },
      target,
      address,
    } of branches) {
      if (target.where.kind === "weak") continue;
      if (all || !reaches(rule, address, addressOf(target) + addend)) this.#slots.add(target, addend);
    }
    return this.#slots.list.length > before;
  }

  /** Makes room for those that were added. */
  grow(): void {
    this.#piece = veneerPiece(this.#slots.list.length * VENEER_BYTES);
  }

  offset(target: Target, addend: bigint): number | undefined {
    const slot = this.#slots.find(target, addend);
    return slot === undefined ? undefined : slot * VENEER_BYTES;
  }

  /** Writes the veneers, which stand at `base`. Throws an ElfError for a target that no veneer reaches. */
  fill(view: DataView, base: bigint, addressOf: AddressOf, file: string): void {
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    this.#slots.list.forEach(({ target, addend }, index) => {
      const address = base + BigInt(index * VENEER_BYTES);
      const to = BigInt.asIntN(64, addressOf(target) + addend);
      bytes.set(veneer(address, to, target.name, file), index * VENEER_BYTES);
    });
  }
}

function veneer(address: bigint, target: bigint, name: string, file: string): Uint8Array {
  const distance = BigInt.asIntN(64, target - address);
  const isNear = distance > -PAGES_REACH + 0x1000n && distance < PAGES_REACH - 0x1000n;
  if (!isNear && BigInt.asIntN(49, target) !== target) {
    throw new ElfError(
      "relocation-range",
      file,
      0,
      `'${name}' at ${hex(BigInt.asUintN(64, target))} is beyond the reach of branches and no address of 48 bits: place it nearer`,
    );
  }
  const program = assemble(isNear ? nearVeneer : farVeneer, { base: address, symbols: { target } });
  return (program.sections[0] as { readonly bytes: Uint8Array }).bytes;
}

function veneerPiece(size: number): Piece {
  const flags = format.SHF_ALLOC | format.SHF_EXECINSTR;
  return {
    name: VENEERS,
    flags,
    type: SHT_PROGBITS,
    size,
    alignment: size === 0 ? 1 : VENEER_BYTES,
    bytes: new Uint8Array(),
  };
}
