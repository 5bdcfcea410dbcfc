/** Makes a key: its text is assembled, placed and loaded, and its addresses noted. */
import type { Machine } from "../../engine/index.js";
import { type Design, type DesignName, type KeyText, procedureSymbol } from "./design.js";
import { designs } from "./designs.js";
import { StaticCallError } from "./errors.js";
import { writableAlias } from "./placement.js";
import { placementOf, return0Text, symbolAddress } from "./placements.js";
import { linkSites, noteKey } from "./sites.js";
import { weaken } from "./weaken.js";
import { alignDoubleword, type PatchFaults, sectionAlignment } from "./weakening.js";

/** A function: a symbol of the machine or an address; null for none; "RET0" for a function that returns 0. */
export type Target = string | bigint | null;

export interface StaticCallOptions {
  /** Part of the symbols `__SCT__<name>` and `__SCK__<name>`; unique on its machine. */
  readonly name: string;
  readonly design: DesignName;
  /** Default null (DEFINE_STATIC_CALL_NULL). */
  readonly target?: Target;
  /** kCFI type hash, 32 bits. Default: the word before the target. */
  readonly type?: number;
  /** Protections taken away from the design. */
  readonly faults?: PatchFaults;
}

/** The target that makes a call return 0 (DEFINE_STATIC_CALL_RET0). */
export const RET0 = "RET0";

/** The arguments of a design's patch procedure, besides the target and the key, and where it stands. */
export interface Update {
  readonly procedure: bigint;
  readonly patched: bigint;
  readonly writable: bigint;
}

/** A key that has been loaded. */
export interface Key {
  readonly design: Design;
  /** The address of one of its symbols. */
  readonly symbol: (name: string) => bigint;
  readonly text: KeyText;
  readonly address: bigint;
  /** What the host calls, unconditionally and not. */
  readonly entry: bigint;
  readonly conditionalEntry: bigint;
  /** The function that RET0 stands for. */
  readonly return0: bigint;
  /** Absent when the target can't change. */
  readonly update: Update | undefined;
}

const frame = (label: string, site: string): string => `
${label}:
	hint	34
	stp	x29, x30, [sp, #-16]!
	mov	x29, sp
${site}
	ldp	x29, x30, [sp], #16
	ret
`;

/** For designs whose call site is more than a branch to one address: functions that hold the site, for the host to call. */
function siteCallers(design: Design, key: KeyText): string {
  const { sites, site, conditionalSite } = design;
  const caller = `\t.text\n${frame(`__static_call.${key.name}`, site(key))}`;
  if (conditionalSite === undefined) return sites === true ? caller : "";
  // Its type is checked or was: RET0 needs a function of the key's own.
  return `
	.text
	.balign	4
	.word	0x${key.type.toString(16)}
${return0Text(`__static_call_return0.${key.name}`)}
${caller}
${frame(`__static_call_cond.${key.name}`, conditionalSite(key))}
`;
}

/** The address that a target stands for, 0 for none. Throws a StaticCallError if no instruction can stand there. */
export function targetAddress(machine: Machine, target: Target, return0Address: bigint): bigint {
  if (target === null) return 0n;
  if (target === RET0) return return0Address;
  const address = typeof target === "bigint" ? BigInt.asUintN(64, target) : symbolAddress(machine, target);
  if (address % 4n !== 0n) {
    throw new StaticCallError("bad-target", `target 0x${address.toString(16)} is not a multiple of 4`);
  }
  return address;
}

function typeOf(machine: Machine, { name, design, type }: StaticCallOptions, target: bigint): number {
  if (type !== undefined) return type >>> 0;
  if (design !== "kcfi") return 0;
  if (target === 0n) {
    throw new StaticCallError("no-type", `static call '${name}' has no target to take its kCFI type from: give 'type'`);
  }
  return machine.readU32(target - 4n);
}

/** The symbol of the design's patch procedure, loaded when a machine first needs it; undefined if it has none. */
export function procedureOf(machine: Machine, design: Design): string | undefined {
  const { name, patch } = design;
  if (patch === undefined) return undefined;
  const symbol = procedureSymbol(design);
  if (machine.symbols.has(symbol)) return symbol;
  placementOf(machine).load(`\t.text\n\t.balign 4\n${symbol}:\n${patch}`, `${name}.s`);
  return symbol;
}

export function updateOf(machine: Machine, design: Design, symbol: Key["symbol"], name: string): Key["update"] {
  const procedure = procedureOf(machine, design);
  if (procedure === undefined || design.patched === undefined) return undefined;
  const patched = symbol(design.patched(name));
  return { procedure: symbolAddress(machine, procedure), patched, writable: writableAlias(machine, patched) };
}

function checkName(machine: Machine, name: string): void {
  if (!/^[A-Za-z0-9_.$]+$/.test(name)) {
    throw new StaticCallError("bad-name", `'${name}' can't be part of a symbol: letters, digits, _ . and $ only`);
  }
  if (machine.symbols.has(`__SCK__${name}`)) {
    throw new StaticCallError("duplicate", `the machine already has a static call '${name}'`);
  }
}

/** Loads a key whose target is `options.target`, except that RET0 and a target out of B's reach need an update. */
export function defineKey(machine: Machine, options: StaticCallOptions): Key {
  const { name, target = null, faults = {} } = options;
  const design = weaken(designs[options.design], faults);
  checkName(machine, name);
  const placement = placementOf(machine);
  const shared = symbolAddress(machine, "__static_call_return0");
  const address = targetAddress(machine, target, shared);
  if (design.patch === undefined && address === 0n) {
    throw new StaticCallError("fixed-target", `a static call of design '${design.name}' needs its target at once`);
  }
  const text: KeyText = {
    name,
    func: address === 0n ? "0" : `__SCF__${name}`,
    near: address !== 0n && placement.near(address),
    type: typeOf(machine, options, target === RET0 ? 0n : address),
  };
  const align = design.alignKey ?? alignDoubleword({});
  const tables = design.sites === true ? "\t.quad	0\n" : "";
  const key = `\t.section .data, "aw"\n${align}__SCK__${name}:\n\t.quad ${text.func}\n${tables}`;
  const func = new Map([[`__SCF__${name}`, address]]);
  const definition = `${key}${design.define(text)}${siteCallers(design, text)}`;
  const program = placement.load(definition, `${name}.s`, func, sectionAlignment(faults));
  const symbol = (symbolName: string): bigint => symbolAddress(machine, symbolName);
  const at = (prefix: string): bigint => symbol(`${prefix}${name}`);
  const { sites, conditionalSite } = design;
  const entry = sites === true || conditionalSite !== undefined ? at("__static_call.") : at("__SCT__");
  const made: Key = {
    design,
    symbol,
    text,
    address: at("__SCK__"),
    entry,
    conditionalEntry: conditionalSite === undefined ? entry : at("__static_call_cond."),
    return0: conditionalSite === undefined ? shared : at("__static_call_return0."),
    update: updateOf(machine, design, symbol, name),
  };
  if (sites === true && made.update !== undefined) {
    noteKey(machine, made.address, name, made.update);
    linkSites(machine, program);
  }
  return made;
}
