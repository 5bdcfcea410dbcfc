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

/** The system counter, in ticks: what CNTVCT_EL0 reads. An integer. */
// @ts-ignore: decorators
@external("host", "counter")
export declare function counter(): f64;
