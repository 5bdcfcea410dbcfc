/**
 * Builds the C programs of this folder: for AArch64 by gcc and clang, for this machine, and for WebAssembly. What is
 * built lands in build/programs and is kept while nothing that it is made of is newer.
 */
import { execFile, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from "node:fs";
import { dirname, join, parse } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

export const compilers = ["gcc", "clang"] as const;
export type Compiler = (typeof compilers)[number];

export const levels = ["O0", "O2", "Os"] as const;
export type Level = (typeof levels)[number];

/** The repository: this file is at bench/programs/ there, or compiled at build/bench/programs/. */
export const root = ((): string => {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return folder;
})();

export const sources = join(root, "bench", "programs");
const runtime = join(sources, "runtime");

/** Names of the suite's programs. */
export const programs: readonly string[] = readdirSync(sources)
  .filter((name) => name.endsWith(".c"))
  .map((name) => name.slice(0, -2))
  .sort();

const LINKER = "aarch64-linux-gnu-ld";

const commands: Readonly<Record<Compiler, readonly string[]>> = {
  gcc: ["aarch64-linux-gnu-gcc"],
  clang: ["clang", "--target=aarch64-linux-gnu"],
};

const WARNINGS = ["-Wall", "-Wextra", "-Werror"];
const COMMON = ["-std=gnu11", ...WARNINGS, "-ffreestanding", "-ffunction-sections", `-I${runtime}`];
const BARE = [
  "-mgeneral-regs-only",
  "-fno-pic",
  "-fno-stack-protector",
  "-fno-asynchronous-unwind-tables",
  "-fno-unwind-tables",
];
/** For memcpy and memset themselves: their loops are not to be made calls of them. */
const NO_IDIOMS: Readonly<Record<Compiler, readonly string[]>> = {
  gcc: ["-fno-builtin", "-fno-tree-loop-distribute-patterns"],
  clang: ["-fno-builtin"],
};

/** Whether a command can be run. */
function installed(command: string): boolean {
  return spawnSync(command, ["--version"], { stdio: "ignore" }).status === 0;
}

/** Why programs cannot be built for AArch64 by `compiler`; undefined if they can. */
export function missingFor(compiler: Compiler): string | undefined {
  const needed = [commands[compiler][0] as string, LINKER];
  const absent = needed.filter((command) => !installed(command));
  if (absent.length > 0) return `${absent.join(" and ")} not installed`;
  // clang may have been built without the target.
  const probe = spawnSync(commands[compiler][0] as string, [...commands[compiler].slice(1), "-E", "-xc", "-"]);
  return probe.status === 0 ? undefined : `${compiler} has no AArch64 target`;
}

/** Why programs cannot be built for WebAssembly; undefined if they can. */
export function missingForWasm(): string | undefined {
  const absent = ["clang", "wasm-ld"].filter((command) => !installed(command));
  return absent.length > 0 ? `${absent.join(" and ")} not installed` : undefined;
}

/** Why programs cannot be built for this machine; undefined if they can. */
export function missingForNative(compiler: Compiler): string | undefined {
  return installed(compiler) ? undefined : `${compiler} not installed`;
}

/** The first line of what a compiler says of itself. */
export function versionOf(compiler: Compiler): string {
  const { stdout } = spawnSync(commands[compiler][0] as string, ["--version"], { encoding: "utf8" });
  return stdout.split("\n")[0] ?? "";
}

/** Milliseconds: the newest of the headers, the runtime and this file. */
const sharedAge = Math.max(
  statSync(fileURLToPath(import.meta.url)).mtimeMs,
  ...[sources, runtime].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith(".h") || (folder === runtime && /\.[cS]$/.test(name)))
      .map((name) => statSync(join(folder, name)).mtimeMs),
  ),
);

/** Makes `output` by `make`, which is given the name to write to, unless it is newer than `source` and what all share. */
async function made(output: string, source: string, make: (to: string) => Promise<unknown>): Promise<string> {
  const age = Math.max(sharedAge, statSync(source).mtimeMs);
  if (existsSync(output) && statSync(output).mtimeMs > age) return output;
  mkdirSync(dirname(output), { recursive: true });
  // In place only when whole: another process may be building, or reading, the same.
  const unfinished = `${output}.${process.pid}`;
  await make(unfinished);
  renameSync(unfinished, output);
  return output;
}

export class Toolchain {
  /** What was asked for, by path: each is built once, also for those who ask at the same time. */
  readonly #built = new Map<string, Promise<string>>();

  constructor(private readonly folder = join(root, "build", "programs")) {}

  /** Path of a program as AArch64 ELF executable. Rejects where the compiler is missing or finds fault with it. */
  elf(program: string, compiler: Compiler, level: Level): Promise<string> {
    const source = join(sources, `${program}.c`);
    return this.#make(`${program}-${compiler}-${level}.elf`, source, async (to) => {
      const objects = await Promise.all([
        ...["crt0.S", "print.c", "string.c"].map((file) =>
          this.#object(join(runtime, file), compiler, level, NO_IDIOMS[compiler]),
        ),
        this.#object(source, compiler, level, []),
      ]);
      await run(LINKER, ["-static", "--gc-sections", "-z", "max-page-size=4096", "-o", to, ...objects]);
    });
  }

  /** Path of a program as executable of this machine, optimised at -O2. */
  native(program: string, compiler: Compiler): Promise<string> {
    const source = join(sources, `${program}.c`);
    const files = [source, join(runtime, "print.c"), join(runtime, "port-native.c")];
    // Hosted, with the C library's memcpy.
    const flags = COMMON.filter((flag) => flag !== "-ffreestanding");
    return this.#make(`${program}-${compiler}-native`, source, (to) =>
      run(compiler, [...flags, "-O2", "-o", to, ...files]),
    );
  }

  /** Path of a program as WebAssembly module, optimised at -O2. */
  wasm(program: string): Promise<string> {
    const source = join(sources, `${program}.c`);
    const files = [source, ...["print.c", "string.c", "port-wasm.c"].map((file) => join(runtime, file))];
    const link = ["-nostdlib", "-Wl,--no-entry", "-Wl,--export=program", "-Wl,-z,stack-size=262144"];
    return this.#make(`${program}.wasm`, source, (to) =>
      run("clang", ["--target=wasm32", ...COMMON, "-fno-builtin", "-O2", ...link, "-o", to, ...files]),
    );
  }

  #object(source: string, compiler: Compiler, level: Level, flags: readonly string[]): Promise<string> {
    const [command = "", ...target] = commands[compiler];
    // An assembly source takes no -std; clang warns of what it does not use.
    const language = source.endsWith(".S") ? [] : [...COMMON, ...BARE, ...flags, `-${level}`];
    return this.#make(join("objects", `${parse(source).name}-${compiler}-${level}.o`), source, (to) =>
      run(command, [...target, ...language, "-c", "-o", to, source]),
    );
  }

  #make(name: string, source: string, make: (to: string) => Promise<unknown>): Promise<string> {
    let output = this.#built.get(name);
    if (output === undefined) {
      output = made(join(this.folder, name), source, make);
      this.#built.set(name, output);
    }
    return output;
  }
}
