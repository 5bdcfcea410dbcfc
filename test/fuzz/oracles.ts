/**
 * Cases executed by other machines: Unicorn, which can stop after any number of instructions and has EL1, and qemu-aarch64 in
 * user mode, which is newer and has got right what Unicorn has not. Each through a small C program that is compiled when
 * somebody asks for it.
 */
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { harnessSource } from "./harness.js";
import { comparedSystemRegisters, REGISTERS } from "./registers.js";

/** A range of guest addresses with what stands there when a case begins. */
export interface OracleWindow {
  readonly address: bigint;
  readonly access: "r" | "rw" | "rx" | "rwx";
  readonly image: Uint8Array;
}

export interface OracleCase {
  readonly pc: bigint;
  /** Instructions to execute. */
  readonly count: number;
  readonly registers: BigUint64Array;
}

export interface OracleResult {
  /** Unicorn's error number, or 0; of QEMU the signal that the case ended with. */
  readonly error: number;
  /** `hashWords` of the windows that can be written, afterwards. */
  readonly hash: number;
  /** Instructions executed or tried, by Unicorn. */
  readonly begun: number;
  readonly pc: bigint;
  readonly registers: BigUint64Array;
  /** The windows that can be written, one after the other; undefined unless asked for. */
  readonly memory: Buffer | undefined;
}

const HEADER_BYTES = 16;
const WINDOW_BYTES = 16;
const CASE_BYTES = 16 + 8 * REGISTERS;
const RESULT_BYTES = 24 + 8 * REGISTERS;

const accessBits = { r: 1, rw: 3, rx: 5, rwx: 7 } satisfies Record<OracleWindow["access"], number>;

export const HASH_SEED = 0x811c9dc5;

/** FNV-1a over 32-bit words, going on from `value`. */
export function hashWords(words: Uint32Array, value: number = HASH_SEED): number {
  let hash = value;
  for (let i = 0; i < words.length; i++) hash = Math.imul(hash ^ (words[i] as number), 0x01000193);
  return hash >>> 0;
}

const isWritable = ({ access }: OracleWindow): boolean => access.includes("w");

export type OracleName = "Unicorn" | "QEMU";

/** What compiles an oracle's program, and what runs it. */
interface OracleTools {
  compile(source: string, program: string): readonly string[];
  run(program: string): readonly string[];
}

const tools: Record<OracleName, OracleTools> = {
  Unicorn: {
    compile: (source, program) => ["gcc", "-O2", "-o", program, source, "-lunicorn"],
    run: (program) => [program],
  },
  QEMU: {
    // The handler of signals has no thread's storage to itself when it begins. Where position-independent programs are put, no
    // case comes by: 64 random bits would have to do it.
    compile: (source, program) => [
      "aarch64-linux-gnu-gcc",
      "-static-pie",
      "-fpie",
      "-O1",
      "-fno-stack-protector",
      "-o",
      program,
      source,
    ],
    // Pointer authentication is absent here.
    run: (program) => ["qemu-aarch64", "-cpu", "max,pauth=off", program],
  },
};

/** What has to be installed. */
const packages: Record<OracleName, string> = {
  Unicorn: "gcc with Unicorn's header and library (libunicorn-dev)",
  QEMU: "aarch64-linux-gnu-gcc with its C library (libc6-dev-arm64-cross) or qemu-aarch64 (qemu-user)",
};

/** Why an oracle is not here; undefined if it is. */
export function missingOracle(name: OracleName): string | undefined {
  try {
    if (name === "QEMU") execFileSync("qemu-aarch64", ["--version"], { stdio: "pipe" });
    new Oracle(name).dispose();
    return undefined;
  } catch {
    return `${packages[name]} is not installed`;
  }
}

/** Milliseconds for a batch, far more than it takes. */
const TIME_LIMIT = 120_000;

export class Oracle {
  readonly #folder = mkdtempSync(join(tmpdir(), "cmodx-oracle-"));
  readonly #program = join(this.#folder, "program");
  #runs = 0;

  /** Throws an Error if the program cannot be compiled. */
  constructor(readonly name: OracleName) {
    const [compiler = "", ...flags] = tools[name].compile(harnessSource(name.toLowerCase()), this.#program);
    execFileSync(compiler, flags, { stdio: "pipe" });
  }

  dispose(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Executes every case, each on fresh copies of the windows, while the caller may do something else. */
  async run(
    windows: readonly OracleWindow[],
    cases: readonly OracleCase[],
    wantsMemory = false,
  ): Promise<OracleResult[]> {
    const number = this.#runs++;
    const [input, output] = [join(this.#folder, `cases${number}`), join(this.#folder, `results${number}`)];
    writeFileSync(input, encode(windows, cases, wantsMemory));
    try {
      const [command = "", ...before] = tools[this.name].run(this.#program);
      await promisify(execFile)(command, [...before, input, output], { timeout: TIME_LIMIT });
      const bytes = readFileSync(output);
      const memoryBytes = windows.filter(isWritable).reduce((sum, { image }) => sum + image.length, 0);
      const stride = RESULT_BYTES + (wantsMemory ? memoryBytes : 0);
      return cases.map((_, i) => decode(bytes, i * stride, wantsMemory ? memoryBytes : 0));
    } finally {
      rmSync(input, { force: true });
      rmSync(output, { force: true });
    }
  }
}

function encode(windows: readonly OracleWindow[], cases: readonly OracleCase[], wantsMemory: boolean): Buffer {
  const head = Buffer.alloc(HEADER_BYTES + WINDOW_BYTES * windows.length);
  head.writeUInt32LE(windows.length, 0);
  head.writeUInt32LE(cases.length, 4);
  head.writeUInt32LE(wantsMemory ? 1 : 0, 8);
  head.writeUInt32LE(comparedSystemRegisters.length, 12);
  windows.forEach(({ address, access, image }, i) => {
    const at = HEADER_BYTES + WINDOW_BYTES * i;
    head.writeBigUInt64LE(address, at);
    head.writeUInt32LE(image.length, at + 8);
    head.writeUInt32LE(accessBits[access], at + 12);
  });
  const body = new BigUint64Array((cases.length * CASE_BYTES) / 8);
  cases.forEach(({ pc, count, registers }, i) => {
    const at = (i * CASE_BYTES) / 8;
    body[at] = pc;
    body[at + 1] = BigInt(count);
    body.set(registers, at + 2);
  });
  const encodings = comparedSystemRegisters.flatMap(({ encoding: { op0, op1, CRn, CRm, op2 } }) => [
    op0,
    op1,
    CRn,
    CRm,
    op2,
    0,
    0,
    0,
  ]);
  return Buffer.concat([
    head,
    ...windows.map(({ image }) => image),
    Uint8Array.from(encodings),
    new Uint8Array(body.buffer),
  ]);
}

function decode(bytes: Buffer, at: number, memoryBytes: number): OracleResult {
  const registers = new BigUint64Array(REGISTERS);
  for (let i = 0; i < REGISTERS; i++) registers[i] = bytes.readBigUInt64LE(at + 24 + 8 * i);
  const end = at + RESULT_BYTES;
  return {
    error: bytes.readUInt32LE(at),
    hash: bytes.readUInt32LE(at + 4),
    begun: Number(bytes.readBigUInt64LE(at + 8)),
    pc: bytes.readBigUInt64LE(at + 16),
    registers,
    memory: memoryBytes === 0 ? undefined : bytes.subarray(end, end + memoryBytes),
  };
}
