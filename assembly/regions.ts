/** Compiled regions as the run loop enters them, and as they call one another. */
import {
  BRANCH_EDGES, BRANCH_EDGE_ENTRIES, BRANCH_EDGE_FACTOR, BRANCH_TARGETS, BRANCH_TARGET_ENTRIES, BTYPE,
  COUNT_BRANCH_CALL, COUNT_BRANCH_CONDITIONAL, COUNT_BRANCH_DIRECT, COUNT_BRANCH_INDIRECT,
  COUNT_BRANCH_INDIRECT_CALL, COUNT_BRANCH_RETURN, COUNT_READS, COUNT_REGION_ENTRIES, COUNT_REGION_INSTRUCTIONS,
  COUNT_WRITES, FAULT_PC, FIRST_REGION, FLAGS_A, FLAGS_B, FLAGS_KIND, FUEL, HANDLER_MASK, MISSES, MISSES_HEARD, NZCV,
  PACKED_ACCESSES, PACKED_CALLS, PACKED_INDIRECT, PACKED_JUMPS, REGION_STACK, REGION_STACK_LIMIT,
  REGIONS_COMPILED, REGIONS_UNLINKED, TABLE_NZCV, UNLINKED_CALLEES, UNWINDS,
} from "./layout";
import { callSlot, interpretCallee } from "./callee";
import { increment } from "./icache";

/** The region that executes the word at `pc`; 0 if that is not a region's business. */
// @ts-ignore: decorators
@inline
function regionAt(core: u32, pc: u64): i32 {
  const slot = callSlot(core, pc);
  if (slot == 0) return 0;
  const handler = load<i32>(slot, 4) & HANDLER_MASK;
  return handler >= FIRST_REGION ? handler : 0;
}

/**
 * Interprets a callee as interpretCallee does, and has all regions on the thread's stack leave if they may call others from now on that are not
 * linked, without that these look: one has been unlinked, or some were and others have come in their places, of which UNLINKED_CALLEES says
 * no more than what the newest instances call. Other regions that come are no reason: the loops of those that leave would be interpreted to their ends.
 */
function interpretUnlinked(core: u32, pc: u64, expected: u64): u64 {
  const unlinked = load<u32>(core, REGIONS_UNLINKED);
  const compiled = load<u32>(core, REGIONS_COMPILED);
  const isCalled = load<u32>(core, UNLINKED_CALLEES) != 0;
  const next = interpretCallee(core, pc, expected);
  const isRenewed = isCalled && load<u32>(core, REGIONS_COMPILED) != compiled;
  if (isRenewed || load<u32>(core, REGIONS_UNLINKED) != unlinked) store<u32>(core, 1, UNWINDS);
  return next;
}

/**
 * A region's call of the code at `pc`, by BL or (BTYPE 2) BLR: goes from region to region until one comes to `expected`, the
 * address behind the call, and gives it; what has no region is interpreted, for the caller would be left in its midst otherwise. Gives
 * another address where the caller has to leave for the run loop too: an exception, a region that declined (fuel, PENDING, BTYPE),
 * too deep a nesting, UNWINDS, with which it may give `expected` too. All of the guest's state is in the core's block before and after, so that whoever goes on from there needs to
 * know nothing of how it was reached.
 *
 * `stack` estimates the bytes that regions have on this thread's stack.
 */
function follow(core: u32, pc: u64, type: u32, expected: u64, stack: u32): u64 {
  let btype = type;
  if (stack > <u32>REGION_STACK_LIMIT) {
    store<u32>(core, btype, BTYPE);
    return pc;
  }
  while (true) {
    const handler = regionAt(core, pc);
    // The run loop hears of what regions assume in vain; from region to region one may never come back to it.
    if (load<i32>(core, MISSES) >= MISSES_HEARD || load<u32>(core, UNWINDS) != 0 || (handler == 0 && expected == FAULT_PC)) {
      store<u32>(core, btype, BTYPE);
      break;
    }
    if (handler == 0) {
      store<u32>(core, btype, BTYPE);
      settleFlags(core);
      store<u32>(core, stack, REGION_STACK);
      pc = interpretUnlinked(core, pc, expected);
      takeFlags(core);
      if (pc == expected || regionAt(core, pc) == 0) break;
      btype = load<u32>(core, BTYPE);
      store<u32>(core, 0, BTYPE);
      continue;
    }
    increment(core, COUNT_REGION_ENTRIES);
    store<u32>(core, stack, REGION_STACK);
    const next = call_indirect<u64>(handler, core, btype, pc);
    // Back at its own head: it has declined, or gone round.
    if (next == expected || next == pc) {
      pc = next;
      break;
    }
    pc = next;
    btype = load<u32>(core, BTYPE);
    if (btype != 0) store<u32>(core, 0, BTYPE);
  }
  return pc;
}

