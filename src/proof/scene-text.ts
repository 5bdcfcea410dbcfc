/** The texts that surround a design's own in a scene: targets, callers, and a patcher. */
import type { SceneOptions, StateName, Synchronisation } from "./scene-options.js";

/** What is in x0 before a call, and after one that called nothing. */
export const NOTHING = 99n;
/** The kCFI hash of the key and of all targets. */
export const TYPE = 0x1234_5678;
/** x19 and up hold what the calls returned; x18 whether the message had come. */
export const FIRST_RESULT = 19;

/** A function that can be told from the others by what it returns, with a kCFI hash before it. */
function target(label: string, value: bigint): string {
  return `
	.balign	8
	.word	0, 0x${TYPE.toString(16)}
${label}:
	hint	34
	mov	x0, #${value}
	ret
`;
}

export interface Place {
  readonly label: string | undefined;
  readonly returns: bigint;
}

/** The target of each state: a near or far state that comes again is another function. */
export function placesOf(states: readonly StateName[]): Place[] {
  return states.map((state, index) => {
    if (state === "null") return { label: undefined, returns: NOTHING };
    if (state === "ret0") return { label: "__static_call_return0", returns: 0n };
    return { label: `${state}${index}`, returns: BigInt(index + 1) };
  });
}

export function farSection(index: number): string {
  return `.far${index}.text`;
}

export function functionsText(states: readonly StateName[], places: readonly Place[]): string {
  const place = (index: number): string => target(places[index]?.label ?? "", places[index]?.returns ?? 0n);
  const near = states.map((state, index) => (state === "near" ? place(index) : ""));
  const far = states.map((state, index) =>
    state === "far" ? `\t.section ${farSection(index)}, "ax"\n${place(index)}` : "",
  );
  return `	.text
${target("__static_call_return0", 0n)}${near.join("")}${far.join("")}`;
}

const waiting: Readonly<Record<Synchronisation, string>> = {
  none: "",
  acquire: "	ldar	w18, [x28]\n",
  "acquire-isb": "	ldar	w18, [x28]\n	isb\n",
  "control-isb": "	ldar	w18, [x28]\n	cbnz	w18, . + 4\n	isb\n",
  "dsb-isb": "	ldr	w18, [x28]\n	dsb	ish\n	isb\n",
  // The IPI's handler answers after it was entered: a context synchronisation event after the message.
  interrupt: "	ldr	w18, [x28]\n	dsb	ish\n	svc	#0\n",
};

export function callerText(caller: number, { calls, synchronisation = "none" }: SceneOptions, site: string): string {
  const call = (index: number): string => `	mov	x0, #${NOTHING}
${site}
	mov	x${FIRST_RESULT + index}, x0
`;
  return `
	.text
caller${caller}:
${waiting[synchronisation]}${Array.from({ length: calls }, (_, index) => call(index)).join("")}caller${caller}.end:
	nop
`;
}

export function patcherText(
  places: readonly Place[],
  procedure: string,
  { synchronisation = "none" }: SceneOptions,
): string {
  const updates = places.slice(1).map(
    (_, index) => `	mov	x0, x20
	mov	x1, x20
	mov	x2, x${22 + index}
	mov	x3, x21
	bl	${procedure}
`,
  );
  const message = synchronisation === "none" ? "" : "	mov	w9, #1\n	stlr	w9, [x28]\n";
  return `
	.text
patcher:
${updates.join("")}${message}patcher.end:
	nop
return_from_interrupt:
	eret
return_from_interrupt.end:
	nop
	.balign	4
${procedure}:
`;
}
