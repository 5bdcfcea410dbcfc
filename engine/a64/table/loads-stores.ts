/**
 * Arm ARM C4.1: "Loads and Stores", the integer registers' single, pair and literal forms. Exclusives,
 * ordered and atomic accesses stand in atomics.ts.
 *
 * Where the manual says CONSTRAINED UNPREDICTABLE, this is what happens here (each is among its choices):
 *   - a load with writeback whose base is also loaded: the access is done, and the base ends as the
 *     written-back address;
 *   - a store with writeback whose base is also stored: the base's old value is stored;
 *   - a load of a pair into one register twice: both accesses are done, the second element stays.
 * LDTR and STTR do at EL1 what the other loads and stores do: windows have one set of rights for all exception levels.
 * Prefetches are NOPs, whatever SP is.
 */
import { type Bytes, type Ops, type Width, widthOf } from "../ops.js";
import { type Alias, alias, type Row, row } from "../row.js";

/** One line of the manual's table of single-register accesses, by size and opc. */
interface Transfer {
  readonly name: string;
  readonly size: "00" | "01" | "10" | "11";
  readonly opc: "00" | "01" | "10" | "11";
  /** log2 of the bytes accessed. */
  readonly scale: 0 | 1 | 2 | 3;
  readonly kind: "store" | "load" | "load signed";
  readonly register: "Wt" | "Xt";
}

const transfers: readonly Transfer[] = [
  { name: "STRB", size: "00", opc: "00", scale: 0, kind: "store", register: "Wt" },
  { name: "LDRB", size: "00", opc: "01", scale: 0, kind: "load", register: "Wt" },
  { name: "LDRSB", size: "00", opc: "10", scale: 0, kind: "load signed", register: "Xt" },
  { name: "LDRSB", size: "00", opc: "11", scale: 0, kind: "load signed", register: "Wt" },
  { name: "STRH", size: "01", opc: "00", scale: 1, kind: "store", register: "Wt" },
  { name: "LDRH", size: "01", opc: "01", scale: 1, kind: "load", register: "Wt" },
  { name: "LDRSH", size: "01", opc: "10", scale: 1, kind: "load signed", register: "Xt" },
  { name: "LDRSH", size: "01", opc: "11", scale: 1, kind: "load signed", register: "Wt" },
  { name: "STR", size: "10", opc: "00", scale: 2, kind: "store", register: "Wt" },
  { name: "LDR", size: "10", opc: "01", scale: 2, kind: "load", register: "Wt" },
  { name: "LDRSW", size: "10", opc: "10", scale: 2, kind: "load signed", register: "Xt" },
  { name: "STR", size: "11", opc: "00", scale: 3, kind: "store", register: "Xt" },
  { name: "LDR", size: "11", opc: "01", scale: 3, kind: "load", register: "Xt" },
];

/** Does the access of a transfer at `address`. A load's register is written by what is returned, after the access. */
function transfer<V, F, A>(o: Ops<V, F, A>, { scale, kind, register }: Transfer, address: V, t: F): void {
  const bytes = bytesOf(scale);
  const width: Width = register === "Xt" ? 64 : 32;
  const access = o.access(address, bytes, kind === "store" ? "write" : "read");
  if (kind === "store") {
    o.store(access, 0, bytes, o.X(t, width));
    return;
  }
  const data = o.load(access, 0, bytes);
  o.setX(t, width, kind === "load signed" ? o.signExtend(width, bitsOf(bytes), data) : data);
}

type Scalar = 1 | 2 | 4 | 8;

function bytesOf(scale: 0 | 1 | 2 | 3): Scalar {
  return ([1, 2, 4, 8] as const)[scale];
}

function bitsOf(bytes: Scalar): 8 | 16 | 32 | 64 {
  return ({ 1: 8, 2: 16, 4: 32, 8: 64 } as const)[bytes];
}

/** Base plus a byte offset. */
function addressOf<V, F, A>(o: Ops<V, F, A>, n: F, offset: V): V {
  return o.add(64, o.base(n), offset);
}

/** The manual's LSL(offset, scale). */
function scaled<V, F, A>(o: Ops<V, F, A>, offset: V, scale: number): V {
  return scale === 0 ? offset : o.lsl(64, offset, o.constant(scale));
}

function unsignedOffset(of: Transfer): Row {
  const { name, size, opc, scale, register } = of;
  const syntax = `${name.toLowerCase()} <${register}>, [<Xn|sp>{, #<i*${bytesOf(scale)}>}]`;
  return row(`${name} (immediate)`, `${size} 111 0 01 ${opc} iiiiiiiiiiii nnnnn ttttt`, syntax, (o, { i, n, t }) =>
    transfer(o, of, addressOf(o, n, scaled(o, o.UInt(i), scale)), t),
  );
}

/** STRB -> sturb, LDR -> ldur. */
function unscaledName(name: string): string {
  return `${name.slice(0, 2)}U${name.slice(2)}`;
}

