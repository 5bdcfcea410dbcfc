/** What differs between the interpreter's outcome of a case and an oracle's. */
import * as layout from "#assembly/layout.js";
import { fuzzWindows } from "./layout.js";
import type { Outcome } from "./machines.js";
import type { OracleName, OracleResult } from "./oracles.js";
import { REGISTERS, registerName } from "./registers.js";

// uc_err of unicorn.h.
const READ_UNMAPPED = 6;
const WRITE_UNMAPPED = 7;
const FETCH_UNMAPPED = 8;
const INSTRUCTION_INVALID = 10;
const WRITE_PROTECTED = 12;
const READ_PROTECTED = 13;
const FETCH_PROTECTED = 14;
const EXCEPTION = 21;

// signal.h.
const SIGILL = 4;
const SIGTRAP = 5;
const SIGBUS = 7;
const SIGSEGV = 11;

/** The signals that Linux makes of faults. */
const signalsOf: ReadonlyMap<number, readonly number[]> = new Map([
  [layout.EXCEPTION_UNDEFINED, [SIGILL]],
  [layout.EXCEPTION_UDF, [SIGILL]],
  [layout.EXCEPTION_BRK, [SIGTRAP]],
  // Where nothing is mapped QEMU finds that first.
  [layout.EXCEPTION_PC_ALIGNMENT, [SIGBUS, SIGSEGV]],
  [layout.EXCEPTION_INSTRUCTION_UNMAPPED, [SIGSEGV]],
  [layout.EXCEPTION_INSTRUCTION_PERMISSION, [SIGSEGV]],
  [layout.EXCEPTION_DATA_UNMAPPED, [SIGSEGV]],
  [layout.EXCEPTION_DATA_PERMISSION, [SIGSEGV]],
]);

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
export function differences(oracle: OracleName, ours: Outcome, theirs: OracleResult): string[] {
  const found: string[] = [];
  const faults = ours.exception !== 0 && ours.comparable === ours.begun;
  const errors = oracle === "Unicorn" ? errorsOf : signalsOf;
  const expected = faults ? (errors.get(ours.exception) ?? []) : noFault(ours);
  if (!expected.includes(theirs.error))
    found.push(`${faults ? `exception ${ours.exception}` : "no fault"}, ${oracle}'s error ${theirs.error}`);
  if (oracle === "Unicorn" && theirs.begun !== ours.comparable && !isFetch(ours, theirs))
    found.push(`${ours.comparable} instructions, ${oracle} ${theirs.begun}`);
  if (ours.hash !== theirs.hash) found.push("memory differs");
  if (ours.pc !== theirs.pc) found.push(`pc ${ours.pc.toString(16)}, ${oracle} ${theirs.pc.toString(16)}`);
  for (let n = 0; n < REGISTERS; n++) {
    const [a, b] = [ours.registers[n] as bigint, theirs.registers[n] as bigint];
    if (a !== b) found.push(`${registerName(n)} ${a.toString(16)}, ${oracle} ${b.toString(16)}`);
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
