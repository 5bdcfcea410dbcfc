/** The errors that the engine throws. Each has a code to branch on and a message that says what, where and what to do. */

import { CmodxError, InternalError } from "../a64/errors.js";

export { CmodxError, InternalError };

/** A name that no loaded program defines. */
export class UnknownSymbolError extends CmodxError {
  override readonly name = "UnknownSymbolError";

  constructor(readonly symbol: string) {
    super("unknown-symbol", `unknown symbol '${symbol}': load a program that defines it, or pass its address`);
  }
}

/** A name that none of the machine's windows has. */
export class UnknownWindowError extends CmodxError {
  override readonly name = "UnknownWindowError";

  constructor(
    readonly window: string,
    names: readonly string[],
  ) {
    super("unknown-window", `unknown window '${window}': the machine has ${names.join(", ")}`);
  }
}

/** Options of Machine.create that do not describe a machine. */
export class MachineOptionsError extends CmodxError {
  override readonly name = "MachineOptionsError";

  constructor(message: string) {
    super("machine-options", message);
  }
}

/** A host access, or a program to be loaded, outside the machine's windows. */
export class UnmappedRangeError extends CmodxError {
  override readonly name = "UnmappedRangeError";

  constructor(
    readonly address: bigint,
    readonly length: number,
    what: string,
    windows: string,
  ) {
    super(
      "unmapped-range",
      `${what}: ${length} bytes at ${hex(address)} are not inside one window; the windows are ${windows}`,
    );
  }
}

/** An argument that the function does not take. */
export class ArgumentError extends CmodxError {
  override readonly name = "ArgumentError";

  constructor(message: string) {
    super("argument", message);
  }
}

/** A call used up its `maxInstructions`. The core stands before the next instruction; `core.run()` goes on. */
export class OutOfFuelError extends CmodxError {
  override readonly name = "OutOfFuelError";

  constructor(
    /** Address of the next instruction. */
    readonly pc: bigint,
    readonly instructions: number,
    where: string,
  ) {
    super(
      "out-of-fuel",
      `out of fuel after ${instructions} instructions, at ${where}: raise maxInstructions, or go on with core.run()`,
    );
  }
}

/** A call took longer than its `timeLimitMs`. The core stands before the next instruction; `core.run()` goes on. */
export class TimeLimitError extends CmodxError {
  override readonly name = "TimeLimitError";

  constructor(
    /** Address of the next instruction. */
    readonly pc: bigint,
    readonly milliseconds: number,
    where: string,
  ) {
    super(
      "time-limit",
      `still running after ${milliseconds} ms, at ${where}: raise timeLimitMs, or go on with core.run()`,
    );
  }
}

/** `core.stop()` ended a call. The core stands before the next instruction; `core.run()` goes on. */
export class StoppedError extends CmodxError {
  override readonly name = "StoppedError";

  constructor(
    readonly pc: bigint,
    where: string,
  ) {
    super("stopped", `stopped by the host at ${where}: go on with core.run()`);
  }
}

/** The thread that ran a core has ended: it was killed, or ran out of memory. The core cannot go on; the others can. */
export class CoreDiedError extends CmodxError {
  override readonly name = "CoreDiedError";

  constructor(
    readonly core: number,
    why: string,
  ) {
    super("core-died", `core ${core} is dead: ${why}; dispose the machine and make another one`);
  }
}

/** A core has waited in a DSB for another one to take cache maintenance, longer than `maintenanceTimeoutMs`. `core.run()` tries again. */
export class UnresponsiveCoreError extends CmodxError {
  override readonly name = "UnresponsiveCoreError";

  constructor(
    /** The core that does not answer. */
    readonly core: number,
    milliseconds: number,
    where: string,
  ) {
    super(
      "unresponsive-core",
      `core ${core} has not come to an interrupt point within ${milliseconds} ms, waited for at ${where}: its thread is blocked or starved`,
    );
  }
}

/** The machine was disposed of while the core ran, or before it was to. */
export class MachineDisposedError extends CmodxError {
  override readonly name = "MachineDisposedError";

  constructor() {
    super("machine-disposed", "the machine was disposed of: make another one");
  }
}

/** The guest ended its program, by semihosting, within a call. The core stands behind that. */
export class GuestExitError extends CmodxError {
  override readonly name = "GuestExitError";

  constructor(
    /** As GuestExit has them. */
    readonly exitCode: number,
    readonly reason: number,
    where: string,
  ) {
    super("guest-exit", `the guest has exited with status ${exitCode} (reason ${hex(reason)}), before ${where}`);
  }
}

/** An address as messages write it. */
export function hex(value: bigint | number): string {
  return `0x${value.toString(16)}`;
}