function unscaledOffset(of: Transfer): (Row | Alias)[] {
  const { name, size, opc, register } = of;
  const unscaled = unscaledName(name);
  const pattern = `${size} 111 0 00 ${opc} 0 iiiiiiiii 00 nnnnn ttttt` as const;
  return [
    row(unscaled, pattern, `${unscaled.toLowerCase()} <${register}>, [<Xn|sp>{, #<i:s>}]`, (o, { i, n, t }) =>
      transfer(o, of, addressOf(o, n, o.SInt(i)), t),
    ),
    // For the offsets that the scaled form cannot hold.
    alias(unscaled, pattern, `${name.toLowerCase()} <${register}>, [<Xn|sp>, #<i:s>]`, { parseOnly: true }),
  ];
}

function postIndexed(of: Transfer): Row {
  const { name, size, opc, register } = of;
  const syntax = `${name.toLowerCase()} <${register}>, [<Xn|sp>], #<i:s>`;
  return row(`${name} (immediate)`, `${size} 111 0 00 ${opc} 0 iiiiiiiii 01 nnnnn ttttt`, syntax, (o, { i, n, t }) => {
    const address = o.base(n);
    transfer(o, of, address, t);
    o.setXSP(n, 64, o.add(64, address, o.SInt(i)));
  });
}

function preIndexed(of: Transfer): Row {
  const { name, size, opc, register } = of;
  const syntax = `${name.toLowerCase()} <${register}>, [<Xn|sp>, #<i:s>]!`;
  return row(`${name} (immediate)`, `${size} 111 0 00 ${opc} 0 iiiiiiiii 11 nnnnn ttttt`, syntax, (o, { i, n, t }) => {
    const address = addressOf(o, n, o.SInt(i));
    transfer(o, of, address, t);
    o.setXSP(n, 64, address);
  });
}

/** STRB -> sttrb, LDRSW -> ldtrsw. */
function unprivilegedName(name: string): string {
  return `${name.slice(0, 2)}T${name.slice(2)}`;
}

/** With the rights of EL0; windows have no others. */
function unprivileged(of: Transfer): Row {
  const { name, size, opc, register } = of;
  const mnemonic = unprivilegedName(name);
  return row(mnemonic, `${size} 111 0 00 ${opc} 0 iiiiiiiii 10 nnnnn ttttt`,
    `${mnemonic.toLowerCase()} <${register}>, [<Xn|sp>{, #<i:s>}]`,
    (o, { i, n, t }) => transfer(o, of, addressOf(o, n, o.SInt(i)), t));
}

type IndexOption = Readonly<Record<"P" | "Q" | "S", number>>;

/** ExtendReg of the index register: P = sign-extend, Q = 64 bits wide (option<2> and option<0>), S = scaled. */
function indexOffset<V, F, A>(o: Ops<V, F, A>, m: F, option: IndexOption, scale: number): V {
  const { P, Q, S } = option;
  // X(m, 32) is zero-extended already; of 64 bits there is nothing to extend.
  const index = Q === 1 ? o.X(m, 64) : o.X(m, 32);
  const extended = Q === 0 && P === 1 ? o.signExtend(64, 32, index) : index;
  return S === 1 ? scaled(o, extended, scale) : extended;
}

function registerOffset(of: Transfer): Row {
  const { name, size, opc, scale, register } = of;
  const syntax = `${name.toLowerCase()} <${register}>, [<Xn|sp>, <index:m,P,Q,S,${scale}>]`;
  return row(`${name} (register)`, `${size} 111 0 00 ${opc} 1 mmmmm P1Q S 10 nnnnn ttttt`, syntax,
    (o, { m, P, Q, S, n, t }) => transfer(o, of, addressOf(o, n, indexOffset(o, m, { P, Q, S }, scale)), t));
}

// ---- Load register (literal)

function literalAddress<V, F, A>(o: Ops<V, F, A>, words: F): V {
  return o.add(64, o.PC(), o.lsl(64, o.SInt(words), o.constant(2)));
}

const literals = [
  row("LDR (literal)", "0Z 011 0 00 iiiiiiiiiiiiiiiiiii ttttt", "ldr <Rt>, <label:i*4>", (o, { Z, i, t }) => {
    const width = widthOf(Z);
    const bytes = Z === 1 ? 8 : 4;
    o.setX(t, width, o.load(o.access(literalAddress(o, i), bytes, "read"), 0, bytes));
  }),
  row("LDRSW (literal)", "10 011 0 00 iiiiiiiiiiiiiiiiiii ttttt", "ldrsw <Xt>, <label:i*4>", (o, { i, t }) => {
    const data = o.load(o.access(literalAddress(o, i), 4, "read"), 0, 4);
    o.setX(t, 64, o.signExtend(64, 32, data));
  }),
];

// ---- Load/store register pair

/** One line of the manual's table of pairs, by opc and L. */
interface PairTransfer {
  readonly name: string;
  readonly opc: "00" | "01" | "10";
  readonly L: "0" | "1";
  /** Bytes of one element. */
  readonly bytes: 4 | 8;
  readonly register: "W" | "X";
}

