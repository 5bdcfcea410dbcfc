/** A guest program in a machine whose JIT can be looked into. */
import { assemble, defaultWindows, type JitOptions, type MachineOptions } from "cmodx/engine";
import { wordFor } from "../../support/encode.js";
import { Rig, windowNamed } from "../../support/rig.js";

export const TEXT = windowNamed(defaultWindows, "text").address;
export const PATCH = windowNamed(defaultWindows, "patch").address;
export const MODULES = windowNamed(defaultWindows, "modules").address;
export const DATA = windowNamed(defaultWindows, "data").address;
export const STACK = windowNamed(defaultWindows, "stack").address;

/** Every branch target that has run twice is compiled, in place. */
export const eager = { threshold: 1, background: false } satisfies JitOptions;

export class Guest {
  private constructor(readonly rig: Rig) {}

  /** A machine with `text` at the start of the text window and `modules` at that of the modules window. */
  static async create(
    text: string,
    options: { jit?: JitOptions | false; modules?: string; machine?: MachineOptions } = {},
  ): Promise<Guest> {
    const rig = await Rig.create({ ...options.machine, jit: options.jit ?? eager });
    if (options.modules !== undefined) rig.machine.load(assemble(options.modules, { base: MODULES }));
    rig.machine.load(assemble(text, { base: TEXT, symbols: rig.machine.symbols }));
    return new Guest(rig);
  }

  at(symbol: string, offset = 0): bigint {
    const address = this.rig.machine.symbols.get(symbol);
    if (address === undefined) throw new Error(`no symbol '${symbol}'`);
    return address + BigInt(offset);
  }

  call(symbol: string, ...args: (bigint | number)[]): bigint {
    return this.rig.machine.core.call(symbol, ...args);
  }

  get regions() {
    return this.rig.machine.stats().regions;
  }

  compile(symbol: string): boolean {
    return this.rig.forceCompile(this.at(symbol));
  }

  isCompiled(symbol: string): boolean {
    return this.rig.isCompiled(this.at(symbol));
  }

  /** Puts another instruction at an address, with all the maintenance that it needs. */
  patch(address: bigint, instruction: string): void {
    this.rig.machine.writeU32(address, wordFor(instruction));
    this.rig.machine.cleanAndInvalidate(address, 4);
  }

  check(): void {
    this.rig.regions.assertConsistent();
  }

  dispose(): void {
    this.check();
    this.rig.dispose();
  }
}
