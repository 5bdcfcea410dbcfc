/** Apart from compiler.ts, so that the package's types do not lead to node's. */
import { CmodxError } from "../a64/errors.js";

/** How long a caller that wants its region now lets the compile worker start and compile, milliseconds. */
export const WAIT_LIMIT = 30_000;

/** The compile worker does not answer: it was killed, or is starved of processor time. */
export class CompileWorkerError extends CmodxError {
  override readonly name = "CompileWorkerError";

  constructor() {
    super(
      "compile-worker",
      `the compile worker did not answer within ${WAIT_LIMIT / 1000} s; create the machine with jit: { background: true } to go on without it, or jit: false`,
    );
  }
}
