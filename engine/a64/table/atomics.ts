/**
 * Arm ARM C4.1, "Loads and Stores": exclusive and ordered accesses, compare and swap, atomic memory
 * operations. All of them demand an address aligned to their size (FEAT_LSE2 is absent).
 *
 * Where the manual says CONSTRAINED UNPREDICTABLE, this is what happens here (each is among its choices):
 *   - STXR whose status register is also the one stored, or the base: the values from before are stored
 *     and go into the address; the register ends as the status.
 * A store exclusive that fails still faults if its address could not be written, as the manual allows.
 */
import type { AtomicOp, Order, Width } from "../ops.js";
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
        const access = o.access(o.XSP(n, 64), bytes, "write", true);
        o.setX(s, 32, o.storeExclusive(access, bytes, o.X(t, width), order));
      });
  const loads = (name: string, o0: "0" | "1", order: Order): Row =>
    row(name + suffix, `${bits} 001000 0 1 0 11111 ${o0} 11111 nnnnn ttttt`, loadSyntax(name, { suffix, register }),
      (o, { n, t }) => o.setX(t, width, o.loadExclusive(o.access(o.XSP(n, 64), bytes, "read", true), bytes, order)));
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
      o.store(o.access(o.XSP(n, 64), bytes, "write", true), 0, bytes, o.X(t, width), "release"),
    ),
    row(`LDAR${suffix}`, `${bits} 001000 1 1 0 11111 1 11111 nnnnn ttttt`, loadSyntax("LDAR", size), (o, { n, t }) =>
      o.setX(t, width, o.load(o.access(o.XSP(n, 64), bytes, "read", true), 0, bytes, "acquire")),
    ),
  ];
}

// ---- Compare and swap

function compareAndSwapRow({ suffix, bits, bytes, register, width }: Size): Row {
  const syntax = `cas<A:|a><R:|l>${suffix.toLowerCase()} <${register}s>, <${register}t>, ${BASE}`;
  return row(heading("CAS", suffix), `${bits} 001000 1 A 1 sssss R 11111 nnnnn ttttt`, syntax,
    (o, { A, R, s, n, t }) => {
      const access = o.access(o.XSP(n, 64), bytes, "update", true);
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
        const access = o.access(o.XSP(n, 64), bytes, "update", true);
        o.setX(t, width, o.atomic(op, access, bytes, o.X(s, width), orderOf(A, R)));
      }),
    // A load into ZR does not acquire: `acquire = A == '1' && Rt != '11111'`.
    row(`${heading(name, suffix)} to ZR`, `${bits} 111 0 00 1 R 1 sssss ${o3} ${opc} 00 nnnnn 11111`,
      `${stem}a<R:|l>${lower} <${register}s>, ${register.toLowerCase()}zr, ${BASE}`,
      (o, { R, s, n }) => {
        const access = o.access(o.XSP(n, 64), bytes, "update", true);
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
  sizes.flatMap(orderedRows),
  sizes.map(compareAndSwapRow),
  operations.flatMap((operation) => sizes.flatMap((size) => atomicRows(operation, size))),
].flat();
