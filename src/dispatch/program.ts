/**
 * What is measured: a loop { call; subs; b.ne } around a function { bti c; add; ret }, one loop for each
 * design and state. Every column of every table and bench executes these same words.
 */
import { assemble, type Machine } from "../../engine/index.js";
import type { Target } from "../static-call/define.js";
import type { DesignName } from "../static-call/design.js";
import { linkSites } from "../static-call/sites.js";
import { StaticCall } from "../static-call/static-call.js";

/** A design in one of its states. */
export interface Case {
  readonly design: DesignName;
  /** The state's name in the design. */
  readonly state: string;
  readonly target: Target;
  /** Whether each turn calls the function, so that the loop's result is the number of turns. */
  readonly calls: boolean;
}

export const cases: readonly Case[] = [
  { design: "direct", state: "BL", target: "callee", calls: true },
  { design: "hybrid", state: "RET", target: null, calls: false },
  { design: "hybrid", state: "B", target: "callee", calls: true },
  { design: "hybrid", state: "NOP+literal", target: "callee_far", calls: true },
  { design: "pointer", state: "BLR", target: "callee", calls: true },
  { design: "kcfi", state: "BLR checked", target: "callee", calls: true },
  { design: "literal", state: "literal", target: "callee", calls: true },
  { design: "literal", state: "NULL", target: null, calls: false },
  { design: "inline", state: "NOP", target: null, calls: false },
  { design: "inline", state: "BL", target: "callee", calls: true },
  { design: "inline", state: "BL trampoline", target: "callee_far", calls: true },
];

/** clang's kCFI hash of a function of this type would stand here; any 32 bits serve. */
const TYPE_HASH = 0xa5408f1d;

const callee = (label: string): string => `
	.balign	16
	.word	0x${TYPE_HASH.toString(16)}
${label}:
	bti	c
	add	x0, x0, #1
	ret
`;

/**
 * A function that makes a call at `site` x0 times, at least once: x0 passed from call to call, 0 at first. So with the function
 * above it gives the number of times that this was called.
 */
export const callLoop = (label: string, site: string): string => `
	.balign	64
${label}:
	bti	c
	stp	x29, x30, [sp, #-32]!
	mov	x29, sp
	str	x19, [sp, #16]
	mov	x19, x0
	mov	x0, #0
	.balign	16
1:
${site}
	subs	x19, x19, #1
	b.ne	1b
	ldr	x19, [sp, #16]
	ldp	x29, x30, [sp], #32
	ret
`;

/** A case that has been loaded. */
export interface LoadedCase extends Case {
  /** The symbol of its loop. */
  readonly loop: string;
  readonly key: StaticCall;
}

/**
 * Loads the functions, a key and a loop for every case into a machine with the windows text, modules (out of
 * the reach of B from text), data and stack.
 */
export function loadCases(machine: Machine, selected: readonly Case[] = cases): LoadedCase[] {
  const text = machine.window("text").address;
  machine.load(assemble(callee("callee"), { base: text, file: "callee.s" }));
  machine.load(assemble(callee("callee_far"), { base: machine.window("modules").address, file: "callee_far.s" }));
  const loaded = selected.map((each, index) => {
    const name = `${each.design}_${index}`;
    const key = StaticCall.define(machine, { name, design: each.design, target: each.target, type: TYPE_HASH });
    return { ...each, loop: `loop_${name}`, key };
  });
  const source = loaded.map((each) => callLoop(each.loop, each.key.site)).join("");
  const loops = assemble(source, { base: text + 4096n, symbols: machine.symbols, file: "loops.s" });
  machine.load(loops);
  linkSites(machine, loops);
  return loaded;
}
