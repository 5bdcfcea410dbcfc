/** The program of a campaign: callers, patchers, targets and a key of the design, assembled and loaded. */
import { assemble, defaultWindows, type Machine, type Program, type WindowSpec } from "../../engine/index.js";
import type { StateName } from "../proof/scene-options.js";
import { type Design, type KeyText, procedureSymbol } from "../static-call/design.js";
import { designs } from "../static-call/designs.js";
import { writableAlias } from "../static-call/placement.js";
import { weaken } from "../static-call/weaken.js";
import { callerText, loopNames } from "./caller-text.js";
import { StressError } from "./errors.js";
import { caller, control, history, NOTHING, patcher, target as targetEntry } from "./layout.js";
import type { Campaign } from "./options.js";
import { patcherText } from "./patcher-text.js";
import type { Random } from "./random.js";
import { type StressTarget, schedule } from "./schedule.js";

/** The key's name in symbols. */
export const KEY = "stress";
/** The kCFI hash of the key and of all targets. */
const TYPE = 0x5712_e550;
/** Three of each: whichever two are excluded, there is another one to switch to. */
const TARGETS_A_STATE = 3;
/** Rounds of the schedule, each through every transition. */
const ROUNDS = 256;

/** Offsets within the windows text and modules. Targets differ in most bytes of their addresses, so that a mixture of two is neither. */
const CODE = 0n;
const NEAR = [0x1_1040n, 0x2_23c0n, 0x1_3580n] as const;
const TRAMPOLINES = 0x4_0000n;
/** Offset in the window data. */
const SITE_ENTRIES = 0x10_0000n;
const SITES = ".static_call_sites";
/** An entry of it, and one of a key's table: see design "inline". */
const SITE_BYTES = 16;
const MAX_SITES = 16;
const FAR = [
  { window: "modules", offset: 0x1140n },
  { window: "modules", offset: 0xf_22c0n },
  { window: "far", offset: 0x3380n },
] as const;

/** A campaign's windows: the usual ones, and one whose addresses differ from theirs in the upper word too, so that halves of two targets show. */
export const stressWindows: readonly WindowSpec[] = [
  ...defaultWindows,
  { name: "far", address: 0xffff_9234_c000_0000n, size: 64 << 10, access: "rx", guarded: true },
];

/** Where a target stands. */
export interface Place {
  /** "far" is "modules" in a machine without such a window. */
  readonly window: "text" | "modules" | "far";
  readonly offset: bigint;
}

/** A campaign's program as text and where its sections go: everything that runs, for this machine or another. */
export interface StressProgram {
  readonly text: string;
  readonly targets: readonly StressTarget[];
  /** Section names of the targets, which stand where the text does not say. */
  readonly sections: ReadonlyMap<string, Place>;
}

function targetText(label: string, value: bigint): string {
  return `
	.balign	8
	.word	0, 0x${TYPE.toString(16)}
${label}:
	hint	34			// BTI C
	mov	x0, #${value}
	ret
`;
}

function targetsOf(states: readonly StateName[]): StressTarget[] {
  let value = 0n;
  return states.flatMap((state): StressTarget[] => {
    if (state === "null") return [{ state, label: undefined, value: NOTHING }];
    if (state === "ret0") return [{ state, label: "__static_call_return0", value: 0n }];
    return Array.from({ length: TARGETS_A_STATE }, (_, index) => ({
      state,
      label: `${state}${index}`,
      value: ++value,
    }));
  });
}

/** The design, without the protections that the campaign takes away. */
function stressDesign(campaign: Campaign): Design {
  return weaken(designs[campaign.design], campaign.weakening);
}

/** The rest of a key whose call sites are patched: its table, which the host fills. */
const sitesText = `	.quad	stress_sites
	.balign	64
stress_sites:
	.skip	${8 + SITE_BYTES * (MAX_SITES + 1)}
`;

function dataText(
  design: Design,
  targets: readonly StressTarget[],
  states: readonly StateName[],
  turns: readonly number[],
): string {
  const rows = targets.map(
    ({ label, value, state }) => `	.quad	${label ?? 0}, ${value}, ${states.indexOf(state)}, 0\n`,
  );
  return `	.section .data, "aw"
	.balign	64
stress_control:
	.skip	${control.bytes}
	.balign	64
stress_arguments:
	.quad	${design.patched?.(KEY)}, ${design.patched?.(KEY)}, __SCK__${KEY}
	.balign	64
${design.alignKey ?? ""}__SCK__${KEY}:
	.quad	0
${design.sites === true ? sitesText : ""}	.balign	64
stress_targets:
${rows.join("")}	.balign	64
stress_schedule:
${bytesText(turns)}	.balign	4096
stress_callers:
	.skip	${16 << caller.shift}
stress_patchers:
	.skip	${16 << patcher.shift}
stress_history:
	.skip	${history.entries << history.shift}
	.text
`;
}

const BYTES_A_LINE = 32;

function bytesText(values: readonly number[]): string {
  let text = "";
  for (let first = 0; first < values.length; first += BYTES_A_LINE) {
    text += `	.byte	${values.slice(first, first + BYTES_A_LINE).join(", ")}\n`;
  }
  return text;
}

