/**
 * Arm ARM C4.1, "Loads and Stores": exclusive and ordered accesses, compare and swap, atomic memory
 * operations. All of them demand an address aligned to their size (FEAT_LSE2 is absent).
 *
 * Where the manual says CONSTRAINED UNPREDICTABLE, this is what happens here (each is among its choices):
 *   - STXR whose status register is also the one stored, or the base: the values from before are stored
 *     and go into the address; the register ends as the status.
 *   - LDXP into one register twice: both halves are read, the second stays.
 * The 16 bytes of LDXP, STXP and CASP are two accesses of 8 on the host: single-copy atomic for this core, which nothing
 * interrupts between them, and for another only as far as each half is. LDLAR and STLLR order as LDAR and STLR do (there
 * are no LORegions: LORID_EL1 is zero).
 * A store exclusive that fails still faults if its address could not be written, as the manual allows.
 */
import type { AtomicOp, Ops, Order, Width } from "../ops.js";
import { type Alias, alias, type Row, row } from "../row.js";

/** The field `size`: what it adds to the mnemonic, and the register it takes. */
interface Size {
  readonly suffix: "B" | "H" | "";
  readonly bits: "00" | "01" | "10" | "11";
  readonly bytes: 1 | 2 | 4 | 8;
  readonly register: "W" | "X";
  readonly width: Width;
}

const sizes: readonly Size[] = [
  { suffix: "B", bits: "00", bytes: 1, register: "W", width: 32 },
  { suffix: "H", bits: "01", bytes: 2, register: "W", width: 32 },
  { suffix: "", bits: "10", bytes: 4, register: "W", width: 32 },
  { suffix: "", bits: "11", bytes: 8, register: "X", width: 64 },
];

/** For the selectors A (or L of the compare-and-swaps) and R (o0), 0 or 1. */
function orderOf(acquire: number, release: number): Order {
  if (acquire === 1) return release === 1 ? "acquireRelease" : "acquire";
  return release === 1 ? "release" : "plain";
}

/** GNU as accepts an offset of zero. */
const BASE = "[<Xn|sp>{, #0}]";

/** The manual's heading of a family: "CASB, CASAB, CASALB, CASLB". */
function heading(name: string, suffix: string): string {
  return ["", "A", "AL", "L"].map((order) => name + order + suffix).join(", ");
}

// ---- Load/store exclusive register, load/store ordered

function exclusiveRows({ suffix, bits, bytes, register, width }: Size): Row[] {
  const operands = `${suffix.toLowerCase()} <Ws>, <${register}t>, ${BASE}`;
  const stores = (name: string, o0: "0" | "1", order: Order): Row =>
    row(name + suffix, `${bits} 001000 0 0 0 sssss ${o0} 11111 nnnnn ttttt`, name.toLowerCase() + operands,
      (o, { s, n, t }) => {
        const access = o.access(o.base(n), bytes, "write", true);
        o.setX(s, 32, o.storeExclusive(access, bytes, o.X(t, width), order));
      });
  const loads = (name: string, o0: "0" | "1", order: Order): Row =>
    row(name + suffix, `${bits} 001000 0 1 0 11111 ${o0} 11111 nnnnn ttttt`, loadSyntax(name, { suffix, register }),
      (o, { n, t }) => o.setX(t, width, o.loadExclusive(o.access(o.base(n), bytes, "read", true), bytes, order)));
  return [
    stores("STXR", "0", "plain"),
    stores("STLXR", "1", "release"),
    loads("LDXR", "0", "plain"),
    loads("LDAXR", "1", "acquire"),
  ];
}

function loadSyntax(name: string, { suffix, register }: Pick<Size, "suffix" | "register">): string {
  return `${(name + suffix).toLowerCase()} <${register}t>, ${BASE}`;
}

