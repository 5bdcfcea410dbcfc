/** The half of the vocabulary that reads and writes registers and memory: it makes the events of accesses. */
import type { AccessKind, AtomicOp, Bytes, KnownField, Order, Width } from "../../engine/index.js";
import { arithmetic as bits } from "../../engine/index.js";
import { Arithmetic } from "./arithmetic.js";
import { ModelError } from "./errors.js";
import { RaisedException, type ReadEvent, type ThreadEvent } from "./events.js";
import { piece } from "./memory.js";
import type { Choices, ThreadState } from "./thread.js";
import { combine, constant, type Dependencies, independent, merge, type Value } from "./value.js";

/** An address that has been checked. */
export interface Access {
  readonly address: Value;
}

interface ReadOptions {
  readonly order: Order;
  readonly noReturn?: boolean;
}

/** What the machine has that all its threads share. */
export interface ModelMachine {
  /** CTR_EL0. */
  readonly cacheType: bigint;
  readonly handler: bigint | undefined;
  /** Misaligned accesses that stay in a line of this size are single-copy atomic; 0: none are. */
  readonly atomicWithin: number;
}

type EventOf<T> = T extends ThreadEvent ? Omit<T, "id" | "instruction" | "pc"> : never;

function atomicResult(op: AtomicOp, width: number, old: bigint, operand: bigint): bigint {
  const by = bits.unsigned(width, operand);
  const [a, b] = [bits.signed(width, old), bits.signed(width, operand)];
  const results: Record<AtomicOp, bigint> = {
    ADD: old + by,
    CLR: old & ~by,
    EOR: old ^ by,
    SET: old | by,
    SMAX: a > b ? a : b,
    SMIN: a < b ? a : b,
    UMAX: old > by ? old : by,
    UMIN: old < by ? old : by,
    SWP: by,
  };
  return bits.unsigned(width, results[op]);
}

/** Two doublewords as one value of 128 bits, the first in the low half; and back. */
function joined([low, high]: readonly [Value, Value]): Value {
  return combine(low.bits | (high.bits << 64n), low, high);
}

function halves(both: Value): readonly [Value, Value] {
  return [combine(bits.unsigned(64, both.bits), both), combine(both.bits >> 64n, both)];
}

function acquires(order: Order): "A" | "Q" | undefined {
  if (order === "acquirePC") return "Q";
  return order === "acquire" || order === "acquireRelease" ? "A" : undefined;
}

function releases(order: Order): boolean {
  return order === "release" || order === "acquireRelease";
}

export class AccessOps extends Arithmetic {
  /** Where the next instruction stands, once this one is done. */
  next: bigint;
  readonly #atomicReads: ReadEvent[] = [];

  constructor(
    readonly state: ThreadState,
    readonly choices: Choices,
    readonly machine: ModelMachine,
  ) {
    super();
    this.next = state.pc + 4n;
  }

  emit<E extends ThreadEvent>(event: EventOf<E>): E {
    const { events, instructions, pc } = this.state;
    const whole = { ...event, id: events.length, instruction: instructions, pc } as unknown as E;
    events.push(whole);
    return whole;
  }

