/** Counters of a machine: sums over its cores since it was made. */
import * as layout from "../../assembly/layout.js";
import { exitReasons } from "../jit/index.js";
import type { CoreState } from "./state.js";

export interface BranchCounts {
  /** Taken branches by kind: B; B.cond, CBZ, TBZ; BL; BR; BLR; RET. */
  readonly direct: number;
  readonly conditional: number;
  readonly call: number;
  readonly indirect: number;
  readonly indirectCall: number;
  readonly return: number;
}

export interface RegionCounts {
  readonly compiled: number;
  /** Times a region was put in place of a word, and taken away again. */
  readonly linked: number;
  readonly unlinked: number;
  /** Entries by way of the instruction cache, from the run loop and from other regions: not calls of regions that the caller knows. */
  readonly entries: number;
  /** Instructions that they have executed. */
  readonly instructions: number;
  /** Exits by reason. A call of a region that the caller knows, if it returns to there, is no entry and no exit. */
  readonly exits: Readonly<Record<string, number>>;
}

export interface MachineStats {
  /** Instructions executed, and fetches and instructions that raised an exception. */
  readonly instructions: number;
  /** Lines read from the point of unification into an instruction cache. */
  readonly fetches: number;
  /** Accesses, one each for a pair; an atomic read-modify-write is one of both. */
  readonly dataReads: number;
  readonly dataWrites: number;
  readonly branches: BranchCounts;
  /** Exceptions taken, by the guest or by the host. */
  readonly exceptions: number;
  /** Words that left an instruction cache or were replaced in it. */
  readonly dropped: number;
  readonly regions: RegionCounts;
}

type Tree = { readonly [key: string]: number | Tree };

function combine(a: Tree, b: Tree, how: (x: number, y: number) => number): Tree {
  const result: Record<string, number | Tree> = {};
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const x = a[key] ?? 0;
    const y = b[key] ?? 0;
    result[key] =
      typeof x === "number" && typeof y === "number"
        ? how(x, y)
        : combine(typeof x === "number" ? {} : x, typeof y === "number" ? {} : y, how);
  }
  return result;
}

function combineStats(a: MachineStats, b: MachineStats, how: (x: number, y: number) => number): MachineStats {
  // Two values of the same shape combine to that shape.
  return combine(a as unknown as Tree, b as unknown as Tree, how) as unknown as MachineStats;
}

/** What was counted between two calls of `machine.stats()`. */
export function statsBetween(before: MachineStats, after: MachineStats): MachineStats {
  return combineStats(after, before, (x, y) => x - y);
}

export function addStats(a: MachineStats, b: MachineStats): MachineStats {
  return combineStats(a, b, (x, y) => x + y);
}

/** The counters of these cores; `hasJit` says whether regions may have exits. */
export function readStats(states: readonly CoreState[], hasJit: boolean): MachineStats {
  const total = (value: (state: CoreState) => number): number => states.reduce((sum, state) => sum + value(state), 0);
  const sum = (field: number): number => total((state) => state.count(field));
  const exits = exitReasons.map((reason, i) => [reason, sum(layout.COUNT_EXITS + 8 * i)] as const);
  return {
    instructions: total((state) => state.instructions),
    fetches: sum(layout.COUNT_FETCHES),
    dataReads: sum(layout.COUNT_READS),
    dataWrites: sum(layout.COUNT_WRITES),
    branches: {
      direct: sum(layout.COUNT_BRANCH_DIRECT),
      conditional: sum(layout.COUNT_BRANCH_CONDITIONAL),
      call: sum(layout.COUNT_BRANCH_CALL),
      indirect: sum(layout.COUNT_BRANCH_INDIRECT),
      indirectCall: sum(layout.COUNT_BRANCH_INDIRECT_CALL),
      return: sum(layout.COUNT_BRANCH_RETURN),
    },
    exceptions: sum(layout.COUNT_EXCEPTIONS),
    dropped: sum(layout.COUNT_DROPPED),
    regions: {
      compiled: total((state) => state.get32(layout.REGIONS_COMPILED)),
      linked: total((state) => state.get32(layout.REGIONS_LINKED)),
      unlinked: total((state) => state.get32(layout.REGIONS_UNLINKED)),
      entries: sum(layout.COUNT_REGION_ENTRIES),
      instructions: sum(layout.COUNT_REGION_INSTRUCTIONS),
      exits: hasJit ? Object.fromEntries(exits) : {},
    },
  };
}
