/** Tells a violation: what the core did, what it had in its instruction cache and what stands in memory, what was patched before. */
import { type Core, disassemble, GuestFault } from "../../engine/index.js";
import { breaks, caller, control, history, NOTHING } from "./layout.js";
import { callerBlock, KEY, type LoadedStress } from "./program.js";
import type { Violation, ViolationKind } from "./report.js";

const TRAMPOLINE_WORDS = 6;
const UPDATES_TOLD = 6;
const MAINTENANCE_TOLD = 4;
const BYTES_BEFORE = 8n;
const LINK = 30;
/** Registers that trampolines, and the call sites of pointers, load the target into. */
const LITERAL = 16;
const POINTER = 8;
const SITE_BYTES = 16n;
const DONE_BEFORE = 23;
const SYNCHRONISED = 28;
const UNFOUND = (1n << 64n) - 1n;

/** An update as the history has it. */
interface Update {
  readonly number: bigint;
  /** What calls return. */
  readonly value: bigint;
  readonly begun: bigint;
  readonly returned: bigint;
}

const hex = (value: bigint | number): string => `0x${value.toString(16)}`;
const word = (value: number | undefined): string => (value === undefined ? "-" : value.toString(16).padStart(8, "0"));

class Teller {
  readonly #done: bigint;
  readonly #begin: bigint;
  readonly lines: string[] = [];

  constructor(
    readonly loaded: LoadedStress,
    readonly core: Core,
  ) {
    const { machine, symbol } = loaded;
    this.#done = machine.readU64(symbol("stress_control") + BigInt(control.done));
    this.#begin = machine.readU64(symbol("stress_control") + BigInt(control.begin));
  }

  get begin(): bigint {
    return this.#begin;
  }

  /** An update, unless it is too old for the history. */
  update(number: bigint): Update | undefined {
    if (number < 0n || number > this.#begin || this.#begin - number >= BigInt(history.entries)) return undefined;
    const { machine, symbol } = this.loaded;
    const entry = symbol("stress_history") + ((number % BigInt(history.entries)) << BigInt(history.shift));
    const at = (offset: number): bigint => machine.readU64(entry + BigInt(offset));
    return { number, value: at(history.value), begun: at(history.begun), returned: at(history.returned) };
  }

  /** The target that returns a value, by its symbol. */
  target(value: bigint): string {
    const found = this.loaded.targets.find((target) => target.value === value);
    return found === undefined ? hex(value) : (found.label ?? "nothing");
  }

  stateOf(number: bigint): string | undefined {
    const value = this.update(number)?.value;
    return this.loaded.targets.find((target) => target.value === value)?.state;
  }

  where(address: bigint): string {
    return this.loaded.machine.describe(address);
  }

  /** Words of code, in memory and in the core's instruction cache. */
  #tellWords(first: bigint, count: number): void {
    const { machine } = this.loaded;
    for (let index = 0; index < count; index++) {
      const address = first + BigInt(4 * index);
      const memory = machine.readU32(address);
      // Behind the end of the code.
      if (memory === 0) break;
      const cached = this.core.cachedWord(address);
      const text = (value: number): string => (disassemble(value, address) ?? "?").replaceAll("\t", " ");
      const differs = cached !== undefined && cached !== memory;
      const note = differs ? `${text(memory)}   but cached: ${text(cached)}` : text(memory);
      const place = `+${4 * index}`.padEnd(4);
      this.lines.push(`  ${place}${word(memory)} ${differs ? "!" : " "} ${word(cached)}  ${note}`);
    }
  }

  /** The trampoline, in a design that has one. */
  tellTrampoline(): void {
    const first = this.loaded.machine.symbols.get(`__SCT__${KEY}`);
    if (first === undefined) return;
    this.lines.push(`the trampoline ${this.where(first)}, in memory now and in this core's instruction cache:`);
    this.#tellWords(first, TRAMPOLINE_WORDS);
  }

  /** The call site before `address`, in a design that patches call sites. */
  tellSite(address: bigint): void {
    const { machine, symbol, design } = this.loaded;
    if (design.sites !== true) return;
    let nearest = 0n;
    for (let entry = symbol("stress_sites") + 8n; machine.readU64(entry) !== 0n; entry += SITE_BYTES) {
      const site = machine.readU64(entry);
      if (site < address && site > nearest) nearest = site;
    }
    if (nearest === 0n) return;
    this.lines.push(`the call site ${this.where(nearest)}, in memory now and in this core's instruction cache:`);
    this.#tellWords(nearest, 1);
  }

  /** The literal or the pointer, in memory and as it was loaded. */
  tellLiteral(): void {
    const { machine, symbol, design } = this.loaded;
    const patched = design.patched?.(KEY) ?? "";
    const isBefore = patched.startsWith("__SCT__");
    const place = symbol(patched) - (isBefore ? BYTES_BEFORE : 0n);
    const [what, register] = machine.symbols.has(`__SCT__${KEY}`)
      ? (["literal", LITERAL] as const)
      : (["pointer", POINTER] as const);
    this.lines.push(
      `${what}: ${this.pointer(machine.readU64(place))} in memory now; x${register} holds ${this.pointer(this.core.x(register))}`,
    );
  }

