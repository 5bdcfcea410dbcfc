/** What differs between the interpreter's outcome of a case and an oracle's. */
import * as layout from "#assembly/layout.js";
import { fuzzWindows } from "./layout.js";
import type { Outcome } from "./machines.js";
import { REGISTERS, registerName } from "./registers.js";
import type { OracleResult } from "./unicorn.js";

// uc_err of unicorn.h.
const READ_UNMAPPED = 6;
const WRITE_UNMAPPED = 7;
const FETCH_UNMAPPED = 8;
const INSTRUCTION_INVALID = 10;
const WRITE_PROTECTED = 12;
const READ_PROTECTED = 13;
const FETCH_PROTECTED = 14;
const EXCEPTION = 21;

/** The errors by which Unicorn tells of a fault; it has fewer kinds. */
const errorsOf: ReadonlyMap<number, readonly number[]> = new Map([
  [layout.EXCEPTION_UNDEFINED, [EXCEPTION, INSTRUCTION_INVALID]],
  [layout.EXCEPTION_UDF, [EXCEPTION, INSTRUCTION_INVALID]],
  [layout.EXCEPTION_SVC, [EXCEPTION]],
  [layout.EXCEPTION_SMC, [EXCEPTION]],
  [layout.EXCEPTION_BRK, [EXCEPTION]],
  [layout.EXCEPTION_HLT, [EXCEPTION]],
  [layout.EXCEPTION_FP_ACCESS, [EXCEPTION]],
  // With the MMU off an address of more than 48 bits is an exception of another kind.
  [layout.EXCEPTION_INSTRUCTION_UNMAPPED, [FETCH_UNMAPPED, EXCEPTION]],
  [layout.EXCEPTION_INSTRUCTION_PERMISSION, [FETCH_PROTECTED]],
  [layout.EXCEPTION_DATA_UNMAPPED, [READ_UNMAPPED, WRITE_UNMAPPED, EXCEPTION]],
  [layout.EXCEPTION_DATA_PERMISSION, [WRITE_PROTECTED, READ_PROTECTED]],
]);

/** Empty if both agree: registers, flags, memory, and the fault if there was one. */
export function differences(ours: Outcome, theirs: OracleResult): string[] {
  const found: string[] = [];
  const faults = ours.exception !== 0 && ours.comparable === ours.begun;
  const expected = faults ? (errorsOf.get(ours.exception) ?? []) : noFault(ours);
  if (!expected.includes(theirs.error))
    found.push(`${faults ? `exception ${ours.exception}` : "no fault"}, Unicorn's error ${theirs.error}`);
  if (theirs.begun !== ours.comparable && !isFetch(ours, theirs))
    found.push(`${ours.comparable} instructions, Unicorn ${theirs.begun}`);
  if (ours.hash !== theirs.hash) found.push("memory differs");
  if (ours.pc !== theirs.pc) found.push(`pc ${ours.pc.toString(16)}, Unicorn ${theirs.pc.toString(16)}`);
  for (let n = 0; n < REGISTERS; n++) {
    const [a, b] = [ours.registers[n] as bigint, theirs.registers[n] as bigint];
    if (a !== b) found.push(`${registerName(n)} ${a.toString(16)}, Unicorn ${b.toString(16)}`);
  }
  return found;
}

/** Unicorn looks for the next instruction before it stops: where a branch has left all code, it reports that. */
function noFault({ pc }: Outcome): readonly number[] {
  const isCode = fuzzWindows.some(
    ({ address, size, access }) => access.includes("x") && pc >= address && pc < address + BigInt(size),
  );
  return isCode && pc % 4n === 0n ? [0] : [0, FETCH_UNMAPPED, FETCH_PROTECTED, EXCEPTION];
}

/** A fetch that fails is an instruction begun here, not there. */
function isFetch(ours: Outcome, theirs: OracleResult): boolean {
  const fetches: readonly number[] = [layout.EXCEPTION_INSTRUCTION_UNMAPPED, layout.EXCEPTION_INSTRUCTION_PERMISSION];
  return fetches.includes(ours.exception) && theirs.begun === ours.begun - 1;
}
