/** The checker: every final state that the memory model allows. */
import { InstructionDecoder } from "../../engine/index.js";
import { Combination, stateKey } from "./combinations.js";
import { type Chosen, combinations } from "./exchange.js";
import { conflicts, remarks } from "./flags.js";
import { localOrder } from "./local-order.js";
import { Memory } from "./memory.js";
import type { CheckResult, FinalState, Limits, ModelFlag, Problem } from "./problem.js";
import { type Execution, findExecution, type SearchOptions } from "./search.js";
import { exploreThreads } from "./traces.js";
import type { FoundExecution } from "./witness.js";

const DEFAULT_MAX_INSTRUCTIONS = 256;
/** Traces of one thread; each is a few kilobytes. */
const DEFAULT_MAX_TRACES = 100_000;
/** Steps between two looks at the clock. */
const STEPS_PER_LOOK = 64;

type Bound = NonNullable<CheckResult["bound"]>;

class Stopped extends Error {
  constructor(readonly bound: Bound) {
    super(bound);
  }
}

/** Watches the limits and counts what is tried. */
class Watch {
  executions = 0;
  #steps = 0;
  readonly #start = Date.now();

  constructor(readonly limits: Limits) {}

  reached(): Bound | undefined {
    const { timeLimitMs, memoryLimit, stopped } = this.limits;
    if (stopped?.() === true) return "stopped";
    if (timeLimitMs !== undefined && Date.now() - this.#start > timeLimitMs) return "time";
    if (memoryLimit !== undefined && process.memoryUsage().rss > memoryLimit) return "memory";
    return undefined;
  }

  readonly tried = (): void => {
    this.executions++;
    this.look();
  };

  /** For what takes time and is no execution. */
  readonly look = (): void => {
    if (++this.#steps % STEPS_PER_LOOK !== 0) return;
    const bound = this.reached();
    if (bound !== undefined) throw new Stopped(bound);
  };
}

class Checker {
  readonly states = new Map<string, FinalState>();
  /** An execution of each state. */
  readonly found = new Map<FinalState, FoundExecution>();
  readonly flags = new Map<string, ModelFlag>();
  readonly #memory: Memory;
  readonly #decoder = new InstructionDecoder();

  constructor(
    readonly problem: Problem,
    readonly limits: Limits,
    readonly watch: Watch,
  ) {
    this.#memory = new Memory(problem);
    for (const each of problem.observed) if (each.kind === "memory") this.#memory.noteAccess(each.address, each.bytes);
  }

  run(): Bound | undefined {
    const { traces, bound } = exploreThreads(this.problem, this.#memory, {
      maxInstructions: this.limits.maxInstructions ?? DEFAULT_MAX_INSTRUCTIONS,
      maxTraces: DEFAULT_MAX_TRACES,
      stop: () => this.watch.reached() !== undefined,
    });
    const threads = traces.map((each) =>
      each
        .filter(({ cutOff }) => !cutOff)
        .map((trace) => {
          this.watch.look();
          return localOrder(trace, this.#memory, this.problem);
        }),
    );
    for (const chosen of combinations(threads, this.problem, this.#memory, this.watch.look)) this.#combine(chosen);
    return bound === "stopped" ? this.watch.reached() : bound;
  }

  #combine(chosen: Chosen): void {
    this.watch.tried();
    const combination = new Combination(this.problem, this.#memory, chosen);
    const noted = remarks(combination.traces, (address) => this.#memory.isCode(address));
    const unseen = noted.filter((flag) => !this.flags.has(flagKey(flag)));
    for (const { required, state } of combination.endings()) {
      const key = stateKey(state);
      if (this.states.has(key) && unseen.length === 0) continue;
      const execution = this.#search(combination, { required });
      if (execution === undefined) continue;
      if (!this.states.has(key)) this.#keep(key, state, { candidate: combination.candidate, execution });
      for (const flag of unseen.splice(0)) this.flags.set(flagKey(flag), flag);
    }
    this.#conflicts(combination);
  }

  #keep(key: string, state: FinalState, found: Pick<FoundExecution, "candidate" | "execution">): void {
    const names = this.problem.threads.map(({ name }) => name);
    this.states.set(key, state);
    this.found.set(state, { ...found, memory: this.#memory, names });
  }

  #search(combination: Combination, options: Pick<SearchOptions, "required" | "unordered">): Execution | undefined {
    const { idc, dic, lineBytes } = this.problem;
    return findExecution(combination.candidate, {
      idc: idc || dic,
      dic,
      lineBytes,
      tried: this.watch.tried,
      ...options,
    });
  }

  #conflicts(combination: Combination): void {
    const names = this.problem.threads.map(({ name }) => name);
    for (const { fetch, store, flag } of conflicts(combination.candidate, names, (word) =>
      this.#decoder.decode(word),
    )) {
      if (this.flags.has(flagKey(flag))) continue;
      const found = this.#search(combination, { required: [], unordered: [fetch, store] });
      if (found !== undefined) this.flags.set(flagKey(flag), flag);
    }
  }
}

function flagKey({ name, detail }: ModelFlag): string {
  return `${name} ${detail}`;
}

/** What was found, with an execution for each state. */
export interface KeptResult extends CheckResult {
  executionOf(state: FinalState): FoundExecution | undefined;
}

/** As `check`; the result can be asked for witnesses. */
export function checkKeeping(problem: Problem, limits: Limits = {}): KeptResult {
  const watch = new Watch(limits);
  const checker = new Checker(problem, limits, watch);
  let bound: Bound | undefined;
  try {
    bound = checker.run();
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    bound = error.bound;
  }
  return {
    states: [...checker.states.values()],
    flags: [...checker.flags.values()],
    complete: bound === undefined,
    ...(bound === undefined ? {} : { bound }),
    executions: watch.executions,
    executionOf: (state) => checker.found.get(state),
  };
}

/** Checks a problem. Throws a ModelError where it has no meaning for the code. */
export function check(problem: Problem, limits: Limits = {}): CheckResult {
  const { executionOf: _, ...result } = checkKeeping(problem, limits);
  return result;
}