  pointer(address: bigint): string {
    if (address === 0n) return "NULL";
    const text = this.where(address);
    return text.includes(hex(address)) ? text : `${text} (${hex(address)})`;
  }

  /** What this core knew of the updates when it called. */
  tellWindow(synchronised: bigint, doneBefore: bigint, beginAfter: bigint | undefined): void {
    this.lines.push(
      `updates that had returned before the caller's last synchronisation: ${synchronised}, before the call: ${doneBefore}` +
        (beginAfter === undefined ? "" : `; begun after the call: ${beginAfter}`),
    );
  }

  /** The last cache maintenance of all cores. */
  tellMaintenance(): void {
    const { machine, campaign } = this.loaded;
    const last = machine.maintenanceLog().slice(-MAINTENANCE_TOLD);
    this.lines.push(last.length === 0 ? "cache maintenance: none" : "the last cache maintenance:");
    for (const { core, operation, address, pc } of last) {
      const role = core < campaign.callers ? `caller ${core}` : `patcher ${core - campaign.callers}`;
      const what = address === undefined ? operation : `${operation} ${this.where(address)}`;
      this.lines.push(`  ${role}: ${what}, by ${this.where(pc)}`);
    }
  }

  /** The last updates, up to the last one that has begun. */
  tellUpdates(around: bigint): void {
    const last = around + BigInt(UPDATES_TOLD / 2) < this.#begin ? around + BigInt(UPDATES_TOLD / 2) : this.#begin;
    this.lines.push("updates:");
    for (let number = last - BigInt(UPDATES_TOLD - 1); number <= last; number++) {
      const update = this.update(number);
      const before = this.update(number - 1n);
      if (update === undefined || before === undefined) continue;
      const returned = number <= this.#done ? `returned after ${update.returned - update.begun} ns` : "under way";
      const since = before.begun === 0n ? "" : `, begun ${update.begun - before.begun} ns after the one before`;
      this.lines.push(`  ${number}: ${this.target(before.value)} to ${this.target(update.value)}${since}, ${returned}`);
    }
  }
}

interface Told {
  readonly kind: ViolationKind;
  readonly title: string;
  /** The update that has to do with it. */
  readonly around: bigint;
}

function tellRecord(teller: Teller, index: number, role: string): Told {
  const { machine } = teller.loaded;
  const block = callerBlock(teller.loaded, index);
  const at = (offset: number): bigint => machine.readU64(block + BigInt(offset));
  const value = at(caller.value);
  const matched = at(caller.matched);
  const beginAfter = at(caller.beginAfter);
  teller.lines.push(`checked at ${teller.where(at(caller.site))}`);
  teller.tellSite(at(caller.site));
  teller.tellWindow(at(caller.synchronisedAt), at(caller.doneBefore), beginAfter);
  const found = teller.target(value);
  const current = teller.target(teller.update(beginAfter)?.value ?? NOTHING);
  if (matched !== UNFOUND) {
    const title = `${role} came to ${found} after it had synchronised; update ${matched + 1n} had replaced that, and ${current} was current`;
    return { kind: "stale", title, around: matched + 1n };
  }
  if (value === NOTHING) {
    return { kind: "nothing", title: `${role} called nothing, though ${current} was current`, around: beginAfter };
  }
  return { kind: "wrong", title: `a call of ${role} came to ${found}, which was never current`, around: beginAfter };
}

function tellFault(teller: Teller, error: GuestFault, isCaller: boolean, role: string): Told {
  const { core, loaded } = teller;
  const { machine } = loaded;
  const { fault } = error;
  const title = `${role} took a fault: ${error.message}`;
  if ("word" in fault) {
    const memory = machine.readU32(fault.pc);
    teller.lines.push(`executed at ${teller.where(fault.pc)}: ${word(fault.word)}, in memory now: ${word(memory)}`);
  }
  if (!isCaller) return { kind: "fault", title, around: teller.begin };
  const done = core.x(DONE_BEFORE);
  teller.lines.push(`x30: ${teller.where(core.x(LINK))}`);
  teller.tellSite(core.x(LINK));
  teller.tellWindow(core.x(SYNCHRONISED), done, undefined);
  return { kind: "fault", title, around: done + 1n > teller.begin ? teller.begin : done + 1n };
}

/** The violation that ended a core's job with `error`; undefined if the error is none. */
export function violationOf(loaded: LoadedStress, core: Core, error: unknown, shard: number): Violation | undefined {
  if (!(error instanceof GuestFault)) return undefined;
  const { callers } = loaded.campaign;
  const isCaller = core.index < callers;
  const role = isCaller ? `caller ${core.index}` : `patcher ${core.index - callers}`;
  const teller = new Teller(loaded, core);
  const { fault } = error;
  const isRecord = isCaller && fault.kind === "brk" && fault.immediate === breaks.violation;
  const told = isRecord ? tellRecord(teller, core.index, role) : tellFault(teller, error, isCaller, role);
  teller.tellTrampoline();
  teller.tellLiteral();
  teller.tellUpdates(told.around);
  teller.tellMaintenance();
  const from = teller.stateOf(told.around - 1n);
  const to = teller.stateOf(told.around);
  return {
    kind: told.kind,
    shard,
    core: core.index,
    ...(from === undefined || to === undefined ? {} : { transition: { from, to } }),
    title: told.title,
    lines: teller.lines,
  };
}
