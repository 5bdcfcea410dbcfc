/**
 * Random programs that oracles can execute: data processing with every form of the table, loads, stores, atomics and
 * exclusives near mapped addresses, branches of every kind within the program and into functions near and far, and the
 * system instructions that mean the same everywhere. A program for Unicorn starts again at its end, so that any number of
 * its instructions can be executed; one for QEMU ends.
 */
import { wordFor, wordsFor } from "../support/encode.js";
import { randomAccess, randomOperation } from "../support/operations.js";
import {
  branch,
  conditionals,
  countedLoop,
  destination,
  exchange,
  flagChain,
  functionBody,
} from "../support/program-parts.js";
import type { Random } from "../support/random.js";
import { addressNear } from "../support/values.js";
import { formOf } from "../support/words.js";
import { exclusiveBytes, isExcluded } from "./exclusions.js";
import { type CaseContent, dataWindows, type Place, type State } from "./layout.js";
import type { OracleName } from "./oracles.js";
import { SP } from "./registers.js";
import { END, randomRegisters } from "./singles.js";

const STATES = 10;
const NEAR_FUNCTIONS = 4;
const FAR_FUNCTIONS = 4;
const FUNCTION_WORDS = 8;
/**
 * Instructions executed: some programs stop early, but a region needs fuel for a few turns of all its loops to be entered
 * at all, and most get that, and some turns more for each instruction that they have.
 */
const ENOUGH = 400;
const TURNS = 15;
/** Every how many programs of five is stopped after each of as many numbers of instructions. */
const LADDERS = 6;
const LADDER = 64;

/** What both oracles execute. */
const anywhere = [
  "mrs x1, nzcv",
  "msr nzcv, x2",
  "mrs x3, tpidr_el0",
  "msr tpidr_el0, x4",
  "nop",
  "dmb ish",
  "dsb ish",
  "isb",
  "sb",
  "clrex",
  "sev",
];

/** What a process has. */
const userSystem = [
  ...anywhere,
  "yield",
  "csdb",
  "hint #34",
  "prfm pldl1keep, [x19]",
  "brk #5",
  "cfinv",
  "axflag",
  "xaflag",
  "mrs x5, dit",
  "msr dit, #1",
];

/** And a kernel, as far as Unicorn has it. */
const kernelSystem = [
  ...anywhere,
  "csdb",
  "hint #34",
  "prfm pldl1keep, [x19]",
  "dc zva, x28",
  "dc cvac, x19",
  "dc cvau, x20",
  "ic ivau, x17",
  "tlbi vmalle1",
  "msr daifset, #15",
  "msr daifclr, #3",
  "msr pan, #1",
  "mrs x0, daif",
  "mrs x1, currentel",
  "mrs x2, ctr_el0",
  "mrs x3, dczid_el0",
  "mrs x4, mpidr_el1",
  "mrs x5, esr_el1",
  "msr esr_el1, x0",
  "mrs x1, elr_el1",
  "msr elr_el1, x2",
  "msr spsr_el1, x3",
  "msr tpidr_el1, x4",
  "mrs x5, tpidr_el1",
  "mrs x0, sp_el0",
  "msr sp_el0, x1",
  "msr contextidr_el1, x2",
  "mrs x3, mair_el1",
  "svc #4",
  "brk #5",
  "cfinv",
  "axflag",
  "xaflag",
];

/** x16, x17, x26, x27 hold functions, x22 and x23 places in the program. */
const indirect = ["blr x16", "blr x26", "blr x17", "blr x27", "br x22", "br x17", "blr x23", "blr x26", "blr x16"];

/** Operations, accesses and the rest of what a program is made of, less what oracles have otherwise. */
class Writer {
  /** Exclusives of other sizes than this would make pairs that are CONSTRAINED UNPREDICTABLE. */
  private readonly exclusives: number;

  constructor(
    private readonly random: Random,
    private readonly place: Place,
    private readonly length: number,
    private readonly oracle: OracleName,
  ) {
    this.exclusives = random.pick([1, 2, 4, 8, 8, 16]);
  }

  private suits(word: number): boolean {
    const form = formOf(word);
    if (form === undefined || isExcluded(this.oracle, form, word)) return false;
    const bytes = exclusiveBytes(form, word);
    return bytes === undefined || bytes === this.exclusives;
  }

  private until(make: () => readonly number[]): readonly number[] {
    for (;;) {
      const words = make();
      if (words.every((word) => this.suits(word))) return words;
    }
  }