/** The same as a region calls it that is to go on at `pc`, or whose callee has come to there, with BTYPE in the core's block. */
export function followOn(core: u32, pc: u64, expected: u64, stack: u32): u64 {
  const btype = load<u32>(core, BTYPE);
  if (pc == expected && btype == 0) return pc;
  store<u32>(core, 0, BTYPE);
  return follow(core, pc, btype, expected, stack);
}

/** Gives regions the flags that the interpreter has left. */
function takeFlags(core: u32): void {
  store<u32>(core, 0, FLAGS_KIND);
  store<u64>(core, load<u32>(core, NZCV), FLAGS_A);
}

/** Gives the interpreter the flags that regions have left, computed. */
function settleFlags(core: u32): void {
  const kind = load<u32>(core, FLAGS_KIND);
  const a = load<u64>(core, FLAGS_A);
  store<u32>(core, kind == 0 ? <u32>a : call_indirect<u32>(TABLE_NZCV, kind, a, load<u64>(core, FLAGS_B)), NZCV);
}

/** Runs a region, and those that follow it, from the run loop; gives the next PC. */
export function enterRegion(core: u32, handler: i32, pc: u64): u64 {
  takeFlags(core);
  store<u32>(core, 0, UNWINDS);
  increment(core, COUNT_REGION_ENTRIES);
  const fuel = load<i64>(core, FUEL);
  store<u32>(core, 0, REGION_STACK);
  let next = call_indirect<u64>(handler, core, 0, pc);
  if (next != pc && load<u32>(core, BTYPE) == 0) next = follow(core, next, 0, FAULT_PC, 0);
  increment(core, COUNT_REGION_INSTRUCTIONS, fuel - load<i64>(core, FUEL));
  settleFlags(core);
  return next;
}

/** Remembers where the indirect branch at `pc` went: for the selection of regions. */
export function noteBranch(core: u32, pc: u64, target: u64): void {
  const last = core + ((<u32>(pc >>> 2) & (BRANCH_TARGET_ENTRIES - 1)) << 4);
  store<u64>(last, pc, BRANCH_TARGETS);
  store<u64>(last, target, BRANCH_TARGETS + 8);
  const hash = <u32>(pc >>> 2) * BRANCH_EDGE_FACTOR + <u32>(target >>> 2);
  const edge = core + ((hash & (BRANCH_EDGE_ENTRIES - 1)) << 4);
  store<u64>(edge, pc, BRANCH_EDGES);
  store<u64>(edge, target, BRANCH_EDGES + 8);
}

// @ts-ignore: decorators
@inline
function unpack(core: u32, packed: u32, low: u32, high: u32): void {
  const counts = load<u64>(core + packed);
  if (counts == 0) return;
  increment(core, low, counts & 0xffffffff);
  increment(core, high, counts >>> 32);
  store<u64>(core + packed, 0);
}

/** Adds what regions have counted to the core's counters. Often enough that no half overflows: a slice has less than 2^32 instructions. */
export function unpackCounts(core: u32): void {
  unpack(core, PACKED_ACCESSES, COUNT_READS, COUNT_WRITES);
  unpack(core, PACKED_JUMPS, COUNT_BRANCH_DIRECT, COUNT_BRANCH_CONDITIONAL);
  unpack(core, PACKED_CALLS, COUNT_BRANCH_CALL, COUNT_BRANCH_RETURN);
  unpack(core, PACKED_INDIRECT, COUNT_BRANCH_INDIRECT, COUNT_BRANCH_INDIRECT_CALL);
}
