/** Cases executed by Unicorn, through a small C program that is compiled when a test asks for it. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const CODE = 0x1000_0000n;
export const DATA = 0x2000_0000n;
/** X0 to X30, SP and NZCV (bits 31 to 28). */
export const REGISTERS = 33;

const RESULT_BYTES = 16 + 8 * REGISTERS;

export interface Group {
  readonly words: readonly number[];
  /** Instructions to execute; 0: until behind the last word. */
  readonly count: number;
  readonly states: readonly BigUint64Array[];
}

export interface Result {
  /** 0, or Unicorn's error number. */
  readonly error: number;
  /** Of the data afterwards: `hashWords`. */
  readonly hash: number;
  readonly pc: bigint;
  readonly registers: BigUint64Array;
}

/** FNV-1a over 32-bit words. */
export function hashWords(words: Uint32Array): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < words.length; i++) value = Math.imul(value ^ (words[i] as number), 0x01000193);
  return value >>> 0;
}

/** Why there is no Unicorn here; undefined if there is one. */
export function missingUnicorn(): string | undefined {
  try {
    new Unicorn().dispose();
    return undefined;
  } catch {
    return "gcc with Unicorn's header and library is not installed";
  }
}

export class Unicorn {
  readonly #folder = mkdtempSync(join(tmpdir(), "cmodx-unicorn-"));
  readonly #program = join(this.#folder, "unicorn");

  constructor() {
    const source = fileURLToPath(new URL("./harness/unicorn.c", import.meta.url));
    execFileSync("gcc", ["-O2", "-o", this.#program, source, "-lunicorn"], { stdio: "pipe" });
  }

  dispose(): void {
    rmSync(this.#folder, { recursive: true });
  }

  /** Executes every state of every group, each on a fresh copy of `data`. */
  run(groups: readonly Group[], data: Uint8Array): Result[] {
    const [cases, results] = [join(this.#folder, "cases"), join(this.#folder, "results")];
    writeFileSync(cases, Buffer.concat(this.#encode(groups, data)));
    execFileSync(this.#program, [cases, results], { stdio: "pipe" });
    const bytes = readFileSync(results);
    return Array.from({ length: bytes.length / RESULT_BYTES }, (_, i) => decode(bytes, i * RESULT_BYTES));
  }

  #encode(groups: readonly Group[], data: Uint8Array): Uint8Array[] {
    const header = Buffer.alloc(24);
    header.writeUInt32LE(groups.length, 0);
    header.writeUInt32LE(data.length, 4);
    header.writeBigUInt64LE(CODE, 8);
    header.writeBigUInt64LE(DATA, 16);
    const parts: Uint8Array[] = [header, data];
    for (const { words, count, states } of groups) {
      const head = Uint32Array.of(
        words.length,
        states.length,
        count,
        0,
        ...words,
        ...(words.length % 2 === 1 ? [0] : []),
      );
      parts.push(new Uint8Array(head.buffer), ...states.map((state) => new Uint8Array(state.buffer)));
    }
    return parts;
  }
}

function decode(bytes: Buffer, at: number): Result {
  const registers = new BigUint64Array(REGISTERS);
  for (let i = 0; i < REGISTERS; i++) registers[i] = bytes.readBigUInt64LE(at + 16 + 8 * i);
  return {
    error: bytes.readUInt32LE(at),
    hash: bytes.readUInt32LE(at + 4),
    pc: bytes.readBigUInt64LE(at + 8),
    registers,
  };
}
