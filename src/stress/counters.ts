/** Reads what callers and patchers have counted, from guest memory, at any time. */
import { caller, control, HISTOGRAM_BUCKETS, patcher } from "./layout.js";
import { callerBlock, type LoadedStress, patcherBlock } from "./program.js";
import { transitionsOf } from "./schedule.js";

/** Updates from one state to another, and calls that one of them came within, or before, by what they came to. */
export interface TransitionCounts {
  readonly from: string;
  readonly to: string;
  readonly updates: number;
  /** Calls that came to the old target, to the new one; to the old one although the update had returned before the call. */
  readonly old: number;
  readonly new: number;
  readonly stale: number;
}

export interface Counters {
  readonly calls: number;
  readonly synchronisations: number;
  /** Calls that were not simply the last quiet update's. */
  readonly examined: number;
  readonly updates: number;
  /** Calls that came to the old target although the update had begun before the call. */
  readonly oldInside: number;
  readonly transitions: readonly TransitionCounts[];
  /** Calls to the old target by ticks (ns) since the update had begun, or had returned: bucket n holds 2^n to 2^(n+1). */
  readonly sinceBegin: readonly number[];
  readonly sinceReturn: readonly number[];
  /** Ticks (ns) that the patch procedures took, in sum. */
  readonly patching: number;
}

const STATES_IN_MEMORY = 4;

/** A reader of u64 counters, summed over blocks. */
function summing(loaded: LoadedStress, blocks: readonly bigint[]): (offset: number) => number {
  return (offset) => blocks.reduce((sum, block) => sum + Number(loaded.machine.readU64(block + BigInt(offset))), 0);
}

export function readCounters(loaded: LoadedStress): Counters {
  const { callers, patchers, states } = loaded.campaign;
  const of = (count: number, block: typeof callerBlock): bigint[] =>
    Array.from({ length: count }, (_, index) => block(loaded, index));
  const called = summing(loaded, of(callers, callerBlock));
  const patched = summing(loaded, of(patchers, patcherBlock));
  const histogram = (offset: number): number[] =>
    Array.from({ length: HISTOGRAM_BUCKETS }, (_, bucket) => called(offset + 8 * bucket));
  return {
    calls: called(caller.calls),
    synchronisations: called(caller.synchronisations),
    examined: called(caller.slow),
    updates: patched(patcher.updates),
    oldInside: called(caller.oldInside),
    transitions: transitionsOf(states).map(([from, to]) => {
      const cell = STATES_IN_MEMORY * from + to;
      const outcome = (index: number): number =>
        called(caller.transitions + (cell << caller.transitionShift) + 8 * index);
      return {
        from: states[from] ?? "",
        to: states[to] ?? "",
        updates: patched(patcher.transitions + 8 * cell),
        old: outcome(0),
        new: outcome(1),
        stale: outcome(2),
      };
    }),
    sinceBegin: histogram(caller.sinceBegin),
    sinceReturn: histogram(caller.sinceReturn),
    patching: patched(patcher.ticks),
  };
}

/** For progress: calls and updates only. */
export function readTotals(loaded: LoadedStress): { readonly calls: number; readonly updates: number } {
  const { machine, campaign } = loaded;
  let calls = 0;
  for (let index = 0; index < campaign.callers; index++) {
    calls += Number(machine.readU64(callerBlock(loaded, index) + BigInt(caller.calls)));
  }
  return { calls, updates: Number(machine.readU64(loaded.symbol("stress_control") + BigInt(control.done))) };
}
