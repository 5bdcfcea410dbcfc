/** What runs the programs: cmodx and what it is compared with. Each run is a process of its own, timed from outside. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadElf } from "cmodx/engine";
import { withRounds } from "./rounds.js";
import {
  type Compiler,
  type Level,
  missingFor,
  missingForNative,
  missingForWasm,
  root,
  type Toolchain,
} from "./toolchain.js";

export interface Build {
  readonly program: string;
  readonly compiler: Compiler;
  readonly level: Level;
}

export interface Sample {
  /** Wall time of the whole process. */
  readonly seconds: number;
  /** What the program wrote. */
  readonly text: string;
  /** Peak resident memory in bytes, less the guest's own segments; only of cmodx. */
  readonly peakBytes?: number;
}

/** Runs a program a number of rounds. Throws where it does not end with status 0. */
export type Runner = (rounds: number) => Sample;

export interface Contender {
  readonly name: "cmodx" | "qemu" | "native" | "wasm";
  prepare(build: Build): Promise<Runner>;
}

const MOST_MILLISECONDS = 120_000;
const KIB = 1024;

function timed(command: string, args: readonly string[]): { sample: Sample; extra: string } {
  const start = process.hrtime.bigint();
  const { status, signal, error, output } = spawnSync(command, args, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    timeout: MOST_MILLISECONDS,
  });
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  // Semihosting's console is the standard error, other contenders' the standard output.
  const text = `${output?.[1] ?? ""}${output?.[2] ?? ""}`;
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${error?.message ?? signal ?? status}\n${text}`);
  return { sample: { seconds, text }, extra: output?.[3] ?? "" };
}

/** Copies of an ELF file with the number of rounds written into them, made in `folder`. */
class Copies {
  readonly #elf: Uint8Array;
  readonly guestBytes: number;

  constructor(
    private readonly path: string,
    private readonly folder: string,
  ) {
    this.#elf = readFileSync(path);
    this.guestBytes = loadElf(this.#elf).segments.reduce((sum, { memorySize }) => sum + memorySize, 0);
  }

  with(rounds: number): string {
    const copy = join(this.folder, basename(this.path));
    writeFileSync(copy, withRounds(this.#elf, rounds), { mode: 0o755 });
    return copy;
  }
}

/** What an installed `cmodx` is. */
const main = join(root, "dist", "bin", "cmodx.cjs");
const besides = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

function emulators(toolchain: Toolchain, folder: string): Contender[] {
  const copies = async ({ program, compiler, level }: Build): Promise<Copies> =>
    new Copies(await toolchain.elf(program, compiler, level), folder);
  return [
    {
      name: "cmodx",
      async prepare(build) {
        const elf = await copies(build);
        return (rounds) => {
          const args = ["--import", besides("memory.js"), main, "run", elf.with(rounds)];
          const { sample, extra } = timed(process.execPath, args);
          return { ...sample, peakBytes: Number(extra) * KIB - elf.guestBytes };
        };
      },
    },
    {
      name: "qemu",
      async prepare(build) {
        const elf = await copies(build);
        return (rounds) => timed("qemu-aarch64", [elf.with(rounds)]).sample;
      },
    },
  ];
}

function direct(toolchain: Toolchain): Contender[] {
  return [
    {
      name: "native",
      async prepare({ program, compiler }) {
        const path = await toolchain.native(program, compiler);
        return (rounds) => timed(path, [String(rounds)]).sample;
      },
    },
    {
      name: "wasm",
      async prepare({ program }) {
        const path = await toolchain.wasm(program);
        return (rounds) => timed(process.execPath, [besides("wasm.js"), path, String(rounds)]).sample;
      },
    },
  ];
}

/**
 * The contenders that can run here, cmodx first; those that cannot are named by `skip`. Copies of ELF files are made in
 * `folder`.
 */
export function contendersFor(
  compiler: Compiler,
  toolchain: Toolchain,
  folder: string,
  skip: (line: string) => void,
): Contender[] {
  const qemu = spawnSync("qemu-aarch64", ["--version"]).status === 0 ? undefined : "qemu-aarch64 not installed";
  const reasons: Readonly<Record<Contender["name"], string | undefined>> = {
    cmodx: missingFor(compiler),
    qemu: qemu ?? missingFor(compiler),
    native: missingForNative(compiler),
    wasm: missingForWasm(),
  };
  return [...emulators(toolchain, folder), ...direct(toolchain)].filter(({ name }) => {
    const reason = reasons[name];
    if (reason !== undefined) skip(`no column '${name}' for ${compiler}: ${reason}`);
    return reason === undefined;
  });
}