const pairs: readonly PairTransfer[] = [
  { name: "STP", opc: "00", L: "0", bytes: 4, register: "W" },
  { name: "LDP", opc: "00", L: "1", bytes: 4, register: "W" },
  { name: "LDPSW", opc: "01", L: "1", bytes: 4, register: "X" },
  { name: "STP", opc: "10", L: "0", bytes: 8, register: "X" },
  { name: "LDP", opc: "10", L: "1", bytes: 8, register: "X" },
];

function transferPair<V, F, A>(o: Ops<V, F, A>, { L, bytes, register }: PairTransfer, address: V, t: F, u: F): void {
  const width: Width = register === "X" ? 64 : 32;
  const both: Bytes = bytes === 8 ? 16 : 8;
  const access = o.access(address, both, L === "1" ? "read" : "write");
  if (L === "0") {
    o.store(access, 0, bytes, o.X(t, width));
    o.store(access, bytes, bytes, o.X(u, width));
    return;
  }
  const first = o.load(access, 0, bytes);
  const second = o.load(access, bytes, bytes);
  const signed = register === "X" && bytes === 4;
  o.setX(t, width, signed ? o.signExtend(64, 32, first) : first);
  o.setX(u, width, signed ? o.signExtend(64, 32, second) : second);
}

function pairOffset<V, F, A>(o: Ops<V, F, A>, bytes: 4 | 8, imm7: F): V {
  return scaled(o, o.SInt(imm7), bytes === 8 ? 3 : 2);
}

function pairRows(of: PairTransfer): Row[] {
  const { name, opc, L, bytes, register } = of;
  const registers = `${name.toLowerCase()} <${register}t>, <${register}u>`;
  return [
    row(name, `${opc} 101 0 001 ${L} iiiiiii uuuuu nnnnn ttttt`, `${registers}, [<Xn|sp>], #<i:s*${bytes}>`,
      (o, { i, u, n, t }) => {
        const address = o.base(n);
        transferPair(o, of, address, t, u);
        o.setXSP(n, 64, o.add(64, address, pairOffset(o, bytes, i)));
      }),
    row(name, `${opc} 101 0 011 ${L} iiiiiii uuuuu nnnnn ttttt`, `${registers}, [<Xn|sp>, #<i:s*${bytes}>]!`,
      (o, { i, u, n, t }) => {
        const address = addressOf(o, n, pairOffset(o, bytes, i));
        transferPair(o, of, address, t, u);
        o.setXSP(n, 64, address);
      }),
    row(name, `${opc} 101 0 010 ${L} iiiiiii uuuuu nnnnn ttttt`, `${registers}, [<Xn|sp>{, #<i:s*${bytes}>}]`,
      (o, { i, u, n, t }) => transferPair(o, of, addressOf(o, n, pairOffset(o, bytes, i)), t, u)),
  ];
}

/** STP -> STNP: what the hint "non-temporal" says is not looked at. */
function noAllocatePairRow(of: PairTransfer): Row {
  const { opc, L, bytes, register } = of;
  const name = L === "1" ? "LDNP" : "STNP";
  return row(name, `${opc} 101 0 000 ${L} iiiiiii uuuuu nnnnn ttttt`,
    `${name.toLowerCase()} <${register}t>, <${register}u>, [<Xn|sp>{, #<i:s*${bytes}>}]`,
    (o, { i, u, n, t }) => transferPair(o, of, addressOf(o, n, pairOffset(o, bytes, i)), t, u));
}

// ---- Prefetch: in the places of loads into a third kind of register; NOPs

const unscaledPrefetch = "11 111 0 00 10 0 iiiiiiiii 00 nnnnn ttttt";

const prefetches = [
  row("PRFM (immediate)", "11 111 0 01 10 iiiiiiiiiiii nnnnn ttttt", "prfm <prfop:t>, [<Xn|sp>{, #<i*8>}]",
    (o) => o.hint("NOP")),
  row("PRFUM", unscaledPrefetch, "prfum <prfop:t>, [<Xn|sp>{, #<i:s>}]", (o) => o.hint("NOP")),
  alias("PRFUM", unscaledPrefetch, "prfm <prfop:t>, [<Xn|sp>, #<i:s>]", { parseOnly: true }),
  row("PRFM (register)", "11 111 0 00 10 1 mmmmm P1Q S 10 nnnnn ttttt", "prfm <prfop:t>, [<Xn|sp>, <index:m,P,Q,S,3>]",
    (o) => o.hint("NOP")),
  row("PRFM (literal)", "11 011 0 00 iiiiiiiiiiiiiiiiiii ttttt", "prfm <prfop:t>, <label:i*4>", (o) => o.hint("NOP")),
];

export const loadsStores: readonly (Row | Alias)[] = [
  literals,
  pairs.filter(({ name }) => name !== "LDPSW").map(noAllocatePairRow),
  pairs.flatMap(pairRows),
  transfers.flatMap(unscaledOffset),
  transfers.map(postIndexed),
  transfers.map(preIndexed),
  transfers.map(unprivileged),
  transfers.map(registerOffset),
  transfers.map(unsignedOffset),
  prefetches,
].flat();
