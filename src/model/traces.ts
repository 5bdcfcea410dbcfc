/**
 * All ways through each thread. Threads are run on their own: a read tries every value that somebody has been seen to
 * write there, and what is newly written is tried in the next round, until a round teaches nothing. A value that an
 * execution can have was handed on by a chain of different writes, so that more rounds than writes are not needed.
 */
import { InstructionDecoder } from "../../engine/index.js";
import type { ModelMachine } from "./access-ops.js";
import { type FetchEvent, RaisedException, type Trace } from "./events.js";
import type { Memory } from "./memory.js";
import { SPSR_BTYPE, ThreadOps } from "./ops.js";
import type { Problem } from "./problem.js";
import { Choices, ThreadState } from "./thread.js";
import { distinct, unusedReads } from "./unused.js";
import { constant } from "./value.js";

const LOWER_BITS_OF_WORD = 0xffff_ffffn;

/** Turns of a loop that stores, before the thread is cut off. */
const MAX_STORING_TURNS = 3;

export interface TraceLimits {
  /** Instructions a thread may execute. */
  readonly maxInstructions: number;
  /** Traces a thread may have. */
  readonly maxTraces: number;
  /** Whether to stop now. */
  stop(): boolean;
}

export interface ThreadTraces {
  /** By thread. */
  readonly traces: readonly (readonly Trace[])[];
  /** Whether there are others than these. */
  readonly bound: "instructions" | "memory" | "stopped" | undefined;
}

/** CTR_EL0 with lines of `lineBytes` (DminLine and IminLine are log2 of words), DIC and IDC. */
function cacheType({ lineBytes, dic, idc }: Problem): bigint {
  const words = BigInt(Math.log2(lineBytes / 4));
  return 0x8444c000n | (words << 16n) | words | (idc || dic ? 1n << 28n : 0n) | (dic ? 1n << 29n : 0n);
}

class TooManyTraces extends Error {}

class Explorer {
  readonly #decoder = new InstructionDecoder();
  readonly #exits: ReadonlySet<bigint>;
  readonly #machines: readonly ModelMachine[];
  /** By thread: the registers that a final state has. */
  readonly #observed: readonly (readonly number[])[];
  #found: Trace[] = [];
  /** A thread that was left because it went round. */
  #spun: ThreadState | undefined;

