/** Ctrl-C and SIGTERM for commands that take long and have something to say when they are stopped. */
import { constants } from "node:os";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;
type Signal = (typeof SIGNALS)[number];

/** The command was stopped, and has written what it had. */
export class InterruptedError extends Error {
  override readonly name = "InterruptedError";

  constructor(readonly signal: Signal) {
    super(`stopped by ${signal}`);
  }

  /** The exit status that shells give a process which such a signal has ended: 130 and 143. */
  get status(): number {
    return 128 + constants.signals[this.signal];
  }
}

/**
 * Runs `body` with a signal that the first SIGINT or SIGTERM aborts; a second one ends the process at once.
 * Throws an InterruptedError after `body` if there was one.
 */
export async function interruptible(body: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController();
  const ignore = (): void => {
    for (const signal of SIGNALS) process.off(signal, interrupt);
  };
  const interrupt = (signal: NodeJS.Signals): void => {
    ignore();
    controller.abort(new InterruptedError(signal as Signal));
  };
  for (const signal of SIGNALS) process.on(signal, interrupt);
  try {
    await body(controller.signal);
  } finally {
    ignore();
  }
  controller.signal.throwIfAborted();
}
