/** The interpreter on the cases that the oracle is given. */
import type { WindowSpec } from "cmodx/engine";
import * as layout from "#assembly/layout.js";
import { disassemble } from "#engine/a64/disassembler.js";
import { Rig } from "../support/rig.js";
import { CODE, DATA, type Group, hashWords, REGISTERS, type Result } from "./unicorn.js";

export const DATA_BYTES = 8192;

export const oracleWindows: readonly WindowSpec[] = [
  { name: "text", address: CODE, size: 4096, access: "rx" },
  { name: "data", address: DATA, size: DATA_BYTES, access: "rw" },
];

const SP = 31;
const NZCV = 32;

/** Outcome of a case here; `alignment`: it ended with the fault that an unaligned atomic access is. */
export interface Outcome extends Omit<Result, "error"> {
  readonly faulted: boolean;
  readonly alignment: boolean;
}

export class Interpreter {
  private constructor(
    private readonly rig: Rig,
    private readonly image: Uint8Array,
    private readonly data: Uint8Array,
    private readonly words: Uint32Array,
  ) {}

  static async create(image: Uint8Array): Promise<Interpreter> {
    const rig = await Rig.create({ windows: oracleWindows, jit: false });
    const host = rig.internals.map.windows[1]?.host as number;
    const { buffer } = rig.internals.memory;
    return new Interpreter(
      rig,
      image,
      new Uint8Array(buffer, host, DATA_BYTES),
      new Uint32Array(buffer, host, DATA_BYTES / 4),
    );
  }

  dispose(): void {
    this.rig.dispose();
  }

  place(words: readonly number[]): void {
    this.rig.place(CODE, [...words, 0]);
  }

  run({ words, count }: Group, registers: BigUint64Array): Outcome {
    const { state } = this.rig;
    this.data.set(this.image);
    state.words32.fill(0, 0, layout.CORE_INDEX / 4);
    for (let n = 0; n < 31; n++) state.words64[layout.X / 8 + n] = registers[n] as bigint;
    state.set64(layout.SP, registers[SP] as bigint);
    state.set32(layout.NZCV, Number((registers[NZCV] as bigint) >> 28n));
    state.set64(layout.PC, CODE);
    state.set32(layout.EL, 1);
    const stop = this.execute(count, CODE + BigInt(4 * words.length));
    const after = new BigUint64Array(REGISTERS);
    for (let n = 0; n < 31; n++) after[n] = state.words64[layout.X / 8 + n] as bigint;
    after[SP] = state.get64(layout.SP);
    after[NZCV] = BigInt(state.get32(layout.NZCV)) << 28n;
    const faulted = stop === layout.STOP_EXCEPTION;
    const alignment = faulted && state.get32(layout.EXCEPTION) === layout.EXCEPTION_DATA_ALIGNMENT;
    return { faulted, alignment, hash: hashWords(this.words), pc: state.get64(layout.PC), registers: after };
  }

  /** `count` instructions, or as many as it takes to come to `end`. */
  private execute(count: number, end: bigint): number {
    if (count > 0) return this.rig.run(count);
    let stop: number = layout.STOP_FUEL;
    while (stop === layout.STOP_FUEL && this.rig.state.get64(layout.PC) !== end) stop = this.rig.run(1);
    return stop;
  }
}

/** UC_ERR_FETCH_UNMAPPED, UC_ERR_FETCH_PROT: Unicorn has executed the branch, and goes on to fetch from its target. */
const FETCH_ERRORS: ReadonlySet<number> = new Set([8, 14]);

/** What differs; empty if both agree, which for a fault means that both have one and changed nothing. */
export function differences(ours: Outcome, theirs: Result): string[] {
  const found: string[] = [];
  const theyFaulted = theirs.error !== 0 && !FETCH_ERRORS.has(theirs.error);
  if (ours.faulted !== theyFaulted)
    found.push(`${ours.faulted ? "a fault" : "no fault"}, oracle error ${theirs.error}`);
  if (ours.hash !== theirs.hash) found.push("memory");
  if (ours.pc !== theirs.pc) found.push(`pc ${ours.pc.toString(16)}, oracle ${theirs.pc.toString(16)}`);
  for (let n = 0; n < REGISTERS; n++) {
    const [a, b] = [ours.registers[n] as bigint, theirs.registers[n] as bigint];
    const name = n === SP ? "sp" : n === NZCV ? "nzcv" : `x${n}`;
    if (a !== b) found.push(`${name} ${a.toString(16)}, oracle ${b.toString(16)}`);
  }
  return found;
}

export function describeCase(
  seed: string,
  { words, count }: Group,
  registers: BigUint64Array,
  found: readonly string[],
): string {
  const listing = words.map((word, i) => {
    const at = CODE + BigInt(4 * i);
    return `  ${at.toString(16)}: ${word.toString(16).padStart(8, "0")}  ${disassemble(word, at)?.replaceAll("\t", " ")}`;
  });
  const before = [...registers]
    .map((value, n) => `${n === SP ? "sp" : n === NZCV ? "nzcv" : `x${n}`}=${value.toString(16)}`)
    .join(" ");
  return `seed ${seed}, ${count === 0 ? "to the end" : `${count} instructions`}: ${found.join("; ")}\n${listing.join("\n")}\n  ${before}`;
}
