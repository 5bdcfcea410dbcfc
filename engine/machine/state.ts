/** A core's block in the shared memory, through views that are made once: registers, PSTATE, counters. */
import * as layout from "../../assembly/layout.js";

const WORD = 2 ** 32;

export class CoreState {
  /** Address of the block. */
  readonly block: number;
  readonly view: DataView;
  /** The block as 64-bit and 32-bit words. */
  readonly words64: BigUint64Array;
  readonly words32: Uint32Array;
  readonly signed32: Int32Array;

  constructor(
    memory: WebAssembly.Memory,
    readonly index: number,
  ) {
    this.block = layout.CORES + index * layout.CORE_SIZE;
    this.view = new DataView(memory.buffer);
    this.words64 = new BigUint64Array(memory.buffer, this.block, layout.CORE_SIZE / 8);
    this.words32 = new Uint32Array(memory.buffer, this.block, layout.CORE_SIZE / 4);
    this.signed32 = new Int32Array(memory.buffer, this.block, layout.CORE_SIZE / 4);
  }

  get64(field: number): bigint {
    return this.words64[field / 8] as bigint;
  }

  set64(field: number, value: bigint): void {
    this.words64[field / 8] = value;
  }

  get32(field: number): number {
    return this.words32[field / 4] as number;
  }

  set32(field: number, value: number): void {
    this.words32[field / 4] = value;
  }

  /** A counter, or any 64-bit integer of less than 2^53 in size. */
  getNumber(field: number): number {
    return (this.words32[field / 4] as number) + (this.signed32[field / 4 + 1] as number) * WORD;
  }

  /** Lets threads look at their cores that have nothing to do but wait for an event. */
  wake(): void {
    const control = new Int32Array(this.view.buffer, 0, layout.WINDOWS / 4);
    Atomics.add(control, layout.WAKE / 4, 1);
    Atomics.notify(control, layout.WAKE / 4);
  }

  /** Instructions executed, those of the slice that is under way included. */
  get instructions(): number {
    return this.getNumber(layout.INSTRUCTIONS) + this.getNumber(layout.GRANTED) - this.getNumber(layout.FUEL);
  }

  /** Gives the next slice its fuel. */
  grant(fuel: number): void {
    this.setNumber(layout.GRANTED, fuel);
    this.setNumber(layout.FUEL, fuel);
  }

  /** Counts what was executed of the fuel that was granted, and gives it. */
  settle(): number {
    const left = this.getNumber(layout.FUEL);
    const used = this.getNumber(layout.GRANTED) - left;
    this.setNumber(layout.INSTRUCTIONS, this.getNumber(layout.INSTRUCTIONS) + used);
    this.setNumber(layout.GRANTED, left);
    return used;
  }

  /** Goes back to a slice that was settled in its midst, and whose fuel stands in FUEL again. */
  regrant(granted: number): void {
    const used = granted - this.getNumber(layout.FUEL);
    this.setNumber(layout.INSTRUCTIONS, this.getNumber(layout.INSTRUCTIONS) - used);
    this.setNumber(layout.GRANTED, granted);
  }

  /** A counter of layout.ts with what regions have counted for it since the slice began. */
  count(field: number): number {
    const packed = packedCounts.get(field);
    return this.getNumber(field) + (packed === undefined ? 0 : (this.words32[packed / 4] as number));
  }

  /** A safe integer as 64 bits, negative ones in two's complement. */
  setNumber(field: number, value: number): void {
    this.signed32[field / 4] = value;
    this.signed32[field / 4 + 1] = Math.floor(value / WORD);
  }
}

/** Where compiled regions count, by counter. */
const packedCounts: ReadonlyMap<number, number> = new Map([
  [layout.COUNT_READS, layout.PACKED_ACCESSES],
  [layout.COUNT_WRITES, layout.PACKED_ACCESSES + 4],
  [layout.COUNT_BRANCH_DIRECT, layout.PACKED_JUMPS],
  [layout.COUNT_BRANCH_CONDITIONAL, layout.PACKED_JUMPS + 4],
  [layout.COUNT_BRANCH_CALL, layout.PACKED_CALLS],
  [layout.COUNT_BRANCH_RETURN, layout.PACKED_CALLS + 4],
  [layout.COUNT_BRANCH_INDIRECT, layout.PACKED_INDIRECT],
  [layout.COUNT_BRANCH_INDIRECT_CALL, layout.PACKED_INDIRECT + 4],
]);

/** Registers and PSTATE, the exception being raised, and what the slice may execute: what a call within a call must leave as it was. */
const contextParts = [
  [layout.X, layout.FUEL + 8],
  [layout.REGION_STACK, layout.REGION_STACK + 4],
  [layout.MORE_FUEL, layout.MORE_FUEL + 4],
  [layout.LEEWAY, layout.LEEWAY + 8],
  [layout.EL, layout.TPIDR_EL0],
  [layout.EXCEPTION, layout.SP_CHECKS],
] as const;

export function saveContext(state: CoreState): readonly Uint32Array[] {
  return contextParts.map(([from, to]) => state.words32.slice(from / 4, to / 4));
}

export function restoreContext(state: CoreState, saved: readonly Uint32Array[]): void {
  contextParts.forEach(([from], part) => state.words32.set(saved[part] as Uint32Array, from / 4));
  // The call may have stored to the marked location: a monitor may always be lost.
  state.set64(layout.MONITOR_ADDRESS, 0n);
}
