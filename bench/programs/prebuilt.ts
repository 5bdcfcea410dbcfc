/**
 * The few executables that are kept in test/programs, so that compiled C is run where no cross compiler is installed.
 * `npm run build:prebuilt` makes them again, after their source has changed; it needs both compilers and qemu-aarch64.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Compiler, type Level, root, sources } from "./toolchain.js";

export const prebuiltFolder = join(root, "test", "programs");
export const manifestPath = join(prebuiltFolder, "prebuilt.json");

export interface Prebuilt {
  readonly program: string;
  readonly compiler: Compiler;
  readonly level: Level;
  /** What the compiler said of itself. */
  readonly version: string;
  /** SHA-256 of what the file is made of, see sourcesHash. */
  readonly sources: string;
  /** What the program printed under qemu-aarch64, where it ended with status 0. */
  readonly output: string;
}

/** Which, and by what: both compilers, two levels; lists, bit work, recursion, calls by pointer, computed jumps. */
export const prebuilt: readonly Pick<Prebuilt, "program" | "compiler" | "level">[] = [
  { program: "dispatch", compiler: "clang", level: "Os" },
  { program: "klist", compiler: "gcc", level: "O2" },
  { program: "queens", compiler: "clang", level: "O2" },
  { program: "rangecoder", compiler: "gcc", level: "Os" },
  { program: "vm_goto", compiler: "gcc", level: "Os" },
];

export function prebuiltPath({ program, compiler, level }: Pick<Prebuilt, "program" | "compiler" | "level">): string {
  return join(prebuiltFolder, `${program}-${compiler}-${level}.elf`);
}

export function readManifest(): readonly Prebuilt[] {
  return JSON.parse(readFileSync(manifestPath, "utf8")) as Prebuilt[];
}

/** Of a program's source, the headers and the runtime for AArch64: another hash means that the executable is outdated. */
export function sourcesHash(program: string): string {
  const hash = createHash("sha256");
  for (const folder of [sources, join(sources, "runtime")])
    for (const name of readdirSync(folder).sort()) {
      const counts = name.endsWith(".h") || ["crt0.S", "print.c", "string.c", `${program}.c`].includes(name);
      if (counts)
        hash
          .update(name)
          .update("\0")
          .update(readFileSync(join(folder, name)));
    }
  return hash.digest("hex");
}
