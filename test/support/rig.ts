/** A machine whose core is set up, run and compared field by field: what tests of the engine's insides work with. */
import type { BranchCounts, MachineOptions, WindowSpec } from "cmodx/engine";
import { Machine } from "cmodx/engine";
import * as layout from "#assembly/layout.js";
import type { RegionCache } from "#engine/jit/index.js";
import type { MachineInternals } from "#engine/machine/machine.js";
import type { CoreState } from "#engine/machine/state.js";

/** Words of the core's block that hold architectural state and the exception being raised. */
export const STATE_WORDS = layout.STATE_BYTES / 4;

/** What was counted, wherever it was counted. */
export interface Counts extends BranchCounts {
  readonly reads: number;
  readonly writes: number;
  readonly exceptions: number;
}

export class Rig {
  readonly internals: MachineInternals;
  readonly state: CoreState;
  /** Memory and points of unification of every window, once each. */
  readonly ranges: readonly { readonly name: string; readonly host: number; readonly bytes: Buffer }[];

  private constructor(readonly machine: Machine) {
    this.internals = machine.internals;
    this.state = machine.internals.states[0] as CoreState;
    const { memory, map } = this.internals;
    this.ranges = map.windows
      .filter((window) => window.spec.alias === undefined)
      .flatMap(({ spec, host, unification, size }) => [
        { name: spec.name, host, bytes: Buffer.from(memory.buffer, host, size) },
        ...(unification === 0 || unification === host
          ? []
          : [
              {
                name: `${spec.name} (point of unification)`,
                host: unification,
                bytes: Buffer.from(memory.buffer, unification, size),
              },
            ]),
      ]);
  }

  static async create(options: MachineOptions): Promise<Rig> {
    return new Rig(await Machine.create(options));
  }

  get regions(): RegionCache {
    const { regions } = this.internals;
    if (regions === undefined) throw new Error("this machine has no JIT");
    return regions;
  }

  dispose(): void {
    this.machine.dispose();
  }

  /** Puts words into memory and makes them executable. */
  place(address: bigint, words: readonly number[]): void {
    words.forEach((word, i) => this.machine.writeU32(address + BigInt(4 * i), word));
    this.machine.cleanAndInvalidate(address, 4 * words.length);
  }

  /** Runs from the PC for at most `fuel` instructions; gives STOP_*. */
  run(fuel: number): number {
    this.state.setNumber(layout.FUEL, fuel);
    return this.internals.exports.run(this.state.block);
  }

  forceCompile(pc: bigint): boolean {
    return this.regions.forceCompile(pc);
  }

  /** Whether the instruction cache leads to a compiled region there. */
  isCompiled(pc: bigint): boolean {
    const slot = this.internals.exports.slotAddress(this.state.block, pc);
    return slot !== 0 && (this.state.view.getUint32(slot + 4, true) & layout.HANDLER_MASK) >= layout.FIRST_REGION;
  }

  counts(): Counts {
    const { branches, dataReads: reads, dataWrites: writes, exceptions } = this.machine.stats();
    return { reads, writes, exceptions, ...branches };
  }

  /** Copies registers, PSTATE, system registers and the monitor from a snapshot. */
  restore(snapshot: Uint32Array): void {
    this.state.words32.set(snapshot);
  }

  snapshot(): Uint32Array {
    return this.state.words32.slice(0, STATE_WORDS);
  }
}

/** Whether two cores are in the same state. */
export function sameState(a: Rig, b: Rig): boolean {
  const x = a.state.words32;
  const y = b.state.words32;
  for (let i = 0; i < STATE_WORDS; i++) if (x[i] !== y[i]) return false;
  return true;
}

/** Where the memories of two machines with the same windows differ, by window; empty if they agree. */
export function differingMemory(a: Rig, b: Rig): string[] {
  const found: string[] = [];
  a.ranges.forEach(({ name, bytes }, i) => {
    const other = b.ranges[i]?.bytes as Buffer;
    if (bytes.compare(other) === 0) return;
    const at = bytes.findIndex((byte, offset) => byte !== other[offset]) & ~7;
    const hex = (buffer: Buffer): string => buffer.subarray(at, at + 24).toString("hex");
    found.push(`${name}+0x${at.toString(16)}: ${hex(bytes)} / ${hex(other)}`);
  });
  return found;
}

