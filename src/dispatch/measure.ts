/** Measures what a call costs in each design and state: time in interpreter and JIT, and what is executed. */
import { setImmediate } from "node:timers/promises";
import { Machine } from "../../engine/index.js";
import { cases, type LoadedCase, loadCases } from "./program.js";

export interface DispatchRow {
  readonly design: string;
  readonly state: string;
  /** Nanoseconds a loop turn (the call, the function, subs and b.ne) in the fastest sample. */
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
  /** Loop turns of a row that are timed in the JIT; the interpreter runs a twentieth of them. */
  readonly calls?: number;
  /** Told when a row is begun and after each of its samples. */
  readonly progress?: (progress: DispatchProgress) => void;
  /** Ends the measurement early when it is aborted. */
  readonly signal?: AbortSignal;
}

export interface DispatchProgress {
  /** The row that is measured, from 1, and how many there are. */
  readonly row: number;
  readonly rows: number;
  /** Its design and state. */
  readonly what: string;
  /** How much of it is done, 0 to 1. */
  readonly share: number;
}

export interface DispatchMeasurement {
  /** In the order of the cases; the first ones when the measurement was ended early. */
  readonly rows: readonly DispatchRow[];
  /** Number of rows that a complete measurement has. */
  readonly cases: number;
  readonly complete: boolean;
}

const DEFAULT_CALLS = 50_000_000;
const INTERPRETER_SHARE = 20;
/** Turns of each short run before timing: regions are made, and V8 optimises them between runs. */
const WARM_UP_TURNS = 100_000;
const WARM_UP_RUNS = 20;
const COUNTED_TURNS = 1000;
/**
 * Turns of a sample, which takes less than a millisecond: other processes are in the way of most longer ones, and between
 * samples the process can be interrupted.
 */
const JIT_SAMPLE_TURNS = 250_000;
const INTERPRETER_SAMPLE_TURNS = JIT_SAMPLE_TURNS / INTERPRETER_SHARE;

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

/** Lets the process see to its signals. Throws the reason why `signal` was aborted, if it was. */
type Pause = () => Promise<void>;

function pauseFor(signal: AbortSignal | undefined): Pause {
  return async () => {
    await setImmediate();
    signal?.throwIfAborted();
  };
}

/** How a machine is timed. */
interface Timing {
  readonly machine: Machine;
  readonly turns: number;
  readonly sampleTurns: number;
  readonly pause: Pause;
}

/** Nanoseconds a turn in the fastest sample; `done` is told the share of the turns after each. */
async function timeTurns(timing: Timing, each: LoadedCase, done: (share: number) => void): Promise<number> {
  const { machine, turns, sampleTurns, pause } = timing;
  let best = Number.POSITIVE_INFINITY;
  for (let left = turns; left > 0; ) {
    const sample = Math.min(left, sampleTurns);
    await pause();
    const start = process.hrtime.bigint();
    run(machine, each, sample);
    const nanoseconds = Number(process.hrtime.bigint() - start);
    left -= sample;
    // A short rest says nothing where there are whole samples.
    if (sample === sampleTurns || turns < sampleTurns) best = Math.min(best, nanoseconds / sample);
    done(1 - left / turns);
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

/** Both machines, and the cases as each has them. */
interface Subjects {
  readonly interpreter: Timing;
  readonly jit: Timing;
  readonly interpreted: readonly LoadedCase[];
  readonly compiled: readonly LoadedCase[];
}

async function warmUp({ machine, turns, pause }: Timing, each: LoadedCase): Promise<void> {
  for (let repetition = 0; repetition < WARM_UP_RUNS; repetition++) {
    await pause();
    run(machine, each, Math.min(turns, WARM_UP_TURNS));
  }
}

/** One row; `at` is told how much of it is done. */
async function measureCase(subjects: Subjects, index: number, at: (share: number) => void): Promise<Measured> {
  const { interpreter, jit } = subjects;
  const interpreted = subjects.interpreted[index] as LoadedCase;
  const compiled = subjects.compiled[index] as LoadedCase;
  at(0);
  const counted = countTurns(interpreter.machine, interpreted);
  await warmUp(jit, compiled);
  return {
    ...counted,
    case: compiled,
    interpreter: await timeTurns(interpreter, interpreted, (share) => at(share / 2)),
    jit: await timeTurns(jit, compiled, (share) => at((1 + share) / 2)),
  };
}

/**
 * Measures every case, in an interpreting machine and one with a JIT. Ended early by its signal, it gives the rows
 * that were finished. Throws a MeasurementError if a loop did not do what it is measured for.
 */
export async function measureDispatch(options: DispatchOptions = {}): Promise<DispatchMeasurement> {
  const { calls = DEFAULT_CALLS, progress, signal } = options;
  const interpreter = await Machine.create({ jit: false });
  // Waiting for each region keeps the time of its compilation out of what is timed.
  const jit = await Machine.create({ jit: { background: false } });
  const interpreterTurns = Math.max(1, Math.round(calls / INTERPRETER_SHARE));
  const pause = pauseFor(signal);
  const measured: Measured[] = [];
  try {
    const subjects: Subjects = {
      interpreter: { machine: interpreter, turns: interpreterTurns, sampleTurns: INTERPRETER_SAMPLE_TURNS, pause },
      jit: { machine: jit, turns: calls, sampleTurns: JIT_SAMPLE_TURNS, pause },
      interpreted: loadCases(interpreter),
      compiled: loadCases(jit),
    };
    for (const [index, { design, state }] of cases.entries()) {
      const at = { row: index + 1, rows: cases.length, what: `${design} ${state}` };
      measured.push(await measureCase(subjects, index, (share) => progress?.({ ...at, share })));
    }
  } catch (error) {
    if (error !== signal?.reason || signal?.aborted !== true) throw error;
  } finally {
    interpreter.dispose();
    jit.dispose();
  }
  return { rows: rowsOf(measured), cases: cases.length, complete: measured.length === cases.length };
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