function orderedRows(size: Size): Row[] {
  const { suffix, bits, bytes, width } = size;
  return [
    row(`STLR${suffix}`, `${bits} 001000 1 0 0 11111 1 11111 nnnnn ttttt`, loadSyntax("STLR", size), (o, { n, t }) =>
      o.store(o.access(o.base(n), bytes, "write", true), 0, bytes, o.X(t, width), "release"),
    ),
    row(`LDAR${suffix}`, `${bits} 001000 1 1 0 11111 1 11111 nnnnn ttttt`, loadSyntax("LDAR", size), (o, { n, t }) =>
      o.setX(t, width, o.load(o.access(o.base(n), bytes, "read", true), 0, bytes, "acquire")),
    ),
  ];
}

/** LDLAR and STLLR: FEAT_LOR. */
function limitedOrderingRows(size: Size): Row[] {
  const { suffix, bits, bytes, width } = size;
  return [
    row(`STLLR${suffix}`, `${bits} 001000 1 0 0 11111 0 11111 nnnnn ttttt`, loadSyntax("STLLR", size), (o, { n, t }) =>
      o.store(o.access(o.base(n), bytes, "write", true), 0, bytes, o.X(t, width), "release"),
    ),
    row(`LDLAR${suffix}`, `${bits} 001000 1 1 0 11111 0 11111 nnnnn ttttt`, loadSyntax("LDLAR", size), (o, { n, t }) =>
      o.setX(t, width, o.load(o.access(o.base(n), bytes, "read", true), 0, bytes, "acquire")),
    ),
  ];
}

// ---- RCpc: FEAT_LRCPC and, with an offset, FEAT_LRCPC2

function acquirePCRow(size: Size): Row {
  const { suffix, bits, bytes, width } = size;
  return row(`LDAPR${suffix}`, `${bits} 111 0 00 1 0 1 11111 1 100 00 nnnnn ttttt`, loadSyntax("LDAPR", size), (o, { n, t }) =>
    o.setX(t, width, o.load(o.access(o.base(n), bytes, "read", true), 0, bytes, "acquirePC")),
  );
}

function unscaledOrderedRows({ suffix, bits, bytes, register, width }: Size): Row[] {
  const lower = suffix.toLowerCase();
  const operands = `<${register}t>, [<Xn|sp>{, #<i:s>}]`;
  return [
    row(`STLUR${suffix}`, `${bits} 011001 00 0 iiiiiiiii 00 nnnnn ttttt`, `stlur${lower} ${operands}`, (o, { i, n, t }) => {
      const address = o.add(64, o.base(n), o.SInt(i));
      o.store(o.access(address, bytes, "write", true), 0, bytes, o.X(t, width), "release");
    }),
    row(`LDAPUR${suffix}`, `${bits} 011001 01 0 iiiiiiiii 00 nnnnn ttttt`, `ldapur${lower} ${operands}`, (o, { i, n, t }) => {
      const address = o.add(64, o.base(n), o.SInt(i));
      o.setX(t, width, o.load(o.access(address, bytes, "read", true), 0, bytes, "acquirePC"));
    }),
  ];
}

const signedOrdered = [
  { suffix: "B", bits: "00", opc: "10", bytes: 1, width: 64 },
  { suffix: "B", bits: "00", opc: "11", bytes: 1, width: 32 },
  { suffix: "H", bits: "01", opc: "10", bytes: 2, width: 64 },
  { suffix: "H", bits: "01", opc: "11", bytes: 2, width: 32 },
  { suffix: "W", bits: "10", opc: "10", bytes: 4, width: 64 },
] as const;

function signedOrderedRow({ suffix, bits, opc, bytes, width }: (typeof signedOrdered)[number]): Row {
  const name = `LDAPURS${suffix}`;
  return row(name, `${bits} 011001 ${opc} 0 iiiiiiiii 00 nnnnn ttttt`,
    `${name.toLowerCase()} <${width === 64 ? "X" : "W"}t>, [<Xn|sp>{, #<i:s>}]`,
    (o, { i, n, t }) => {
      const access = o.access(o.add(64, o.base(n), o.SInt(i)), bytes, "read", true);
      o.setX(t, width, o.signExtend(width, (8 * bytes) as 8 | 16 | 32, o.load(access, 0, bytes, "acquirePC")));
    });
}