  constructor(
    readonly problem: Problem,
    readonly memory: Memory,
    readonly limits: TraceLimits,
  ) {
    this.#exits = new Set(problem.exits);
    this.#observed = problem.threads.map((_, thread) =>
      problem.observed.flatMap((each) => (each.kind === "register" && each.thread === thread ? [each.register] : [])),
    );
    const ctr = cacheType(problem);
    const atomicWithin = problem.inOrder === true ? problem.lineBytes : 0;
    this.#machines = problem.threads.map(({ handler }) => ({ cacheType: ctr, handler, atomicWithin }));
  }

  /** One round for one thread. */
  tracesOf(thread: number): Trace[] {
    this.#found = [];
    this.#spun = undefined;
    const from = this.problem.threads[thread];
    if (from !== undefined) this.#explore(new ThreadState(thread, this.memory, from));
    // A thread that never ends has no final state, and that it has none is no proof of anything.
    if (this.#found.length === 0 && this.#spun !== undefined) this.#finish(this.#spun, true);
    return distinct(this.#found, this.#observed[thread] ?? []);
  }

  #explore(start: ThreadState): void {
    let state = start;
    for (;;) {
      if (state.ended || this.#exits.has(state.pc)) return this.#finish(state, false);
      if (state.instructions >= this.limits.maxInstructions) return this.#finish(state, true);
      const before = state;
      const choices = new Choices();
      state = before.clone();
      this.#step(state, choices);
      const first = state;
      while (choices.advance()) {
        state = before.clone();
        this.#step(state, choices);
        if (this.#goesOn(before.pc, state)) this.#explore(state);
      }
      if (!this.#goesOn(before.pc, first)) return;
      state = first;
    }
  }

  /** Whether there is more to come of a thread that has come from `pc`; cuts it off if it may go round for ever. */
  #goesOn(pc: bigint, state: ThreadState): boolean {
    if (state.pc <= pc && state.storingTurns() > MAX_STORING_TURNS) {
      this.#finish(state, true);
      return false;
    }
    if (!state.spins(pc)) return true;
    this.#spun = state;
    return false;
  }

  #finish(state: ThreadState, cutOff: boolean): void {
    if (this.#found.length >= this.limits.maxTraces || this.limits.stop()) throw new TooManyTraces();
    const { events, faults } = state;
    const registers = state.registers.map(({ bits }) => bits);
    const unused = unusedReads(state, this.#observed[state.thread] ?? []);
    this.#found.push({ events, registers, faults, cutOff, unused });
  }

  #step(state: ThreadState, choices: Choices): void {
    const ops = new ThreadOps(state, choices, this.#machines[state.thread] as ModelMachine);
    try {
      const word = this.#fetch(state, ops);
      const instruction = this.#decoder.decode(word);
      const mayLand = (((instruction?.lands ?? 1) >> state.btype) & 1) === 1;
      if (!mayLand && state.memory.guarded(state.pc)) throw new RaisedException("branch-target");
      if (instruction === undefined) throw new RaisedException("undefined");
      instruction.execute(ops);
      state.pc = ops.next;
      state.btype = ops.btype;
    } catch (raised) {
      if (!(raised instanceof RaisedException)) throw raised;
      this.#take(state, ops, raised);
    }
    if (choices.open) state.chose();
    state.instructions++;
  }

  #fetch(state: ThreadState, ops: ThreadOps): number {
    const { memory, pc } = state;
    if (pc % 4n !== 0n) throw new RaisedException("alignment");
    if (!memory.mapped(pc, 4)) throw new RaisedException("translation");
    if (!memory.isCode(pc)) throw new RaisedException("permission");
    if (!memory.modifiable(pc)) return Number(memory.initial(pc, 4));
    memory.noteAccess(pc, 4);
    let word = 0n;
    for (const cell of memory.cells(pc, 4)) {
      const candidates = memory.writtenByOthers(state.thread, cell);
      candidates.set(memory.initial(cell.address, cell.bytes), 0);
      for (const [value, depth] of state.ownValues(cell.address, cell.bytes)) {
        candidates.set(value, Math.min(depth, candidates.get(value) ?? depth));
      }
      const [value, depth] = ops.choices.among(candidates);
      word |= value << (8n * (cell.address - pc));
      state.fetchDepth = Math.max(state.fetchDepth, depth);
    }
    ops.emit<FetchEvent>({ kind: "fetch", address: pc, bytes: 4, value: word });
    return Number(word & LOWER_BITS_OF_WORD);
  }

  #take(state: ThreadState, ops: ThreadOps, { type, address, resume }: RaisedException): void {
    state.noteFault(type, state.pc, address);
    const { handler } = ops.machine;
    if (handler === undefined) {
      state.ended = true;
      return;
    }
    ops.emit({ kind: "entry", control: state.control });
    state.system.set("ELR_EL1", constant(resume === "next" ? state.pc + 4n : state.pc));
    // Of an instruction that has been executed (SVC) it is 0.
    state.system.set("SPSR_EL1", constant(resume === "next" ? 0n : BigInt(state.btype) << SPSR_BTYPE));
    state.btype = 0;
    state.pc = handler;
  }
}

export function exploreThreads(problem: Problem, memory: Memory, limits: TraceLimits): ThreadTraces {
  const explorer = new Explorer(problem, memory, limits);
  const threads = problem.threads.map((_, thread) => thread);
  let traces: Trace[][] = [];
  try {
    for (let rounds = 0, writes = 0; memory.changed && rounds <= writes; ) {
      memory.changed = false;
      memory.cut = false;
      traces = threads.map((thread) => explorer.tracesOf(thread));
      writes = traces.reduce((sum, each) => sum + Math.max(0, ...each.map(writesIn)), 0);
      if (writes > memory.maxDepth) memory.changed = true;
      memory.maxDepth = writes;
      // A round that taught where accesses or modified words lie does not count.
      rounds = memory.cut ? 0 : rounds + 1;
    }
  } catch (error) {
    if (!(error instanceof TooManyTraces)) throw error;
    return { traces, bound: limits.stop() ? "stopped" : "memory" };
  }
  return { traces, bound: traces.some((each) => each.some(({ cutOff }) => cutOff)) ? "instructions" : undefined };
}

function writesIn(trace: Trace): number {
  return trace.events.filter(({ kind }) => kind === "write").length;
}
