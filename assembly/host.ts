/** What the core asks of the thread it runs in. Guest state in the core's block is exact when these are called. */

/** The heat of the branch target `pc` has reached HEAT_THRESHOLD. */
// @ts-ignore: decorators
@external("host", "hot")
export declare function hot(core: u32, pc: u64): void;

/** Words of the 64-byte line at guest address `line` left this core's instruction cache or were replaced in it; bit i is word i. */
// @ts-ignore: decorators
@external("host", "dropped")
export declare function dropped(core: u32, line: u64, mask: u32): void;

/** What the compiled region with this table index assumes keeps failing. */
// @ts-ignore: decorators
@external("host", "missed")
export declare function missed(core: u32, region: i32): void;

/** SP_CHECKS is not zero any more: regions that do not check must not be entered. */
// @ts-ignore: decorators
@external("host", "checksSP")
export declare function checksSP(core: u32): void;

/** The system counter, in ticks: what CNTVCT_EL0 reads. An integer. */
// @ts-ignore: decorators
@external("host", "counter")
export declare function counter(): f64;

// Waiting is the host's because the baseline compiler of V8 11.3 (node 20) loses locals that live across wasm's own instruction.

/** Sleeps while the u32 at `address` of the shared memory is `value`, half a millisecond at most. */
// @ts-ignore: decorators
@external("host", "sleep")
export declare function sleep(address: u32, value: u32): void;

/** Wakes whoever sleeps at `address`. */
// @ts-ignore: decorators
@external("host", "notify")
export declare function notify(address: u32): void;