  private instruction(at: number): readonly number[] {
    const { random, length } = this;
    if (random.oneIn(12)) return random.oneIn(4) ? exchange(random) : flagChain(random);
    const target = destination(random, at, length);
    const kind = random.below(100);
    if (kind < 42) return this.until(() => [randomOperation(random)]);
    if (kind < 66) return this.until(() => [randomAccess(random)]);
    if (kind < 78) return [branch(random.pick(conditionals), at, target)];
    if (kind < 81) return [branch("b", at, target)];
    if (kind < 86) return countedLoop(random, at);
    if (kind < 90) return [branch("bl", at, length + 1 + FUNCTION_WORDS * random.below(NEAR_FUNCTIONS))];
    if (kind < 96) return [wordFor(random.pick(indirect))];
    return [wordFor(random.pick(this.oracle === "QEMU" ? userSystem : kernelSystem))];
  }

  /** `length` instructions, back to the second of them or to the end, and functions of FUNCTION_WORDS each. */
  near(): readonly number[] {
    const words: number[] = [wordFor("clrex")];
    while (words.length < this.length) words.push(...this.instruction(words.length));
    words.length = this.length;
    words.push(this.oracle === "QEMU" ? END : branch("b", this.length, 1));
    for (let i = 0; i < NEAR_FUNCTIONS; i++) words.push(...this.function(i === NEAR_FUNCTIONS - 1));
    return words;
  }

  far(): readonly number[] {
    return Array.from({ length: FAR_FUNCTIONS }, () => this.function(false)).flat();
  }

  /** The last one calls the one before it. */
  private function(calls: boolean): readonly number[] {
    const body = calls
      ? wordsFor(`str x30, [sp, #-16]!\n bl . - ${4 * (FUNCTION_WORDS + 1)}\n ldr x30, [sp], #16\n ret\n`)
      : this.until(() => functionBody(this.random));
    return [...body, ...Array.from({ length: FUNCTION_WORDS - body.length }, () => wordFor("ret"))];
  }

  private dataAddress(): bigint {
    const { random } = this;
    if (random.oneIn(8)) return addressNear(random.pick(dataWindows), random);
    const window = random.oneIn(3) ? random.pick(dataWindows) : dataWindows[0];
    if (window === undefined) throw new Error("no windows");
    return window.address + BigInt(window.size / 2 + 16 * random.below(64));
  }

  registers(): BigUint64Array {
    const { random, place, length } = this;
    const registers = randomRegisters(random);
    // A fixed target that stands before its branches would hold the program up for ever.
    const late = (): bigint => place.text + BigInt(4 * (length - random.below(Math.ceil(length / 4))));
    const near = (): bigint => place.text + BigInt(4 * (length + 1 + FUNCTION_WORDS * random.below(NEAR_FUNCTIONS)));
    const far = (): bigint => place.far + BigInt(4 * FUNCTION_WORDS * random.below(FAR_FUNCTIONS));
    for (const n of [19, 20, 28, SP]) registers[n] = this.dataAddress();
    for (const n of [16, 27]) registers[n] = near();
    for (const n of [17, 26]) registers[n] = far();
    for (const n of [22, 23]) registers[n] = late();
    registers[18] = 64n;
    registers[21] = BigInt(random.below(64));
    registers[30] = place.text + BigInt(4 * random.below(length));
    return registers;
  }
}

/** A program of `length` instructions. */
export function randomProgram(random: Random, place: Place, length: number, oracle: OracleName): CaseContent {
  // One more: it begins with CLREX.
  const writer = new Writer(random, place, length + 1, oracle);
  const code = new Map([
    [place.text, writer.near()],
    [place.far, writer.far()],
  ]);
  const somewhere = (): bigint => place.text + BigInt(4 * random.below(length));
  return {
    code,
    start: place.text,
    states: statesOf(random, writer, length, oracle),
    heads: [place.text, somewhere()],
  };
}

function statesOf(random: Random, writer: Writer, length: number, oracle: OracleName): readonly State[] {
  if (oracle === "Unicorn" && length <= 5 && random.oneIn(LADDERS)) {
    const registers = writer.registers();
    const first = random.oneIn(2) ? 1 : ENOUGH;
    // The first one, in which everything runs that will run, comes first: it is interpreted.
    const counts = Array.from({ length: LADDER }, (_, i) => first + i);
    return [first + LADDER, ...counts].map((count) => ({ registers, count }));
  }
  return Array.from({ length: STATES }, () => ({
    registers: writer.registers(),
    count: oracle === "QEMU" ? ENOUGH + TURNS * length : (random.oneIn(4) ? 1 : ENOUGH) + random.below(TURNS * length),
  }));
}
