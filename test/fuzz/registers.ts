/** The registers that oracles are given and asked for, and where this machine keeps them. */
import * as layout from "#assembly/layout.js";
import { type SystemRegisterEntry, systemRegisters } from "#engine/a64/system-registers.js";
import type { CoreState } from "#engine/machine/state.js";

/** Indices of the array of a state: X0 to X30 from 0 on, then these, then the system registers. */
export const SP = 31;
export const NZCV = 32;
const FIRST_SYSTEM = 33;

const fields = {
  TPIDR_EL0: layout.TPIDR_EL0,
  TPIDRRO_EL0: layout.TPIDRRO_EL0,
  TPIDR_EL1: layout.TPIDR_EL1,
  ELR_EL1: layout.ELR_EL1,
  SPSR_EL1: layout.SPSR_EL1,
  ESR_EL1: layout.ESR_EL1,
  FAR_EL1: layout.FAR_EL1,
  VBAR_EL1: layout.VBAR_EL1,
  SP_EL0: layout.SP_BANKED,
} as const;

/** Registers of 64 bits that anything can be written to, less those that Unicorn does not hold. */
const plainFields = ["CONTEXTIDR_EL1", "PAR_EL1", "TTBR0_EL1", "TTBR1_EL1", "MAIR_EL1", "CSSELR_EL1"] as const;

const HALF = 0xffff_ffffn;
/** The bits that these have. */
const heldBits: ReadonlyMap<string, bigint> = new Map([
  ["SPSR_EL1", HALF],
  ["ESR_EL1", HALF],
  ["CONTEXTIDR_EL1", HALF],
  ["VBAR_EL1", ~0x7ffn],
  ["CSSELR_EL1", 0xfn],
]);

interface ComparedRegister extends SystemRegisterEntry {
  /** Offset in a core's block. */
  readonly field: number;
}

function entryOf(name: string): readonly [SystemRegisterEntry, number] {
  const index = systemRegisters.findIndex((register) => register.name === name);
  const entry = systemRegisters[index];
  if (entry === undefined) throw new Error(`no system register ${name}`);
  return [entry, index];
}

export const comparedSystemRegisters: readonly ComparedRegister[] = [
  ...Object.entries(fields).map(([name, field]) => ({ ...entryOf(name)[0], field })),
  ...plainFields.map((name) => {
    const [entry, index] = entryOf(name);
    return { ...entry, field: layout.SYSTEM_FIELDS + 8 * (index - layout.SYSREG_FIRST_FIELD) };
  }),
];

/** Registers of a state. */
export const REGISTERS = FIRST_SYSTEM + comparedSystemRegisters.length;

export function registerName(n: number): string {
  if (n >= FIRST_SYSTEM) return (comparedSystemRegisters[n - FIRST_SYSTEM]?.name ?? "").toLowerCase();
  return n === SP ? "sp" : n === NZCV ? "nzcv" : `x${n}`;
}

/** What of a value a register can hold. */
export function heldBy(n: number, value: bigint): bigint {
  return value & (heldBits.get(comparedSystemRegisters[n - FIRST_SYSTEM]?.name ?? "") ?? -1n);
}

/** Puts a state's registers into the words of a core's block. */
export function writeRegisters(words64: BigUint64Array, registers: BigUint64Array): void {
  words64.set(registers.subarray(0, SP), layout.X / 8);
  words64[layout.SP / 8] = registers[SP] as bigint;
  const words32 = new Uint32Array(words64.buffer, words64.byteOffset);
  words32[layout.NZCV / 4] = Number((registers[NZCV] as bigint) >> 28n);
  comparedSystemRegisters.forEach(({ field }, i) => {
    words64[field / 8] = registers[FIRST_SYSTEM + i] as bigint;
  });
}

/** And takes them from there. */
export function readRegisters({ words64, words32 }: Pick<CoreState, "words64" | "words32">): BigUint64Array {
  const registers = new BigUint64Array(REGISTERS);
  registers.set(words64.subarray(layout.X / 8, layout.X / 8 + SP));
  registers[SP] = words64[layout.SP / 8] as bigint;
  registers[NZCV] = BigInt(words32[layout.NZCV / 4] as number) << 28n;
  comparedSystemRegisters.forEach(({ field }, i) => {
    registers[FIRST_SYSTEM + i] = words64[field / 8] as bigint;
  });
  return registers;
}
