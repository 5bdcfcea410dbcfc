/**
 * How regions call one another. A region's module has two functions: `region` is called as a handler is, with everything in the core's
 * block; `called` is the region itself, and what a BL of its head calls. That one is given in machine registers what a call always
 * has: the fuel that is left, leeway included, the thread's stack that is taken, X30, X0 and SP; and gives back the fuel and X0.
 *
 * It has come back to the address that X30 had if it gives a fuel that is not negative: X30 is that address again, SP is what it was, and all other
 * registers are in the core's block. Otherwise everything is there, FUEL included, and its second result is the next PC.
 */
import * as layout from "../../assembly/layout.js";
import { type Type, typeOf } from "../wasm/module.js";
import { LINK_REGISTER } from "./flow.js";
import { type Registers, registerSet, SP_REGISTER, union } from "./registers.js";

/** Places of the parameters. */
export const FUEL_PARAMETER = 0;
/** Bytes of the thread's stack that those have taken which lead here; in its lowest bits the place of the entry in the plan. */
export const STACK_PARAMETER = 1;
export const LINK_PARAMETER = 2;
export const X0_PARAMETER = 3;
/** SP at the region's head; entered elsewhere it is given what SP would have been there, as far as that is known (NodeRegisters.depth). */
export const SP_PARAMETER = 4;

export const calledTypes: readonly Type[] = ["i64", "i32", "i64", "i64", "i64"];
export const calledParameters = calledTypes.map(typeOf);
export const calledResults = [typeOf("i64"), typeOf("i64")];

/** What it gives as fuel where it comes to another address, and where it has not begun: the next PC is its own then. */
export const LEFT = -1n;
export const DECLINED = -2n;

export const RESULT_REGISTER = 0;
export const resultOnly: Registers = registerSet(RESULT_REGISTER);
export const stackPointerOnly: Registers = registerSet(SP_REGISTER);
/** Registers that a call carries by its parameters: newer there than in the core's block. */
export const carried: Registers = union(union(resultOnly, registerSet(LINK_REGISTER)), stackPointerOnly);

/** A function's stack is counted in multiples of this, so that there is room for the entry. */
export const STACK_UNIT = layout.REGION_STACK_UNIT;

/** Bytes that V8's baseline compiler takes on the stack for both functions, and for what goes from region to region, besides locals: an estimate. */
const FRAME_OVERHEAD = 256;

/** The stack that a region with so many locals is reckoned to take. */
export function frameBytes(locals: number): number {
  return Math.ceil((FRAME_OVERHEAD + 8 * locals) / STACK_UNIT) * STACK_UNIT;
}
