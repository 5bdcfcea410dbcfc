/** Functions of the Arm ARM's pseudocode that rows of several groups call, over any backend. */
import type { Ops, Width } from "../ops.js";

/** The two halves of most arithmetic families, in the order of the bit `op` that chooses between them. */
export const addSubtract = [
  { name: "ADD", op: "0" },
  { name: "SUB", op: "1" },
] as const;

export type AddSubtract = (typeof addSubtract)[number]["name"];

/** `x + y` or `x - y` where the flags are not wanted. */
export function sum<V, F, A>(o: Ops<V, F, A>, name: AddSubtract, width: Width, x: V, y: V): V {
  return name === "ADD" ? o.add(width, x, y) : o.sub(width, x, y);
}

/** `x + y` or `x - y` with its flags. */
export function sumWithFlags<V, F, A>(
  o: Ops<V, F, A>, name: AddSubtract, width: Width, x: V, y: V,
): readonly [result: V, nzcv: V] {
  return name === "ADD"
    ? o.AddWithCarry(width, x, y, o.constant(0))
    : o.AddWithCarry(width, x, o.not(width, y), o.constant(1));
}

/** ShiftReg: X[m] shifted by `amount`; `type` is DecodeShift's two bits. */
export function ShiftReg<V, F, A>(o: Ops<V, F, A>, m: F, type: number, amount: F, width: Width): V {
  const value = o.X(m, width);
  switch (type) {
    case 0:
      return o.lsl(width, value, o.UInt(amount));
    case 1:
      return o.lsr(width, value, o.UInt(amount));
    case 2:
      return o.asr(width, value, o.UInt(amount));
    default:
      return o.ror(width, value, o.UInt(amount));
  }
}

/** ExtendReg: the low byte, halfword, word or doubleword of X[m], extended and shifted left; `option` is DecodeRegExtend's. */
export function ExtendReg<V, F, A>(o: Ops<V, F, A>, m: F, option: number, amount: F, width: Width): V {
  const signed = option >= 4;
  const from = ([8, 16, 32, 64] as const)[option & 3] ?? 64;
  let value = o.X(m, from === 64 ? width : 32);
  if (signed && from < width) value = o.signExtend(width, from, value);
  else if (from < 32) value = o.zeroExtend(from, value);
  return o.lsl(width, value, o.UInt(amount));
}
