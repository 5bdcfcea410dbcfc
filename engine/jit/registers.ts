/** Sets of guest registers: X0-X30, SP and the flags. */

/** Bits 0 to 30 are X0 to X30, bit 31 is SP, bit 32 is PSTATE.NZCV. */
export type Registers = bigint;

/** Register 31 as SP; X0-X30 are 0 to 30. */
export const SP_REGISTER = 31;

export const noRegisters: Registers = 0n;
export const flagsOnly: Registers = 1n << 32n;

/** X0 to X30, or 31 for SP, alone. */
export function registerSet(n: number): Registers {
  return 1n << BigInt(n);
}

export function union(a: Registers, b: Registers): Registers {
  return a | b;
}

export function both(a: Registers, b: Registers): Registers {
  return a & b;
}

/** Those of `a` that are not in `b`. */
export function without(a: Registers, b: Registers): Registers {
  return a & ~b;
}

export function has(set: Registers, n: number): boolean {
  return ((set >> BigInt(n)) & 1n) !== 0n;
}

export function hasFlags(set: Registers): boolean {
  return (set & flagsOnly) !== 0n;
}

/** The registers of the set, without the flags, in ascending order. */
export function* members(set: Registers): Generator<number> {
  for (let n = 0; n < 32; n++) if (has(set, n)) yield n;
}
