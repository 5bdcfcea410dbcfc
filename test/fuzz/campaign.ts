/** Batches of cases through both engines and the oracle. */
import type { Case } from "./cases.js";
import { differences } from "./comparison.js";
import { Engine, type Outcome, oracleWindows } from "./machines.js";
import type { Oracle, OracleName, OracleResult } from "./oracles.js";

/** A case that two of the three did not do alike. */
export interface Difference {
  readonly of: Case;
  /** Index of the state. */
  readonly state: number;
  readonly between: "interpreter and compiled code" | `cmodx and ${OracleName}`;
  readonly problems: readonly string[];
}

/** What was done, summed up. */
export interface Totals {
  cases: number;
  /** Cases times states. */
  runs: number;
  /** Instructions executed by each engine of ours. */
  instructions: number;
  /** Of these, compared with an oracle. */
  compared: number;
  comparedWith: Record<OracleName, number>;
  comparedByKind: Record<string, number>;
  faults: number;
  /** Instructions executed in regions. */
  compiled: number;
  regions: number;
  entries: number;
  exits: Record<string, number>;
}

export function noTotals(): Totals {
  return {
    cases: 0,
    runs: 0,
    instructions: 0,
    compared: 0,
    comparedWith: { Unicorn: 0, QEMU: 0 },
    comparedByKind: {},
    faults: 0,
    compiled: 0,
    regions: 0,
    entries: 0,
    exits: {},
  };
}

/** A run of a case that the oracle is to repeat. */
interface Question {
  readonly of: Case;
  readonly state: number;
  readonly ours: Outcome;
}

/** The interpreter and compiled code on one case; what the oracle is to be asked goes to `questions`. */
export function runCase(
  engines: readonly [Engine, Engine],
  of: Case,
  questions: Question[],
  totals: Totals,
): Difference | undefined {
  const [interpreter, compiled] = engines;
  for (const [index, state] of of.states.entries()) {
    interpreter.prepare(of, state);
    const stop = interpreter.rig.run(state.count);
    const problems = runCompiled(compiled, of, index, stop);
    if (problems.length === 0 && !interpreter.agrees(compiled)) problems.push("the states differ");
    if (problems.length > 0) return { of, state: index, between: "interpreter and compiled code", problems };
    const ours = interpreter.outcome(stop, state.count, of.oracle);
    totals.runs++;
    totals.instructions += ours.begun;
    if (ours.exception !== 0) totals.faults++;
    if (of.excluded !== undefined || !ours.stops) continue;
    totals.compared += ours.comparable;
    totals.comparedWith[of.oracle] += ours.comparable;
    totals.comparedByKind[of.kind] = (totals.comparedByKind[of.kind] ?? 0) + ours.comparable;
    questions.push({ of, state: index, ours });
  }
  totals.cases++;
  return undefined;
}

/** From some run of the case on its regions are there. */
function runCompiled(engine: Engine, of: Case, index: number, expectedStop: number): string[] {
  const { rig } = engine;
  try {
    engine.prepare(of, of.states[index] as Case["states"][number]);
    if (index === of.compiledAt) for (const head of of.heads) rig.forceCompile(head);
    const stop = rig.run(of.states[index]?.count ?? 0);
    return stop === expectedStop ? [] : [`run() ended with ${expectedStop} / ${stop}`];
  } catch (error) {
    return [error instanceof Error ? (error.stack ?? error.message) : String(error)];
  }
}

function countRegions({ rig }: Engine, totals: Totals): void {
  const { compiled, entries, exits, instructions } = rig.machine.stats().regions;
  totals.regions += compiled;
  totals.entries += entries;
  totals.compiled += instructions;
  for (const [reason, count] of Object.entries(exits)) totals.exits[reason] = (totals.exits[reason] ?? 0) + count;
}

export type Oracles = Readonly<Record<OracleName, Oracle>>;

export class Campaign {
  readonly totals = noTotals();
  /** What the oracle has not answered yet. */
  #waiting: Promise<Difference | undefined> = Promise.resolve(undefined);

  private constructor(
    private readonly seed: string,
    private readonly oracles: Oracles,
    private readonly interpreter: Engine,
  ) {}

  static async create(seed: string, oracles: Oracles): Promise<Campaign> {
    return new Campaign(seed, oracles, await Engine.interpreter(seed));
  }

  dispose(): void {
    this.interpreter.rig.dispose();
  }

  /**
   * Runs cases that stand in the machines together with `all`; gives the first difference found, perhaps of the batch
   * before: the oracle works while the next batch runs here.
   */
  async batch(cases: readonly Case[], all: readonly Case[] = cases): Promise<Difference | undefined> {
    // A machine for each batch: what the JIT has learnt from other cases is no part of one.
    const compiled = await Engine.compiled(this.seed, all[0]?.number ?? 0);
    const questions: Question[] = [];
    try {
      for (const engine of [this.interpreter, compiled]) engine.place(all);
      for (const one of cases) {
        const difference = runCase([this.interpreter, compiled], one, questions, this.totals);
        if (difference !== undefined) return difference;
      }
      countRegions(compiled, this.totals);
    } finally {
      compiled.rig.dispose();
    }
    const before = await this.#waiting;
    this.#waiting = this.#ask(questions, oracleWindows(this.seed, all));
    return before;
  }

  /** The answers that are still out. */
  async end(): Promise<Difference | undefined> {
    return this.#waiting;
  }

  async #ask(
    questions: readonly Question[],
    windows: ReturnType<typeof oracleWindows>,
  ): Promise<Difference | undefined> {
    const [first] = questions;
    if (first === undefined) return undefined;
    const { oracle } = first.of;
    let results: readonly OracleResult[];
    try {
      results = await this.oracles[oracle].run(windows, questions.map(oracleCase));
    } catch (error) {
      // It crashed or hung on one of them; which one, a replay of the cases from here on will say.
      const problem = `${oracle} failed on this case or one of the batch after it: ${String(error)}`;
      return { of: first.of, state: first.state, between: `cmodx and ${oracle}`, problems: [problem] };
    }
    for (const [i, { of, state, ours }] of questions.entries()) {
      const problems = differences(oracle, ours, results[i] as OracleResult);
      if (problems.length > 0) return { of, state, between: `cmodx and ${oracle}`, problems };
    }
    return undefined;
  }
}

export function oracleCase({ of, state, ours }: Question) {
  const { registers } = of.states[state] as Case["states"][number];
  return { pc: of.start, count: ours.comparable, registers };
}
