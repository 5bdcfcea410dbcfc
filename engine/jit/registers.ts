/** Sets of guest registers: X0-X30, SP and the flags. */

/** Bits 0 to 30 are X0 to X30, bit 31 is SP, bit 32 is PSTATE.NZCV. */
export type Registers = bigint;

/** Register 31 as SP; X0-X30 are 0 to 30. */
export const SP_REGISTER = 31;

export const noRegisters: Registers = 0n;
export const flagsOnly: Registers = 1n << 32n;

const SINGLE: readonly Registers[] = Array.from({ length: SP_REGISTER + 1 }, (_, n) => 1n << BigInt(n));

/** X0 to X30, or 31 for SP, alone. */
export function registerSet(n: number): Registers {
  return SINGLE[n] as Registers;
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
  return (set & registerSet(n)) !== noRegisters;
}

export function hasFlags(set: Registers): boolean {
  return (set & flagsOnly) !== 0n;
}

/** The registers of the set, without the flags, in ascending order. */
export function members(set: Registers): readonly number[] {
  const found: number[] = [];
  let rest = Number(BigInt.asUintN(SP_REGISTER + 1, set));
  for (let n = 0; rest !== 0; n++) {
    if ((rest & 1) !== 0) found.push(n);
    rest >>>= 1;
  }
  return found;
}
