/** Measures what a call costs in each design and state: time in interpreter and JIT, and what is executed. */
import { Machine } from "../../engine/index.js";
import { type LoadedCase, loadCases } from "./program.js";

export interface DispatchRow {
  readonly design: string;
  readonly state: string;
  /** Nanoseconds a loop turn (the call, the function, subs and b.ne): the least of several runs. */
  readonly interpreterNanoseconds: number;
  readonly jitNanoseconds: number;
  /** The same divided by the row "direct". */
  readonly interpreterRatio: number;
  readonly jitRatio: number;
  /** Executed a loop turn. */
  readonly instructions: number;
  readonly dataReads: number;
  readonly takenBranches: number;
}

export interface DispatchOptions {
  /** Loop turns in a timed run of the JIT; the interpreter runs a twentieth. Default: as many as take a while. */
  readonly calls?: number;
  /** Timed runs of which the fastest counts. */
  readonly repetitions?: number;
  /** Called before each step with the step's number, the number of steps, and what it measures. */
  readonly progress?: (step: number, steps: number, what: string) => void;
}

const DEFAULT_CALLS = 10_000_000;
const INTERPRETER_SHARE = 20;
const DEFAULT_REPETITIONS = 7;
const COUNTED_TURNS = 1000;

/** Nanoseconds a turn in the fastest of several runs; throws if the loop did not do what it should. */
function timeTurns(machine: Machine, each: LoadedCase, turns: number, repetitions: number): number {
  const loop = addressOf(machine, each);
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < repetitions; run++) {
    const start = process.hrtime.bigint();
    const result = machine.core.call(loop, turns);
    best = Math.min(best, Number(process.hrtime.bigint() - start) / turns);
    checkResult(each, result, turns);
  }
  return best;
}
