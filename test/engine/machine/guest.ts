/** Machines with a guest program in them, for tests of the core. */
import { assemble, type Fault, GuestFault, Machine, type MachineOptions, type WindowSpec } from "cmodx/engine";

export const TEXT = 0xffff_8000_1000_0000n;
export const DATA = 0xffff_8000_2000_0000n;
export const PATCH = 0xffff_8000_4000_0000n;
export const MODULES = 0xffff_8000_8000_0000n;

/** The engines that every statement about the machine has to hold for. */
export const engines = [
  { engine: "interpreter", jit: false },
  { engine: "regions", jit: { background: false, threshold: 20 } },
] as const;

export interface Guest {
  readonly machine: Machine;
  /** Calls a function; with regions, after it was compiled. */
  call(name: string, ...args: (bigint | number)[]): bigint;
  /** The fault that a call ends with. */
  fault(name: string, ...args: (bigint | number)[]): Fault;
  address(name: string): bigint;
}

/** A machine with `text` loaded at `base`. */
export async function guest(text: string, options: MachineOptions = {}, base = TEXT): Promise<Guest> {
  const machine = await Machine.create(options);
  machine.load(assemble(text, { base }));
  // A test that goes wrong ends.
  machine.core.limits.maxInstructions = 1_000_000;
  const isCompiled = options.jit !== false && options.jit !== undefined;
  const call = (name: string, ...args: (bigint | number)[]): bigint => {
    if (isCompiled) machine.core.forceCompile(name);
    return machine.core.call(name, ...args);
  };
  return {
    machine,
    call,
    fault: (name, ...args) => {
      try {
        call(name, ...args);
      } catch (error) {
        if (error instanceof GuestFault) return error.fault;
        throw error;
      }
      throw new Error(`${name} returned`);
    },
    address: (name) => {
      const address = machine.symbols.get(name);
      if (address === undefined) throw new Error(`no symbol ${name}`);
      return address;
    },
  };
}

/** One window of everything, where a test needs to write what it executes. */
export const openWindows: readonly WindowSpec[] = [
  { name: "text", address: TEXT, size: 1 << 16, access: "rwx" },
  { name: "stack", address: DATA, size: 1 << 16, access: "rw" },
];

/**
 * Sixteen vectors for VBAR_EL1, each of which runs `entry`, puts its offset into X10 and goes to the code of `handler`;
 * the function `setup` makes them the guest's.
 */
export const vectorTable = (handler: string, entry = ""): string => `
	.balign	2048
vectors:
	.set	offset, 0
	.rept	16
	.balign	128
	${entry}
	mov	x10, #offset
	b	handler
	.set	offset, offset + 128
	.endr
	.balign	128
handler:
	${handler}
	eret
	.ltorg
setup:	bti	c
	adr	x9, vectors
	msr	vbar_el1, x9
	ret
`;

/** Code that stores system registers one behind the other, `offset` bytes from X9 on; changes X10. */
export const noteRegisters = (names: readonly string[], offset: number): string =>
  names.map((name, i) => `\tmrs\tx10, ${name}\n\tstr\tx10, [x9, #${offset + 8 * i}]\n`).join("");