  // ---- registers -----------------------------------------------------------------------------
  X(n: KnownField | number, width: Width): Value {
    const number = typeof n === "number" ? n : n.value;
    return number === 31 ? constant(0n) : this.#register(number, width);
  }
  XSP(n: KnownField | number, width: Width): Value {
    return this.#register(typeof n === "number" ? n : n.value, width);
  }
  #register(n: number, width: Width): Value {
    const value = this.state.registers[n] as Value;
    return width === 64 ? value : { ...value, bits: bits.unsigned(32, value.bits) };
  }
  setX(d: KnownField | number, width: Width, value: Value): void {
    if ((typeof d === "number" ? d : d.value) !== 31) this.setXSP(d, width, value);
  }
  setXSP(d: KnownField | number, width: Width, value: Value): void {
    for (const read of this.#atomicReads) {
      if ((value.picked >> BigInt(read.id)) & 1n) read.noReturn = false;
    }
    this.state.registers[typeof d === "number" ? d : d.value] = { ...value, bits: bits.unsigned(width, value.bits) };
  }
  PC(): Value {
    return constant(this.state.pc);
  }
  NZCV(): Value {
    return this.state.nzcv;
  }
  setNZCV(nzcv: Value): void {
    this.state.nzcv = { ...nzcv, bits: nzcv.bits & 15n };
  }
  conditionHolds(cond: KnownField | number): Value {
    const holds = bits.conditionHolds(typeof cond === "number" ? cond : cond.value, Number(this.state.nzcv.bits));
    return combine(holds ? 1n : 0n, this.state.nzcv);
  }

  // ---- memory --------------------------------------------------------------------------------
  /** SCTLR_EL1.SA is zero here. */
  base(n: KnownField): Value {
    return this.XSP(n, 64);
  }
  access(address: Value, bytes: Bytes, kind: AccessKind, aligned = false): Access {
    const { memory } = this.state;
    if (aligned && address.bits % BigInt(bytes) !== 0n) throw new RaisedException("alignment", address.bits);
    if (!memory.mapped(address.bits, bytes)) throw new RaisedException("translation", address.bits);
    if (kind !== "read" && !memory.writable(address.bits, bytes)) throw new RaisedException("permission", address.bits);
    return { address };
  }
  load(access: Access, offset: 0 | 4 | 8, bytes: 1 | 2 | 4 | 8, order: Order = "plain"): Value {
    const at = access.address.bits + BigInt(offset);
    if (this.#isSingle(at, bytes)) return this.#read(access.address, at, bytes, { order }).value;
    let whole = constant(0n);
    for (let index = 0; index < bytes; index++) {
      const { value } = this.#read(access.address, at + BigInt(index), 1, { order });
      whole = combine(whole.bits | (value.bits << BigInt(8 * index)), whole, value);
    }
    return whole;
  }
  store(access: Access, offset: 0 | 4 | 8, bytes: 1 | 2 | 4 | 8, value: Value, order: Order = "plain"): void {
    const at = access.address.bits + BigInt(offset);
    if (this.#isSingle(at, bytes)) {
      this.#write(access.address, at, bytes, value, order);
      return;
    }
    for (let index = 0; index < bytes; index++) {
      this.#write(access.address, at + BigInt(index), 1, combine(value.bits >> BigInt(8 * index), value), order);
    }
  }
  /** Whether an access is single-copy atomic. */
  #isSingle(at: bigint, bytes: number): boolean {
    const line = BigInt(this.machine.atomicWithin);
    return at % BigInt(bytes) === 0n || (line > 0n && (at % line) + BigInt(bytes) <= line);
  }
  loadExclusive(access: Access, bytes: Bytes, order: Order): Value {
    const { event, value } = this.#read(access.address, access.address.bits, bytes, { order });
    this.state.monitor = { read: event.id, address: event.address, bytes };
    return value;
  }
  storeExclusive(access: Access, bytes: Bytes, value: Value, order: Order): Value {
    const monitor = this.state.monitor;
    this.state.monitor = undefined;
    this.state.decided |= access.address.picked;
    const paired = monitor?.address === access.address.bits && monitor.bytes === bytes;
    if (!paired || this.choices.choose(2) === 1) return constant(1n);
    this.#write(access.address, access.address.bits, bytes, value, order, { pairedRead: monitor.read });
    return constant(0n);
  }
  loadExclusivePair(access: Access, order: Order): readonly [Value, Value] {
    // Arm ARM B2.2.1: the halves are single-copy atomic each, and together only if the store-exclusive succeeds.
    if (this.choices.choose(2) === 0) return halves(this.loadExclusive(access, 16, order));
    this.state.monitor = undefined;
    const half = (offset: bigint): Value =>
      this.#read(access.address, access.address.bits + offset, 8, { order }).value;
    return [half(0n), half(8n)];
  }
  storeExclusivePair(access: Access, value: readonly [Value, Value], order: Order): Value {
    return this.storeExclusive(access, 16, joined(value), order);
  }
  clearExclusive(): void {
    this.state.monitor = undefined;
  }
  atomic(op: AtomicOp, access: Access, bytes: 1 | 2 | 4 | 8, operand: Value, order: Order): Value {
    const { event, value } = this.#read(access.address, access.address.bits, bytes, { order, noReturn: true });
    const written = combine(atomicResult(op, 8 * bytes, value.bits, operand.bits), operand);
    this.#write(access.address, access.address.bits, bytes, written, order, {
      pairedRead: event.id,
      atomic: true,
      // SWP writes its operand, the others what they compute from the old value.
      carries: op === "SWP" ? independent : value,
    });
    return value;
  }
  compareAndSwap(access: Access, bytes: Bytes, expected: Value, value: Value, order: Order): Value {
    const { event, value: old } = this.#read(access.address, access.address.bits, bytes, { order, noReturn: true });
    this.state.decided |= expected.picked | old.picked;
    if (old.bits !== bits.unsigned(8 * bytes, expected.bits)) return old;
    const compared: Dependencies = { from: 0n, picked: expected.picked | old.picked };
    const written = { ...value, picked: value.picked | expected.picked };
    this.#write(access.address, access.address.bits, bytes, written, order, {
      pairedRead: event.id,
      atomic: true,
      carries: compared,
    });
    return this.#kept(old, expected);
  }

  /**
   * Where the value comes from that CAS leaves in its register when it has compared equal: always from memory, or only
   * if it differs, so that what was expected stays. Implementations do either, and the dependencies differ.
   */
  #kept(old: Value, expected: Value): Value {
    const expectedStays = { bits: old.bits, from: expected.from, picked: expected.picked | old.picked };
    return expected.picked === 0n || this.choices.choose(2) === 1 ? expectedStays : old;
  }
  compareAndSwapPair(
    access: Access,
    expected: readonly [Value, Value],
    value: readonly [Value, Value],
    order: Order,
  ): readonly [Value, Value] {
    return halves(this.compareAndSwap(access, 16, joined(expected), joined(value), order));
  }

  #read(base: Value, address: bigint, bytes: number, options: ReadOptions): { event: ReadEvent; value: Value } {
    const { state } = this;
    state.memory.noteAccess(address, bytes);
    let found = 0n;
    let depth = 0;
    let carried: Dependencies = independent;
    for (const cell of state.memory.cells(address, bytes)) {
      const own = state.lastWrite(cell.address, cell.bytes);
      const candidates = state.memory.writtenByOthers(state.thread, cell);
      const kept =
        own === undefined
          ? state.memory.initial(cell.address, cell.bytes)
          : piece(own.value, own.address, cell.address, cell.bytes);
      candidates.set(kept, Math.min(own?.depth ?? 0, candidates.get(kept) ?? own?.depth ?? 0));
      const [value, stores] = this.choices.among(candidates);
      found |= value << (8n * (cell.address - address));
      depth = Math.max(depth, stores);
      if (own !== undefined) carried = merge(carried, own.carries);
    }
    const event = this.emit<ReadEvent>({
      kind: "read",
      address,
      bytes,
      value: found,
      depth,
      addressOf: base,
      control: state.control,
      acquire: acquires(options.order),
      noReturn: options.noReturn === true,
    });
    if (event.noReturn) this.#atomicReads.push(event);
    const self = 1n << BigInt(event.id);
    return { event, value: { bits: found, from: carried.from | self, picked: carried.picked | self } };
  }

  #write(
    base: Value,
    address: bigint,
    bytes: number,
    value: Value,
    order: Order,
    paired: { pairedRead?: number; atomic?: boolean; carries?: Dependencies } = {},
  ): void {
    const { state } = this;
    const written = bits.unsigned(8 * bytes, value.bits);
    state.progress();
    const reads = base.picked | value.picked | state.control.picked | state.decided;
    const depth = 1 + state.depthOf(reads);
    state.memory.noteWrite(state.thread, address, bytes, written, depth);
    this.emit({
      kind: "write",
      address,
      bytes,
      value: written,
      depth,
      addressOf: base,
      control: state.control,
      release: releases(order),
      data: value,
      carries: merge(merge(base, value), paired.carries ?? independent),
      pairedRead: paired.pairedRead,
      atomic: paired.atomic === true,
    });
  }

  unsupported(what: string): ModelError {
    const at = this.state.pc;
    return new ModelError("unsupported", `the model has no meaning for ${what} at 0x${at.toString(16)}`, at);
  }
}