/** Makes the text. `stress_arguments` holds what the patch procedure is called with: the second word is the first one's writable alias. */
export function stressProgram(campaign: Campaign, random: Random): StressProgram {
  const { states, callers } = campaign;
  const design = stressDesign(campaign);
  const key: KeyText = { name: KEY, func: "0", near: false, type: TYPE };
  const targets = targetsOf(states);
  const turns = schedule(states, targets, ROUNDS, random);
  const sections = new Map<string, Place>();
  const functions = targets.map(({ state, label, value }) => {
    if (label === undefined) return "";
    if (state === "ret0") return `	.text\n${targetText(label, value)}`;
    const section = `.${label}.text`;
    const index = Number(label.at(-1));
    const place = state === "near" ? { window: "text" as const, offset: NEAR[index] ?? 0n } : FAR[index];
    if (place !== undefined) sections.set(section, place);
    return `	.section ${section}, "ax"\n${targetText(label, value)}`;
  });
  const procedure = procedureSymbol(design);
  const text = `${dataText(design, targets, states, turns)}${design.define(key)}
	.text
${callerText(design.site(key))}stress_code_end:
${patcherText({ procedure, callers, scheduled: turns.length })}
	.balign	64
${procedure}:
${design.patch}${functions.join("")}`;
  return { text, targets, sections };
}

/** A campaign's program in a machine. */
export interface LoadedStress {
  readonly machine: Machine;
  readonly campaign: Campaign;
  readonly design: Design;
  readonly targets: readonly StressTarget[];
  symbol(name: string): bigint;
}

function assembleFor(machine: Machine, { text, sections }: StressProgram): Program {
  const hasFar = machine.windows.some(({ name }) => name === "far");
  const at = (window: string, offset: bigint): bigint =>
    machine.window(window === "far" && !hasFar ? "modules" : window).address + offset;
  return assemble(text, {
    base: at("text", CODE),
    sections: {
      ".static_call.text": at("text", TRAMPOLINES),
      ".data": at("data", 0n),
      [SITES]: at("data", SITE_ENTRIES),
      ...Object.fromEntries([...sections].map(([name, { window, offset }]) => [name, at(window, offset)])),
    },
    file: "stress.s",
  });
}

/** Fills the key's table with the call sites, as a kernel does it when it starts. */
function linkSites(machine: Machine, { sections }: Program, table: bigint): void {
  const { address, bytes } = sections.find(({ name }) => name === SITES) ?? { address: 0n, bytes: new Uint8Array() };
  for (let entry = 0; entry < bytes.length; entry += SITE_BYTES) {
    const site = machine.readU64(address + BigInt(entry));
    machine.writeU64(table + BigInt(8 + entry), site);
    machine.writeU64(table + BigInt(16 + entry), writableAlias(machine, site));
  }
}

/** How many ticks of CNTVCT_EL0 a second has. */
const LINE = 64n;
const HERTZ = 1_000_000_000;
const NO_LIMIT = (1n << 64n) - 1n;

/** Loads a campaign's program, and gives the key its first target. `cores`: the first ones call, then come the patchers. */
export function loadStress(machine: Machine, campaign: Campaign, random: Random): LoadedStress {
  const program = stressProgram(campaign, random);
  const assembled = assembleFor(machine, program);
  machine.load(assembled);
  const design = stressDesign(campaign);
  const symbol = (name: string): bigint => {
    const address = machine.symbols.get(name);
    if (address === undefined) throw new StressError("internal", `the program has no symbol ${name}`);
    return address;
  };
  if (design.sites === true) linkSites(machine, assembled, symbol("stress_sites"));
  const loaded = { machine, campaign, design, targets: program.targets, symbol };
  const shared = symbol("stress_control");
  const { calls, updates, callers, patchers, rate } = campaign;
  machine.writeU64(shared + BigInt(control.updatesLeft), updates === undefined ? NO_LIMIT : BigInt(updates));
  machine.writeU64(shared + BigInt(control.period), rate === 0 ? 0n : BigInt(Math.round(HERTZ / rate)));
  for (let index = 0; index < callers; index++) {
    const block = callerBlock(loaded, index);
    // Calls are shared out; the first callers make those that are left over.
    const share =
      calls === undefined ? NO_LIMIT : BigInt(Math.floor(calls / callers) + (index < calls % callers ? 1 : 0));
    machine.writeU64(block + BigInt(caller.callsLeft), share);
    machine.writeU64(block + BigInt(caller.seed), random.state());
    machine.writeU64(block + BigInt(caller.synchronised), NO_LIMIT);
  }
  for (let index = 0; index < patchers; index++) {
    machine.writeU64(patcherBlock(loaded, index) + BigInt(patcher.seed), random.state());
  }
  setFirstTarget(loaded);
  return loaded;
}

export function callerBlock({ symbol }: Pick<LoadedStress, "symbol">, index: number): bigint {
  return symbol("stress_callers") + BigInt(index << caller.shift);
}

export function patcherBlock({ symbol }: Pick<LoadedStress, "symbol">, index: number): bigint {
  return symbol("stress_patchers") + BigInt(index << patcher.shift);
}

/** Update 0: the patch procedure itself, with what it may leave out made up for. */
function setFirstTarget({ machine, design, campaign, targets, symbol }: LoadedStress): void {
  const patched = symbol(design.patched?.(KEY) ?? "");
  const writable = writableAlias(machine, patched);
  machine.writeU64(symbol("stress_arguments") + 8n, writable);
  const [first] = targets;
  const address = first?.label === undefined ? 0n : symbol(first.label);
  const patching = machine.cores[campaign.callers];
  patching?.call(procedureSymbol(design), patched, writable, address, symbol(`__SCK__${KEY}`));
  const code = symbol(`stress_loop_${loopNames[0]}`);
  machine.cleanAndInvalidate(code, Number(symbol("stress_code_end") - code));
  machine.cleanAndInvalidate(patched & -LINE, Number(2n * LINE));
  const entry = symbol("stress_history");
  machine.writeU64(entry + BigInt(history.value), first?.value ?? NOTHING);
  machine.writeU64(symbol("stress_control") + BigInt(control.current), 0n);
}

/** Bytes of an entry of the targets' table. */
export const TARGET_BYTES = 1 << targetEntry.shift;