// ---- Pairs: exclusive, compare and swap

/** Two words as one doubleword, the first in the low half. */
function joined<V, F, A>(o: Ops<V, F, A>, low: V, high: V): V {
  return o.orr(64, low, o.lsl(64, high, o.constant(32)));
}

/** And back. */
function halves<V, F, A>(o: Ops<V, F, A>, both: V): readonly [V, V] {
  return [o.zeroExtend(32, both), o.lsr(64, both, o.constant(32))];
}

const pairWidths = [
  { sz: "0", register: "W", width: 32, bytes: 8 },
  { sz: "1", register: "X", width: 64, bytes: 16 },
] as const;

type PairWidth = (typeof pairWidths)[number];

function exclusivePairRows({ sz, register, width, bytes }: PairWidth): Row[] {
  const operands = `<${register}t>, <${register}u>, ${BASE}`;
  const stores = (name: string, o0: "0" | "1", order: Order): Row =>
    row(name, `1${sz} 001000 0 0 1 sssss ${o0} uuuuu nnnnn ttttt`, `${name.toLowerCase()} <Ws>, ${operands}`,
      (o, { s, u, n, t }) => {
        const access = o.access(o.base(n), bytes, "write", true);
        const [low, high] = [o.X(t, width), o.X(u, width)];
        o.setX(s, 32, bytes === 8 ? o.storeExclusive(access, 8, joined(o, low, high), order)
          : o.storeExclusivePair(access, [low, high], order));
      });
  const loads = (name: string, o0: "0" | "1", order: Order): Row =>
    row(name, `1${sz} 001000 0 1 1 11111 ${o0} uuuuu nnnnn ttttt`, `${name.toLowerCase()} ${operands}`,
      (o, { u, n, t }) => {
        const access = o.access(o.base(n), bytes, "read", true);
        const [low, high] = bytes === 8 ? halves(o, o.loadExclusive(access, 8, order)) : o.loadExclusivePair(access, order);
        o.setX(t, width, low);
        o.setX(u, width, high);
      });
  return [
    stores("STXP", "0", "plain"),
    stores("STLXP", "1", "release"),
    loads("LDXP", "0", "plain"),
    loads("LDAXP", "1", "acquire"),
  ];
}

/** Registers 2s and 2s + 1; odd ones are not allocated. */
function compareAndSwapPairRow({ sz, register, width, bytes }: PairWidth): Row {
  const syntax = `casp<A:|a><R:|l> <pair:${register},s>, <pair:${register},t>, ${BASE}`;
  return row(heading("CASP", ""), `0${sz} 001000 0 A 1 ssss0 R 11111 nnnnn tttt0`, syntax, (o, { A, R, s, n, t }) => {
    const access = o.access(o.base(n), bytes, "update", true);
    const first = o.concat(s, o.field(1, 0));
    const second = o.concat(s, o.field(1, 1));
    const expected = [o.X(first, width), o.X(second, width)] as const;
    const value = [o.X(o.concat(t, o.field(1, 0)), width), o.X(o.concat(t, o.field(1, 1)), width)] as const;
    const [low, high] = bytes === 8
      ? halves(o, o.compareAndSwap(access, 8, joined(o, ...expected), joined(o, ...value), orderOf(A, R)))
      : o.compareAndSwapPair(access, expected, value, orderOf(A, R));
    o.setX(first, width, low);
    o.setX(second, width, high);
  });
}

// ---- Compare and swap

