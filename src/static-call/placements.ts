/** Each machine's placement of static calls, which begins with the function that RET0 stands for. */
import { type Machine, UnknownSymbolError } from "../../engine/index.js";
import { Placement } from "./placement.js";

/** What each machine has been given so far; an entry goes when its machine goes. */
const placements = new WeakMap<Machine, Placement>();

/** A function that returns 0. */
export const return0Text = (label: string): string => `
	.text
${label}:
	hint	34
	mov	x0, #0
	ret
`;

export function placementOf(machine: Machine): Placement {
  const known = placements.get(machine);
  if (known !== undefined) return known;
  const made = new Placement(machine);
  placements.set(machine, made);
  made.load(return0Text("__static_call_return0"), "static_call.s");
  return made;
}

export function symbolAddress(machine: Machine, symbol: string): bigint {
  const address = machine.symbols.get(symbol);
  if (address === undefined) throw new UnknownSymbolError(symbol);
  return address;
}
