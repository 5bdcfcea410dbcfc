/** Runs bare-metal programs on a machine of their own. */
import { GuestFault, type JitOptions, loadElf, Machine, type MachineStats, windowsFor } from "cmodx/engine";

/** The three ways in which every program must come to the same. */
export const modes: Readonly<Record<"interpreter" | "jit" | "mixed", boolean | JitOptions>> = {
  interpreter: false,
  // Less has to be hot than usual, and the core waits for each region: nearly all runs in compiled code.
  jit: { threshold: 400, background: false },
  mixed: true,
};
export type Mode = keyof typeof modes;

export interface Ended {
  /** The program's exit status, or what stopped it. */
  readonly status: number | string;
  /** What it wrote to the console. */
  readonly text: string;
}

/** More than any of the programs executes here. */
const MOST_INSTRUCTIONS = 500_000_000;

/** Runs an executable to its end, a slice at a time so that regions compiled in the background arrive. */
export async function runProgram(elf: Uint8Array, mode: Mode): Promise<Ended & { stats: MachineStats }> {
  const image = loadElf(elf);
  const chunks: Uint8Array[] = [];
  const machine = await Machine.create({
    windows: windowsFor(image, {}),
    jit: modes[mode],
    semihosting: { write: (_, bytes) => void chunks.push(bytes) },
  });
  try {
    machine.load(image);
    if (image.entry !== undefined) machine.core.pc = image.entry;
    const status = await statusOf(machine);
    return { status, text: Buffer.concat(chunks).toString(), stats: machine.stats() };
  } finally {
    machine.dispose();
  }
}

async function statusOf({ core }: Machine): Promise<number | string> {
  let left = MOST_INSTRUCTIONS;
  try {
    while (left > 0) {
      const result = core.run({ maxInstructions: left, timeLimitMs: 20 });
      if (result.reason === "exited") return result.exit.code;
      if (result.reason !== "time") return result.reason;
      left -= result.instructions;
      await new Promise((resolve) => setImmediate(resolve));
    }
  } catch (error) {
    if (error instanceof GuestFault) return error.message;
    throw error;
  }
  return `no end after ${MOST_INSTRUCTIONS} instructions`;
}
