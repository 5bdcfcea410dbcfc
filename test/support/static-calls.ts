/** What the tests of static calls share: machines with targets in them, and a caller. */
import { linkSites, StaticCallError } from "cmodx";
import { assemble, Machine, type MachineOptions } from "cmodx/engine";

/** kCFI type hashes: that of the targets, and another one. */
export const TYPE = 0x12345678;
export const OTHER_TYPE = 0x87654321;

/** A function that adds a number to x0, with its type hash before it. */
export const adder = (name: string, add: number, type: number = TYPE): string => `
	.balign	8
	.word	0x${type.toString(16)}
${name}:
	bti	c
	add	x0, x0, #${add}
	ret
`;

export function symbolOf(machine: Machine, symbol: string): bigint {
  const value = machine.symbols.get(symbol);
  if (value === undefined) throw new Error(`no symbol ${symbol}`);
  return value;
}

/** Where a test's own callers stand in the window "text", behind the targets and before what static calls place there. */
export const CALLERS = 0x1000n;

/** A machine with near1 (adds 1) and near2 (adds 2), far (adds 3, out of B's reach) and wrong (adds 9, of another type). */
export async function machineWithTargets(options: MachineOptions): Promise<Machine> {
  const machine = await Machine.create(options);
  const near = adder("near1", 1) + adder("near2", 2) + adder("wrong", 9, OTHER_TYPE);
  machine.load(assemble(near, { base: machine.window("text").address }));
  machine.load(assemble(adder("far", 3), { base: machine.window("modules").address }));
  return machine;
}

/** Loads a caller of the test's own at CALLERS, and links its call sites. */
export function loadCaller(machine: Machine, text: string): void {
  const program = assemble(text, { base: machine.window("text").address + CALLERS, symbols: machine.symbols });
  machine.load(program);
  linkSites(machine, program);
}

/** The code of the StaticCallError that is thrown; undefined if nothing is. */
export function codeOf(body: () => unknown): string | undefined {
  try {
    body();
  } catch (error) {
    if (error instanceof StaticCallError) return error.code;
    throw error;
  }
  return undefined;
}
