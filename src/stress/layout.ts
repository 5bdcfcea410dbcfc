/**
 * Where the guest's words of a campaign stand: shared by the text that the cores execute and by the host that reads them.
 * What one core writes all the time has lines of its own.
 */

/** Offsets in the control block, `stress_control`. */
export const control = {
  /** u64: the last update that has returned. Written with STLR. */
  done: 0,
  /** u64: the last update that was begun. */
  begin: 64,
  /** u32 each: the ticket lock that serialises updates, as text_mutex does. */
  ticket: 128,
  owner: 192,
  /** u32: nonzero tells every core to return. The host sets it. */
  stop: 256,
  /** u64 each, held by the lock: place in the schedule, index of the current target, updates that are left. */
  position: 320,
  current: 328,
  updatesLeft: 336,
  /** u64: ticks of CNTVCT_EL0 between updates, on average. */
  period: 344,
  bytes: 384,
} as const;

/** An entry of the ring `stress_history`, one for each of the last updates: what it made current, and when. */
export const history = {
  /** Entries; a power of two. No caller's window of epochs is longer: patchers wait for the slowest caller. */
  entries: 4096,
  shift: 5,
  /** u64: what the target returns. */
  value: 0,
  /** u64: index of the target's state. */
  state: 8,
  /** u64: CNTVCT_EL0 before the first store, and after the patch procedure has returned. */
  begun: 16,
  returned: 24,
} as const;

/** An entry of `stress_targets`. */
export const target = { shift: 5, address: 0, value: 8, state: 16 } as const;

/** Calls whose window held an update, by what they came to. */
export const outcomes = ["old", "new", "stale"] as const;
export type Outcome = (typeof outcomes)[number];

export const MAX_STATES = 4;
const TRANSITION_CELLS = MAX_STATES * MAX_STATES;
export const HISTOGRAM_BUCKETS = 64;

/** Offsets in a caller's block, `stress_callers` + index << shift. */
export const caller = {
  /** u64: the epoch of its last synchronisation; patchers do not run away from it. All ones: it makes no calls. */
  synchronised: 0,
  /** u64 each. */
  calls: 64,
  synchronisations: 72,
  slow: 80,
  callsLeft: 88,
  seed: 96,
  /** u64: calls that came to the old target although the update had begun before the call. */
  oldInside: 104,
  /** Two u64 that loops work on. */
  scratch: 112,
  /** u64 each: the record of a violation, written before BRK. */
  value: 128,
  doneBefore: 136,
  beginAfter: 144,
  synchronisedAt: 152,
  matched: 160,
  site: 168,
  /** u64 each: [from][to][outcome]. */
  transitions: 192,
  transitionShift: 5,
  /** u64 each, by the binary logarithm of ticks since the update had begun, and since it had returned. */
  sinceBegin: 192 + 32 * TRANSITION_CELLS,
  sinceReturn: 192 + 32 * TRANSITION_CELLS + 8 * HISTOGRAM_BUCKETS,
  shift: 11,
} as const;

/** Offsets in a patcher's block, `stress_patchers` + index << shift. */
export const patcher = {
  updates: 0,
  seed: 8,
  /** u64: ticks of CNTVCT_EL0 that the patch procedures took. */
  ticks: 16,
  /** u64: what it waits for when it gives up with BRK: the index of the caller that is too slow. */
  slowCaller: 24,
  /** u64: when, by CNTVCT_EL0, its next update is due. */
  due: 32,
  /** u64 each: updates by [from][to]. */
  transitions: 64,
  shift: 8,
} as const;

/** What is in x0 before a call, and after one that called nothing. No target returns it. */
export const NOTHING = 0xdeadn;

/** The immediate of the BRK that a core stops at. */
export const breaks = { violation: 0x5c0, slowCaller: 0x5c1 } as const;
