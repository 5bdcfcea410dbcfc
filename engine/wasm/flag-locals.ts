/**
 * How a region keeps NZCV where blocks meet: as the kind of the last flag-setting instruction and its two
 * operands, each in a local. The flags are computed from them (nzcv() in the interpreter's module) only when
 * somebody asks, which most often is nobody.
 */
import type { Width } from "../a64/ops.js";
import type { FlagSource } from "./value.js";

/** `a` is NZCV itself. */
export const FLAGS_KNOWN = 0;

/** The other kinds; for "logical" `a` is the result. */
export const flagKinds: readonly {
  readonly number: number;
  readonly operation: "add" | "sub" | "logical";
  readonly width: Width;
}[] = [
  { number: 1, operation: "sub", width: 64 },
  { number: 2, operation: "sub", width: 32 },
  { number: 3, operation: "logical", width: 64 },
  { number: 4, operation: "logical", width: 32 },
  { number: 5, operation: "add", width: 64 },
  { number: 6, operation: "add", width: 32 },
];

/** The kind's number, or undefined if these flags have to be computed (ADC, SBC). */
export function flagKind({ kind, width }: FlagSource): number | undefined {
  return flagKinds.find((each) => each.operation === kind && each.width === width)?.number;
}

/** The number of the kind that this operation leaves. */
export function kindOf(operation: "add" | "sub" | "logical", width: Width): number {
  return flagKinds.find((each) => each.operation === operation && each.width === width)?.number ?? FLAGS_KNOWN;
}
