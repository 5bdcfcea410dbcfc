/**
 * Machines whose windows stand where a Linux process may have its segments, so that the same bytes, at the same addresses, are executed by
 * cmodx and by qemu-aarch64: harness/threads.c.
 */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Machine, type WindowSpec } from "cmodx/engine";
import { elfFile } from "../image.js";
import { installed, repository } from "../support.js";

/** Code is written where it is executed: an emulator that looks at stores for changed code sees them. */
const windows: readonly WindowSpec[] = [
  { name: "text", address: 0x10000000n, size: 1 << 20, access: "rwx", guarded: true },
  { name: "data", address: 0x12000000n, size: 1 << 20, access: "rw" },
  { name: "stack", address: 0x13000000n, size: 1 << 20, access: "rw" },
  // Beyond the 128 MiB that B reaches from text.
  { name: "modules", address: 0x20000000n, size: 1 << 20, access: "rwx", guarded: true },
];

const SEGMENTS = ["text", "data", "modules"];

export const makeMachine = (cores: number): Promise<Machine> =>
  Machine.create({ windows, cores, instructionCache: "prompt" });

export function symbolOf(machine: Machine, name: string): bigint {
  const address = machine.symbols.get(name);
  if (address === undefined) throw new Error(`no symbol ${name}`);
  return address;
}

const QEMU = "qemu-aarch64";
const COMPILER = "aarch64-linux-gnu-gcc";

/** Runs what machines have in their memory by threads under multi-threaded qemu-aarch64. */
export class Qemu {
  private constructor(
    private readonly folder: string,
    private readonly harness: string,
  ) {}

  /** Undefined, and a line that says why, where something is missing. */
  static create(folder: string): Qemu | undefined {
    const absent = [QEMU, COMPILER].filter((command) => !installed(command));
    if (absent.length > 0) {
      console.log(`no comparison with ${QEMU}: ${absent.join(" and ")} not installed`);
      return undefined;
    }
    const harness = join(folder, "threads");
    const source = join(repository, "bench", "harness", "threads.c");
    const built = spawnSync(COMPILER, ["-O2", "-Wall", "-static", "-pthread", "-o", harness, source], {
      encoding: "utf8",
    });
    if (built.status !== 0) throw new Error(`${COMPILER}: ${built.error?.message ?? built.stderr}`);
    return new Qemu(folder, harness);
  }

  /** The path of an executable that holds what the machine's memory holds now. */
  image(machine: Machine): string {
    const path = join(this.folder, "image.elf");
    const segments = machine.windows
      .filter(({ name }) => SEGMENTS.includes(name))
      .map(({ address, size, access }) => ({
        address,
        bytes: machine.read(address, size),
        protection: access.includes("x") ? 7 : 6,
      }));
    writeFileSync(path, elfFile(0n, segments));
    return path;
  }

  /** The lines that the harness prints: see harness/threads.c. Throws where it fails, or has not ended after `seconds`. */
  run(mode: "rate" | "samples", args: readonly (string | number | bigint)[], seconds: number): string[] {
    const { status, stdout, stderr, error } = spawnSync(QEMU, [this.harness, mode, ...args.map(String)], {
      encoding: "utf8",
      timeout: seconds * 1000,
    });
    if (status !== 0) throw new Error(`${QEMU}: ${error?.message ?? stderr.trim()}`);
    return stdout.trim().split("\n");
  }
}
