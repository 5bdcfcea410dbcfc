/** Measures what a call costs in each design and state: time in interpreter and JIT, and what is executed. */
import { Machine } from "../../engine/index.js";
import { cases, type LoadedCase, loadCases } from "./program.js";

export interface DispatchRow {
  readonly design: string;
  readonly state: string;
  /** Nanoseconds a loop turn (the call, the function, subs and b.ne) in the fastest of several runs. */
  readonly interpreterNanoseconds: number;
  readonly jitNanoseconds: number;
  /** The same, divided by that of the first row, the direct call. */
  readonly interpreterRatio: number;
  readonly jitRatio: number;
  /** Executed a loop turn. */
  readonly instructions: number;
  readonly dataReads: number;
  readonly takenBranches: number;
}

export interface DispatchOptions {
  /** Loop turns of a timed run in the JIT; the interpreter runs a twentieth of them. */
  readonly calls?: number;
  /** Timed runs, of which the fastest counts. */
  readonly repetitions?: number;
  /** Told what is measured next, and how far that is. */
  readonly progress?: (step: number, steps: number, what: string) => void;
}

const DEFAULT_CALLS = 10_000_000;
const INTERPRETER_SHARE = 20;
const DEFAULT_REPETITIONS = 7;
/** Turns of each short run before timing: regions are made, and V8 optimises them between runs. */
const WARM_UP_TURNS = 100_000;
const WARM_UP_RUNS = 20;
const COUNTED_TURNS = 1000;

/** A loop that did not call what it should have; nothing that follows would mean anything. */
export class MeasurementError extends Error {
  override readonly name = "MeasurementError";
}

function run(machine: Machine, each: LoadedCase, turns: number): void {
  const result = machine.core.call(each.loop, turns);
  const expected = each.calls ? BigInt(turns) : 0n;
  if (result !== expected || each.key.state !== each.state) {
    throw new MeasurementError(
      `${each.design} in state ${each.state}: ${turns} turns gave ${result} in place of ${expected}, state ${each.key.state}`,
    );
  }
}

/** Nanoseconds a turn. */
function timeTurns(machine: Machine, each: LoadedCase, turns: number, repetitions: number): number {
  let best = Number.POSITIVE_INFINITY;
  for (let repetition = 0; repetition < repetitions; repetition++) {
    const start = process.hrtime.bigint();
    run(machine, each, turns);
    best = Math.min(best, Number(process.hrtime.bigint() - start) / turns);
  }
  return best;
}

interface Counts {
  readonly instructions: number;
  readonly dataReads: number;
  readonly takenBranches: number;
}

function counts(machine: Machine): Counts {
  const { instructions, dataReads, branches } = machine.stats();
  const { direct, conditional, call, indirect, indirectCall, return: returns } = branches;
  const takenBranches = direct + conditional + call + indirect + indirectCall + returns;
  return { instructions, dataReads, takenBranches };
}

/** What a turn executes: the difference between two runs, so that what stands around the loop cancels out. */
function countTurns(machine: Machine, each: LoadedCase): Counts {
  const before = counts(machine);
  run(machine, each, COUNTED_TURNS);
  const between = counts(machine);
  run(machine, each, 2 * COUNTED_TURNS);
  const after = counts(machine);
  const perTurn = (key: keyof Counts): number =>
    (after[key] - between[key] - (between[key] - before[key])) / COUNTED_TURNS;
  return {
    instructions: perTurn("instructions"),
    dataReads: perTurn("dataReads"),
    takenBranches: perTurn("takenBranches"),
  };
}

interface Measured extends Counts {
  readonly case: LoadedCase;
  readonly interpreter: number;
  readonly jit: number;
}

function warmUp(machine: Machine, each: LoadedCase, turns: number): void {
  for (let repetition = 0; repetition < WARM_UP_RUNS; repetition++) run(machine, each, turns);
}

/**
 * Measures every case, in an interpreting machine and one with a JIT.
 * Throws a MeasurementError if a loop did not do what it is measured for.
 */
export async function measureDispatch(options: DispatchOptions = {}): Promise<DispatchRow[]> {
  const { calls = DEFAULT_CALLS, repetitions = DEFAULT_REPETITIONS, progress } = options;
  const interpreter = await Machine.create({ jit: false });
  // Waiting for each region keeps the time of its compilation out of what is timed.
  const jit = await Machine.create({ jit: { background: false } });
  try {
    const interpreted = loadCases(interpreter);
    const measured = loadCases(jit).map((each, index): Measured => {
      progress?.(index + 1, cases.length, `${each.design} ${each.state}`);
      const slow = interpreted[index] ?? each;
      const interpreterTurns = Math.max(1, Math.round(calls / INTERPRETER_SHARE));
      const counted = countTurns(interpreter, slow);
      warmUp(jit, each, Math.min(calls, WARM_UP_TURNS));
      return {
        ...counted,
        case: each,
        interpreter: timeTurns(interpreter, slow, interpreterTurns, repetitions),
        jit: timeTurns(jit, each, calls, repetitions),
      };
    });
    return rowsOf(measured);
  } finally {
    interpreter.dispose();
    jit.dispose();
  }
}

function rowsOf(measured: readonly Measured[]): DispatchRow[] {
  const [direct] = measured;
  if (direct === undefined) return [];
  return measured.map((each) => ({
    design: each.case.design,
    state: each.case.state,
    interpreterNanoseconds: each.interpreter,
    jitNanoseconds: each.jit,
    interpreterRatio: each.interpreter / direct.interpreter,
    jitRatio: each.jit / direct.jit,
    instructions: each.instructions,
    dataReads: each.dataReads,
    takenBranches: each.takenBranches,
  }));
}
