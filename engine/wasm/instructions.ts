/**
 * WebAssembly's instructions by name, as functions that make expressions: `i64.add(a, b)`, `i32.load(offset, align, pointer)`,
 * `i32.atomic.rmw.add(offset, pointer, value)`. The opcodes are those of the specification's binary format and of the threads proposal.
 */

/** A tree of code by its number in its module; 0 is none. Each stands in one place only. */
export type Expression = number;

/** Wasm value types that the engine uses. */
export type Type = "i32" | "i64";

/** A value type as the binary format has it, or `none` for no value. */
export type WasmType = number;

export const I32: WasmType = 0x7f;
export const I64: WasmType = 0x7e;
export const none: WasmType = 0x40;

/** First byte of the opcodes that have two; they are written as 16 bits here. */
const ATOMIC = 0xfe00;
const FENCE = ATOMIC | 0x03;

/** What takes instructions. */
export interface Instructions {
  /** Immediates are unsigned numbers. */
  instruction(
    opcode: number,
    type: WasmType,
    operands: readonly Expression[],
    immediates?: readonly number[],
  ): Expression;
  i32(value: number): Expression;
  i64(value: bigint): Expression;
}

/** Instructions of a kind, as methods of an object that says where they go. */
export interface Named {
  readonly to: Instructions;
}

type Opcodes = Readonly<Record<string, number>>;
/** Opcodes, and the bytes that are accessed as a power of two. */
type Accesses = Readonly<Record<string, readonly [opcode: number, align: number]>>;

interface Table {
  readonly type: WasmType;
  readonly eqz: number;
  readonly comparisons: Opcodes;
  readonly binary: Opcodes;
  readonly unary: Opcodes;
  readonly loads: Opcodes;
  readonly stores: Opcodes;
  readonly atomicLoads: Accesses;
  readonly atomicStores: Accesses;
}

const i32 = {
  type: I32,
  eqz: 0x45,
  comparisons: {
    ...{ eq: 0x46, ne: 0x47, lt_s: 0x48, lt_u: 0x49, gt_s: 0x4a, gt_u: 0x4b },
    ...{ le_s: 0x4c, le_u: 0x4d, ge_s: 0x4e, ge_u: 0x4f },
  },
  binary: {
    ...{ add: 0x6a, sub: 0x6b, mul: 0x6c, div_s: 0x6d, div_u: 0x6e, and: 0x71, or: 0x72, xor: 0x73 },
    ...{ shl: 0x74, shr_s: 0x75, shr_u: 0x76, rotl: 0x77, rotr: 0x78 },
  },
  unary: { clz: 0x67, wrap: 0xa7, extend8_s: 0xc0, extend16_s: 0xc1 },
  loads: { load: 0x28, load8_u: 0x2d, load16_u: 0x2f },
  stores: { store: 0x36, store8: 0x3a, store16: 0x3b },
  atomicLoads: { load: [0x10, 2], load8_u: [0x12, 0], load16_u: [0x13, 1] },
  atomicStores: { store: [0x17, 2], store8: [0x19, 0], store16: [0x1a, 1] },
} as const satisfies Table;

const i64 = {
  type: I64,
  eqz: 0x50,
  comparisons: {
    ...{ eq: 0x51, ne: 0x52, lt_s: 0x53, lt_u: 0x54, gt_s: 0x55, gt_u: 0x56 },
    ...{ le_s: 0x57, le_u: 0x58, ge_s: 0x59, ge_u: 0x5a },
  },
  binary: {
    ...{ add: 0x7c, sub: 0x7d, mul: 0x7e, div_s: 0x7f, div_u: 0x80, and: 0x83, or: 0x84, xor: 0x85 },
    ...{ shl: 0x86, shr_s: 0x87, shr_u: 0x88, rotl: 0x89, rotr: 0x8a },
  },
  unary: { clz: 0x79, extend_s: 0xac, extend_u: 0xad, extend8_s: 0xc2, extend16_s: 0xc3 },
  loads: { load: 0x29 },
  stores: { store: 0x37 },
  atomicLoads: { load: [0x11, 3] },
  atomicStores: { store: [0x18, 3] },
} as const satisfies Table;

/** The first of the seven opcodes of a read-modify-write operation: i32, i64, i32 of 8 bits, i32 of 16 bits, ... */
const updates = { add: 0x1e, sub: 0x25, and: 0x2c, or: 0x33, xor: 0x3a, xchg: 0x41 } as const;
const COMPARE_EXCHANGE = 0x48;

type Methods<Entries, F> = { readonly [Name in keyof Entries]: F };
type Unary = (a: Expression) => Expression;
type Binary = (a: Expression, b: Expression) => Expression;
/** `offset` and `align` in bytes; the alignment is a hint. */
type Load = (offset: number, align: number, pointer: Expression) => Expression;
type Store = (offset: number, align: number, pointer: Expression, value: Expression) => Expression;
type AtomicLoad = (offset: number, pointer: Expression) => Expression;
type AtomicStore = (offset: number, pointer: Expression, value: Expression) => Expression;
type CompareExchange = (offset: number, pointer: Expression, old: Expression, value: Expression) => Expression;

