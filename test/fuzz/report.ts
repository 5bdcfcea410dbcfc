/** All that is needed to see what two machines did differently, and to do it again. */
import { disassemble } from "cmodx/engine";
import * as layout from "#assembly/layout.js";
import { wordFor } from "../support/encode.js";
import { describeStates } from "../support/rig.js";
import { Campaign, type Difference, type Oracles, oracleCase } from "./campaign.js";
import { batchOf, type Case } from "./cases.js";
import { fuzzWindows } from "./layout.js";
import { Engine, oracleWindows } from "./machines.js";
import { writeRegisters } from "./registers.js";
import { shrink } from "./shrink.js";

const NOP = wordFor("nop");
/** Doublewords of memory that are shown. */
const MEMORY_LINES = 12;

/** The cases that stand in the machines beside one, which may be another than the seed has there. */
function neighbours(seed: string, of: Case): Case[] {
  return batchOf(seed, of.number).map((other) => (other.number === of.number ? of : other));
}

/** One case in machines of its own, beside the code of its batch; the difference if there is one. */
export async function replay(seed: string, oracles: Oracles, of: Case): Promise<Difference | undefined> {
  const campaign = await Campaign.create(seed, oracles);
  try {
    return (await campaign.batch([of], neighbours(seed, of))) ?? (await campaign.end());
  } finally {
    campaign.dispose();
  }
}

/** States and memories of the run that differed. */
interface Witness {
  readonly names: readonly [string, string];
  readonly before: Uint32Array;
  readonly after: readonly [Uint32Array, Uint32Array];
  readonly memory: readonly [Buffer, Buffer];
  readonly isCompiled: (pc: bigint) => boolean;
}

/** Runs up to the state that differed, and looks. */
async function witness(seed: string, oracles: Oracles, { of, state, between }: Difference): Promise<Witness> {
  const all = neighbours(seed, of);
  const engines = [await Engine.interpreter(seed), await Engine.compiled(seed, of.number)] as const;
  const [interpreter, compiled] = engines;
  for (const engine of engines) engine.place(all);
  let before = interpreter.rig.snapshot();
  let stop = 0;
  for (const [index, one] of of.states.slice(0, state + 1).entries()) {
    for (const engine of engines) engine.prepare(of, one);
    before = interpreter.rig.snapshot();
    stop = interpreter.rig.run(one.count);
    if (index === of.compiledAt) for (const head of of.heads) compiled.rig.forceCompile(head);
    compiled.rig.run(one.count);
  }
  const ours = interpreter.rig.snapshot();
  const heads = new Set(of.heads.filter((head) => compiled.rig.isCompiled(head)));
  const isCompiled = (pc: bigint): boolean => heads.has(pc);
  try {
    if (between === "interpreter and compiled code") {
      const memory = [interpreter.copyMemory(), compiled.copyMemory()] as const;
      const after = [ours, compiled.rig.snapshot()] as const;
      return { names: ["interpreter", "compiled"], before, after, memory, isCompiled };
    }
    const outcome = interpreter.outcome(stop, of.states[state]?.count ?? 0, of.oracle);
    const [result] = await oracles[of.oracle].run(
      oracleWindows(seed, all),
      [oracleCase({ of, state, ours: outcome })],
      true,
    );
    if (result?.memory === undefined) throw new Error(`${of.oracle} gave no result`);
    const theirs = new Uint32Array(layout.SLOTS / 4);
    theirs.set(ours);
    const fields = new BigUint64Array(theirs.buffer);
    writeRegisters(fields, result.registers);
    fields[layout.PC / 8] = result.pc;
    const memory = [interpreter.copyMemory(), result.memory] as const;
    return { names: ["cmodx", of.oracle], before, after: [ours, theirs], memory, isCompiled };
  } finally {
    for (const { rig } of engines) rig.dispose();
  }
}

function listing(of: Case, isCompiled: (pc: bigint) => boolean): string[] {
  return [...of.code].flatMap(([address, words]) =>
    words.flatMap((word, i) => {
      const at = address + BigInt(4 * i);
      if (word === NOP && !of.heads.includes(at)) return [];
      const text = (disassemble(word, at) ?? "(undefined)").replaceAll("\t", " ");
      return `  ${at.toString(16)}${isCompiled(at) ? "*" : " "} ${word.toString(16).padStart(8, "0")}  ${text}`;
    }),
  );
}

function memoryLines([a, b]: readonly [Buffer, Buffer]): string[] {
  const lines: string[] = [];
  let offset = 0;
  for (const { name, address, size, access } of fuzzWindows) {
    if (!access.includes("w")) continue;
    for (let at = 0; at < size; at += 8) {
      const [x, y] = [a.readBigUInt64LE(offset + at), b.readBigUInt64LE(offset + at)];
      if (x === y) continue;
      const hex = (value: bigint): string => value.toString(16).padStart(16, "0");
      lines.push(`>> [${(address + BigInt(at)).toString(16)}] (${name}+0x${at.toString(16)})  ${hex(x)}  ${hex(y)}`);
    }
    offset += size;
  }
  return lines.length <= MEMORY_LINES
    ? lines
    : [...lines.slice(0, MEMORY_LINES), `   and ${lines.length - MEMORY_LINES} doublewords more`];
}

/** The code and the states of a difference. */
export async function describeDifference(seed: string, oracles: Oracles, difference: Difference): Promise<string> {
  const { of, state } = difference;
  const { names, before, after, memory, isCompiled } = await witness(seed, oracles, difference);
  return [
    `Code (* a region begins here; NOPs are left out), of which ${of.states[state]?.count} instructions are executed from ${of.start.toString(16)}:`,
    ...listing(of, isCompiled),
    `State before and after, what differs is marked with >>:`,
    describeStates(["before", ...names], [before, ...after]),
    ...(memory[0].equals(memory[1]) ? [] : [`Memory, ${names.join(" and ")}:`, ...memoryLines(memory)]),
  ].join("\n");
}

/** The whole report on a difference, with a smaller case that still shows it. Takes some seconds. */
export async function report(seed: string, oracles: Oracles, found: Difference): Promise<string> {
  const { of, between } = found;
  const head = [
    `DIFFERENCE between ${between}: seed ${seed}, case ${of.number} (${of.kind === "1" ? "a single instruction" : `a program of ${of.kind}`}), state ${found.state}`,
    ...found.problems.map((problem) => `  ${problem}`),
    `Replay: npm run fuzz -- --seed ${seed} --case ${of.number}`,
  ];
  const again = await replay(seed, oracles, of);
  if (again === undefined) {
    const first = of.number - (of.number % 100);
    return [
      ...head,
      `Alone it does not happen: it needs the cases before it (from ${first} on) in the same machine.`,
      await describeDifference(seed, oracles, found),
    ].join("\n");
  }
  const smaller = await shrink(of, again.state, async (candidate) => {
    const difference = await replay(seed, oracles, candidate);
    return difference?.between === between;
  });
  const last = (await replay(seed, oracles, smaller)) ?? again;
  return [...head, await describeDifference(seed, oracles, last)].join("\n");
}
