/** How commands end: errors that stand for an exit status, and what the process says of them. */
import { Output, ReaderGoneError } from "../run/output.js";
import { InterruptedError } from "./interruption.js";

export const EXIT_DONE = 0;
const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;

/** A mistake in how the command was called: exit status 2. */
export class UsageError extends Error {}

/** The command has said what it had to say, and ends with this status. */
export class ExitStatus extends Error {
  constructor(readonly status: number) {
    super(`exit status ${status}`);
  }
}

function complain(message: string): void {
  const output = new Output();
  try {
    output.writeText(2, `cmodx: ${message}\n`);
    output.flush();
  } catch (error) {
    if (!(error instanceof ReaderGoneError)) throw error;
  }
}

/** The exit status for what a command has thrown, after a message where one is due. */
export function statusOf(error: unknown): number {
  if (error instanceof ExitStatus) return error.status;
  complain(error instanceof Error ? error.message : String(error));
  if (error instanceof InterruptedError) return error.status;
  return error instanceof UsageError ? EXIT_USAGE : EXIT_FAILED;
}