function each<Entries extends object, F>(
  entries: Entries,
  make: (entry: Entries[keyof Entries]) => F,
): Methods<Entries, F> {
  const made: Partial<Record<keyof Entries, F>> = {};
  for (const name of Object.keys(entries) as (keyof Entries)[]) made[name] = make(entries[name]);
  return made as Methods<Entries, F>;
}

/** All of a type's instructions but for the atomic ones and constants. */
function plain<T extends Table>(table: T) {
  const { type } = table;
  const comparisons: Methods<T["comparisons"], Binary> = each(table.comparisons, (opcode): Binary => {
    return function (this: Named, a, b) {
      return this.to.instruction(opcode, I32, [a, b]);
    };
  });
  const binary: Methods<T["binary"], Binary> = each(table.binary, (opcode): Binary => {
    return function (this: Named, a, b) {
      return this.to.instruction(opcode, type, [a, b]);
    };
  });
  const unary: Methods<T["unary"], Unary> = each(table.unary, (opcode): Unary => {
    return function (this: Named, a) {
      return this.to.instruction(opcode, type, [a]);
    };
  });
  const loads: Methods<T["loads"], Load> = each(table.loads, (opcode): Load => {
    return function (this: Named, offset, align, pointer) {
      return this.to.instruction(opcode, type, [pointer], [Math.log2(align), offset]);
    };
  });
  const stores: Methods<T["stores"], Store> = each(table.stores, (opcode): Store => {
    return function (this: Named, offset, align, pointer, value) {
      return this.to.instruction(opcode, none, [pointer, value], [Math.log2(align), offset]);
    };
  });
  const eqz: Unary = function (this: Named, a) {
    return this.to.instruction(table.eqz, I32, [a]);
  };
  return { ...comparisons, ...binary, ...unary, ...loads, ...stores, eqz };
}

function atomicAccesses<T extends Table>(table: T) {
  const loads: Methods<T["atomicLoads"], AtomicLoad> = each(table.atomicLoads, ([opcode, align]): AtomicLoad => {
    return function (this: Named, offset, pointer) {
      return this.to.instruction(ATOMIC | opcode, table.type, [pointer], [align, offset]);
    };
  });
  const stores: Methods<T["atomicStores"], AtomicStore> = each(table.atomicStores, ([opcode, align]): AtomicStore => {
    return function (this: Named, offset, pointer, value) {
      return this.to.instruction(ATOMIC | opcode, none, [pointer, value], [align, offset]);
    };
  });
  return { ...loads, ...stores };
}

/** The read-modify-write operations of a size: its place among an operation's opcodes, and its bytes as a power of two. */
function updatesOf(type: WasmType, place: number, align: number) {
  const operations = each(updates, (first): AtomicStore => {
    return function (this: Named, offset, pointer, value) {
      return this.to.instruction(ATOMIC | (first + place), type, [pointer, value], [align, offset]);
    };
  });
  const cmpxchg: CompareExchange = function (this: Named, offset, pointer, old, value) {
    return this.to.instruction(ATOMIC | (COMPARE_EXCHANGE + place), type, [pointer, old, value], [align, offset]);
  };
  return { ...operations, cmpxchg };
}

// Made once: a region is a module of its own, and there are hundreds.
const methods = {
  i32: {
    ...plain(i32),
    /** Of the number's low 32 bits. */
    const(this: Named, value: number): Expression {
      return this.to.i32(value);
    },
  },
  i64: {
    ...plain(i64),
    /** Of the number's low 64 bits. */
    const(this: Named, value: bigint): Expression {
      return this.to.i64(value);
    },
  },
  i32Atomic: atomicAccesses(i32),
  i64Atomic: atomicAccesses(i64),
  fence: {
    fence(this: Named): Expression {
      return this.to.instruction(FENCE, none, [], [0]);
    },
  },
  updates: updatesOf(I32, 0, 2),
  updates8: updatesOf(I32, 2, 0),
  updates16: updatesOf(I32, 3, 1),
  updates64: updatesOf(I64, 1, 3),
};

function sentTo<T extends object>(to: Instructions, prototype: T): T & Named {
  return Object.assign(Object.create(prototype) as T, { to });
}

/** Those whose names begin with i32, i64 and atomic. */
export function instructions(to: Instructions) {
  const rmw = {
    rmw: sentTo(to, methods.updates),
    rmw8_u: sentTo(to, methods.updates8),
    rmw16_u: sentTo(to, methods.updates16),
  };
  return {
    i32: Object.assign(sentTo(to, methods.i32), { atomic: Object.assign(sentTo(to, methods.i32Atomic), rmw) }),
    i64: Object.assign(sentTo(to, methods.i64), {
      atomic: Object.assign(sentTo(to, methods.i64Atomic), { rmw: sentTo(to, methods.updates64) }),
    }),
    atomic: sentTo(to, methods.fence),
  };
}
