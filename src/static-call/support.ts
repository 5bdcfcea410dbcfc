/**
 * What compiled code needs of cmodx to have static calls and to update them: what a kernel's core code would be to it.
 *
 *   __static_call_return0           long (void), the target that RET0 stands for
 *   __static_call_update.<design>   the design's patch procedure; design.ts tells its arguments
 *   __patch_map                     { u64 start, end, writable; } []: where what is at an address in [start, end) can
 *                                   be written; an entry of zeroes ends it
 */
import type { Machine } from "../../engine/index.js";
import { procedureOf } from "./define.js";
import type { DesignName } from "./design.js";
import { designs } from "./designs.js";
import { StaticCallError } from "./errors.js";
import { patchMappings } from "./placement.js";
import { placementOf, symbolAddress } from "./placements.js";
import { weaken } from "./weaken.js";
import type { PatchFaults } from "./weakening.js";

const PATCH_MAP = "__patch_map";

function patchMap(machine: Machine): string {
  const rows = [...patchMappings(machine), { start: 0n, end: 0n, writable: 0n }].map(
    ({ start, end, writable }) => `\t.quad ${start}, ${end}, ${writable}\n`,
  );
  return `\t.section .data, "aw"\n\t.balign 8\n${PATCH_MAP}:\n${rows.join("")}`;
}

/**
 * Loads what code of that design needs, where that has not been done yet; gives the symbols, for linkElf.
 * Throws a StaticCallError if the design's target can't change or has nothing of what is to be taken away, or an
 * UnknownWindowError.
 */
export function staticCallSupport(
  machine: Machine,
  design: DesignName = "hybrid",
  faults: PatchFaults = {},
): ReadonlyMap<string, bigint> {
  const placement = placementOf(machine);
  const procedure = procedureOf(machine, weaken(designs[design], faults));
  if (procedure === undefined) {
    throw new StaticCallError("fixed-target", `the target of a static call of design '${design}' can't change`);
  }
  if (!machine.symbols.has(PATCH_MAP)) placement.load(patchMap(machine), "patch_map.s");
  const names = ["__static_call_return0", procedure, PATCH_MAP];
  return new Map(names.map((name) => [name, symbolAddress(machine, name)]));
}