interface NamedField {
  readonly name: string;
  readonly offset: number;
  readonly bytes: 4 | 8;
}

const field = (name: string, offset: number, bytes: 4 | 8): NamedField => ({ name, offset, bytes });

const fields: readonly NamedField[] = [
  ...Array.from({ length: 31 }, (_, n) => field(`x${n}`, layout.X + 8 * n, 8)),
  field("zr", layout.ZR, 8),
  field("sp", layout.SP, 8),
  field("pc", layout.PC, 8),
  field("nzcv", layout.NZCV, 4),
  field("btype", layout.BTYPE, 4),
  field("fuel", layout.FUEL, 8),
  field("el", layout.EL, 4),
  field("spsel", layout.SPSEL, 4),
  field("daif", layout.DAIF, 4),
  field("sp_banked", layout.SP_BANKED, 8),
  field("tpidr_el0", layout.TPIDR_EL0, 8),
  field("tpidrro_el0", layout.TPIDRRO_EL0, 8),
  field("tpidr_el1", layout.TPIDR_EL1, 8),
  field("mpidr_el1", layout.MPIDR_EL1, 8),
  field("vbar_el1", layout.VBAR_EL1, 8),
  field("vbar_set", layout.VBAR_SET, 4),
  field("event", layout.EVENT, 4),
  field("elr_el1", layout.ELR_EL1, 8),
  field("spsr_el1", layout.SPSR_EL1, 8),
  field("esr_el1", layout.ESR_EL1, 8),
  field("far_el1", layout.FAR_EL1, 8),
  field("monitor_address", layout.MONITOR_ADDRESS, 4),
  field("monitor_bytes", layout.MONITOR_BYTES, 4),
  field("monitor_value", layout.MONITOR_VALUE, 8),
  field("monitor_high", layout.MONITOR_VALUE_HIGH, 8),
  field("exception", layout.EXCEPTION, 4),
  field("exception_access", layout.EXCEPTION_ACCESS, 4),
  field("exception_elr", layout.EXCEPTION_ELR, 8),
  field("exception_far", layout.EXCEPTION_FAR, 8),
  field("exception_esr", layout.EXCEPTION_ESR, 4),
  field("pstate_bits", layout.PSTATE_BITS, 4),
  field("sp_checks", layout.SP_CHECKS, 4),
  field("exception_word", layout.EXCEPTION_WORD, 4),
];

function readField({ offset, bytes }: NamedField, snapshot: Uint32Array): bigint {
  const low = BigInt(snapshot[offset / 4] as number);
  return bytes === 4 ? low : (BigInt(snapshot[offset / 4 + 1] as number) << 32n) | low;
}

/** A table of states side by side; a row whose states after differ is marked. The first one is the state before. */
export function describeStates(names: readonly string[], snapshots: readonly Uint32Array[]): string {
  const lines = [["", "", ...names]];
  for (const item of fields) {
    const values = snapshots.map((snapshot) => readField(item, snapshot));
    const differs = values[values.length - 1] !== values[values.length - 2];
    if (values.every((value) => value === 0n)) continue;
    lines.push([differs ? ">>" : "", item.name, ...values.map((value) => value.toString(16))]);
  }
  return lines
    .map(
      ([mark = "", name = "", ...values]) =>
        `${mark.padEnd(3)}${name.padEnd(17)}${values.map((text) => text.padStart(18)).join("")}`,
    )
    .join("\n");
}

/** A window by its name. */
export function windowNamed(windows: readonly WindowSpec[], name: string): WindowSpec {
  const found = windows.find((window) => window.name === name);
  if (found === undefined) throw new Error(`no window '${name}'`);
  return found;
}
