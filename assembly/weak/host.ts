/** What the weak machine asks of its host. */

/** As Chooser.choose of engine/choices. */
// @ts-ignore: decorators
@external("host", "choose")
export declare function chooseOf(kind: u32, alternatives: u32, detail: u32): u32;

/** One of WEAK_EVENT_*, where somebody looks on. */
// @ts-ignore: decorators
@external("host", "event")
export declare function tell(kind: u32, core: u32, pc: u64, host: u32, bytes: u32, value: u64, time: u32, writer: u32): void;