function compareAndSwapRow({ suffix, bits, bytes, register, width }: Size): Row {
  const syntax = `cas<A:|a><R:|l>${suffix.toLowerCase()} <${register}s>, <${register}t>, ${BASE}`;
  return row(heading("CAS", suffix), `${bits} 001000 1 A 1 sssss R 11111 nnnnn ttttt`, syntax,
    (o, { A, R, s, n, t }) => {
      const access = o.access(o.base(n), bytes, "update", true);
      o.setX(s, width, o.compareAndSwap(access, bytes, o.X(s, width), o.X(t, width), orderOf(A, R)));
    });
}

// ---- Atomic memory operations

interface Operation {
  /** The mnemonic's stem: LDADD, or SWP. */
  readonly name: string;
  readonly op: AtomicOp;
  readonly o3: "0" | "1";
  readonly opc: "000" | "001" | "010" | "011" | "100" | "101" | "110" | "111";
}

const operations: readonly Operation[] = [
  { name: "LDADD", op: "ADD", o3: "0", opc: "000" },
  { name: "LDCLR", op: "CLR", o3: "0", opc: "001" },
  { name: "LDEOR", op: "EOR", o3: "0", opc: "010" },
  { name: "LDSET", op: "SET", o3: "0", opc: "011" },
  { name: "LDSMAX", op: "SMAX", o3: "0", opc: "100" },
  { name: "LDSMIN", op: "SMIN", o3: "0", opc: "101" },
  { name: "LDUMAX", op: "UMAX", o3: "0", opc: "110" },
  { name: "LDUMIN", op: "UMIN", o3: "0", opc: "111" },
  { name: "SWP", op: "SWP", o3: "1", opc: "000" },
];

function atomicRows({ name, op, o3, opc }: Operation, size: Size): (Row | Alias)[] {
  const { suffix, bits, bytes, register, width } = size;
  const lower = suffix.toLowerCase();
  const stem = name.toLowerCase();
  const rows = [
    row(heading(name, suffix), `${bits} 111 0 00 A R 1 sssss ${o3} ${opc} 00 nnnnn ttttt`,
      `${stem}<A:|a><R:|l>${lower} <${register}s>, <${register}t>, ${BASE}`,
      (o, { A, R, s, n, t }) => {
        const access = o.access(o.base(n), bytes, "update", true);
        o.setX(t, width, o.atomic(op, access, bytes, o.X(s, width), orderOf(A, R)));
      }),
    // A load into ZR does not acquire: `acquire = A == '1' && Rt != '11111'`.
    row(`${heading(name, suffix)} to ZR`, `${bits} 111 0 00 1 R 1 sssss ${o3} ${opc} 00 nnnnn 11111`,
      `${stem}a<R:|l>${lower} <${register}s>, ${register.toLowerCase()}zr, ${BASE}`,
      (o, { R, s, n }) => {
        const access = o.access(o.base(n), bytes, "update", true);
        o.atomic(op, access, bytes, o.X(s, width), orderOf(0, R));
      }),
  ];
  if (op === "SWP") return rows;
  const store = name.replace("LD", "ST");
  return [
    ...rows,
    alias(`${store}${suffix}, ${store}L${suffix}`, `${bits} 111 0 00 0 R 1 sssss ${o3} ${opc} 00 nnnnn 11111`,
      `${store.toLowerCase()}<R:|l>${lower} <${register}s>, ${BASE}`),
  ];
}

export const atomics: readonly (Row | Alias)[] = [
  sizes.flatMap(exclusiveRows),
  pairWidths.flatMap(exclusivePairRows),
  sizes.flatMap(orderedRows),
  sizes.flatMap(limitedOrderingRows),
  sizes.map(acquirePCRow),
  sizes.flatMap(unscaledOrderedRows),
  signedOrdered.map(signedOrderedRow),
  pairWidths.map(compareAndSwapPairRow),
  sizes.map(compareAndSwapRow),
  operations.flatMap((operation) => sizes.flatMap((size) => atomicRows(operation, size))),
].flat();
