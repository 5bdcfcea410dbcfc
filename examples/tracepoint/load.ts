/** Puts the example's two objects into a machine, as a kernel and a module that is loaded into it. */
import { readFileSync } from "node:fs";
import { type StaticCall, staticCallSupport, staticCallsOf } from "cmodx";
import { type ElfImage, type LinkObject, linkElf, Machine, type MachineOptions } from "cmodx/engine";

export interface Loaded {
  readonly machine: Machine;
  readonly kernel: ElfImage;
  readonly module: ElfImage;
  /** The kernel's static calls by name, as its object file has them. */
  readonly calls: ReadonlyMap<string, StaticCall>;
}

/** Between the kernel's data and the module's, bytes. */
const MODULE_DATA = 0x10_0000n;

/** The objects that build.sh has made in a folder by `compiler`: "gcc" or "clang". */
export function readObjects(folder: URL, compiler: string): Record<"kernel" | "module", LinkObject> {
  const read = (part: string): LinkObject => {
    const name = `${part}-${compiler}.o`;
    return { name, bytes: readFileSync(new URL(name, folder)) };
  };
  return { kernel: read("kernel"), module: read("module") };
}

/**
 * The kernel in the windows "text" and "data", the module in "modules", 1.75 GiB from the kernel: its branches to the
 * kernel get veneers, and the kernel's trampolines reach its functions by their literals.
 */
export async function loadExample(
  objects: Record<"kernel" | "module", LinkObject>,
  options: MachineOptions = {},
): Promise<Loaded> {
  const machine = await Machine.create(options);
  const data = machine.window("data").address;
  const kernel = linkElf([objects.kernel], {
    text: machine.window("text").address,
    rodata: data,
    symbols: staticCallSupport(machine),
  });
  machine.load(kernel);
  const module = linkElf([objects.module], {
    text: machine.window("modules").address,
    rodata: data + MODULE_DATA,
    symbols: new Map([...staticCallSupport(machine), ...kernel.globals]),
  });
  machine.load(module);
  return { machine, kernel, module, calls: staticCallsOf(machine, kernel) };
}
