/** Ctrl-C and SIGTERM for commands that take long and have something to say when they are stopped. */

/** Their numbers, as POSIX has them (node:os has them too, and takes a millisecond to load). */
const NUMBERS = { SIGINT: 2, SIGTERM: 15 } as const;
type Signal = keyof typeof NUMBERS;
const SIGNALS = Object.keys(NUMBERS) as Signal[];

/** The command was stopped, and has written what it had. */
export class InterruptedError extends Error {
  override readonly name = "InterruptedError";

  constructor(readonly signal: Signal) {
    super(`stopped by ${signal}`);
  }

  /** The exit status that shells give a process which such a signal has ended: 130 and 143. */
  get status(): number {
    return 128 + NUMBERS[this.signal];
  }
}

/**
 * Runs `body` with a function that begins to watch: it gives a signal that the first SIGINT or SIGTERM from then on aborts; a
 * second one ends the process at once, as does one before. Throws an InterruptedError after `body` if there was one.
 */
export async function interruptibleOnceWatched(body: (watch: () => AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController();
  const ignore = (): void => {
    for (const signal of SIGNALS) process.off(signal, interrupt);
  };
  const interrupt = (signal: NodeJS.Signals): void => {
    ignore();
    controller.abort(new InterruptedError(signal as Signal));
  };
  let watching = false;
  const watch = (): AbortSignal => {
    if (!watching) for (const signal of SIGNALS) process.on(signal, interrupt);
    watching = true;
    return controller.signal;
  };
  try {
    await body(watch);
  } finally {
    if (watching) ignore();
  }
  controller.signal.throwIfAborted();
}

/** Runs `body` with a signal that the first SIGINT or SIGTERM aborts; otherwise as `interruptibleOnceWatched`. */
export function interruptible(body: (signal: AbortSignal) => Promise<void>): Promise<void> {
  return interruptibleOnceWatched((watch) => body(watch()));
}
