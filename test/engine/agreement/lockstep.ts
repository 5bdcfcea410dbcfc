/** Two machines running one program side by side. */
import * as layout from "#assembly/layout.js";
import { disassemble } from "#engine/a64/disassembler.js";
import { describeStates, differingMemory, type Rig, sameState } from "../../support/rig.js";
import { type Program, programWindows, TEXT, VECTORS } from "./programs.js";

const LINE = 64n;

/** Puts a program's code, data and state into a machine, whatever ran there before; `spChecks`: SCTLR_EL1.<SA0, SA>. */
export function loadProgram(rig: Rig, program: Program, spChecks = 0): void {
  for (const name of ["text", "modules"]) clear(rig, name);
  for (const [address, words] of program.code) rig.place(address, words);
  const random = Uint32Array.from({ length: 2048 }, (_, i) => Math.imul(i + 1, 0x9e3779b1) ^ program.fill);
  for (const [address, bytes] of [
    [0xffff_8000_2000_0000n, 8192],
    [0xffff_8000_2000_2000n, 4096],
    [0xffff_8000_f000_0000n, 4096],
  ] as const) {
    rig.machine.write(address, new Uint8Array(random.buffer, 0, bytes));
  }
  const { state } = rig;
  state.words32.fill(0, 0, layout.STATE_BYTES / 4);
  state.set32(layout.PENDING, 0);
  state.words32.fill(0, layout.MAINTENANCE / 4, (layout.MAINTENANCE + layout.MAINTENANCE_BYTES) / 4);
  program.registers.forEach((value, n) => {
    state.set64(layout.X + 8 * n, value);
  });
  // Where that matters it is not aligned in every second program.
  state.set64(layout.SP, program.sp + (spChecks === 0 ? 0n : BigInt(program.fill & 8)));
  state.set64(layout.SP_BANKED, program.sp);
  state.set64(layout.PC, TEXT);
  state.set32(layout.NZCV, program.nzcv);
  state.set32(layout.EL, program.el);
  state.set32(layout.SPSEL, 1);
  state.set32(layout.SP_CHECKS, spChecks);
  state.set32(layout.VBAR_SET, program.vectors ? 1 : 0);
  state.set64(layout.VBAR_EL1, VECTORS);
  fetchAll(rig);
}

function clear(rig: Rig, name: string): void {
  const window = programWindows.find((candidate) => candidate.name === name);
  if (window === undefined) throw new Error(`no window '${name}'`);
  rig.machine.write(window.address, new Uint8Array(window.size));
  rig.machine.cleanAndInvalidate(window.address, window.size);
}

/** Every line of code is held from the start: when a core first fetches is its own business, and may differ. */
export function fetchAll({ internals, state }: Rig): void {
  for (const { spec, base, size } of internals.map.windows) {
    if (!spec.access.includes("x")) continue;
    for (let offset = 0n; offset < BigInt(size); offset += LINE) internals.exports.fill(state.block, base + offset);
  }
}

/** What is wrong between a machine and the one that it should be like; empty if nothing is. */
export function disagreements(reference: Rig, rig: Rig, stops: readonly [number, number]): string[] {
  const problems = differingMemory(reference, rig);
  if (stops[0] !== stops[1]) problems.push(`run() ended with ${stops[0]} / ${stops[1]}`);
  if (!sameState(reference, rig)) problems.push("registers differ");
  const maintenance = ({ state }: Rig): Buffer =>
    Buffer.from(state.view.buffer, state.block + layout.MAINTENANCE, layout.MAINTENANCE_BYTES);
  if (maintenance(reference).compare(maintenance(rig)) !== 0) problems.push("the lists of pending maintenance differ");
  problems.push(...differingWords(reference, rig));
  try {
    rig.regions.assertConsistent();
  } catch (error) {
    problems.push(String(error));
  }
  return problems;
}

/** Words held by the instruction caches. */
function differingWords(a: Rig, b: Rig): string[] {
  const found: string[] = [];
  for (const [index, window] of a.internals.map.windows.entries()) {
    const [first] = window.slots;
    const [second] = b.internals.map.windows[index]?.slots ?? [];
    if (first === undefined || first === 0 || second === undefined) continue;
    const x = new Uint32Array(a.internals.memory.buffer, first, window.size / 2);
    const y = new Uint32Array(b.internals.memory.buffer, second, window.size / 2);
    for (let i = 0; i < x.length; i += 2) {
      if (x[i] !== y[i])
        found.push(
          `the word held for 0x${(window.base + BigInt(2 * i)).toString(16)} is ${x[i]?.toString(16)} / ${y[i]?.toString(16)}`,
        );
    }
  }
  return found;
}

export function describeProgram(program: Program, reference: Rig, rig: Rig, before: Uint32Array): string {
  const lines: string[] = [];
  for (const [address, words] of program.code) {
    words.forEach((value, i) => {
      const at = address + BigInt(4 * i);
      const held = reference.machine.core.cachedWord(at);
      const text = (disassemble(value, at) ?? "(undefined)").replaceAll("\t", " ");
      const patched =
        held === value || held === undefined ? "" : `   now ${disassemble(held, at)?.replaceAll("\t", " ")}`;
      lines.push(
        `  ${at.toString(16)}${rig.isCompiled(at) ? "*" : " "} ${value.toString(16).padStart(8, "0")}  ${text}${patched}`,
      );
    });
  }
  const states = describeStates(["before", "interpreter", "compiled"], [before, reference.snapshot(), rig.snapshot()]);
  return `${lines.join("\n")}\n${states}`;
}
