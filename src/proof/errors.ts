import { CmodxError } from "../../engine/index.js";

/**
 * fixed-target     the design's target can't change
 * bad-transition   fewer than two states
 * too-large        more calls than there are registers for
 * internal         a mistake in cmodx
 */
export type ProofErrorCode = "fixed-target" | "bad-transition" | "too-large" | "internal";

/** What can't be made a test of. */
export class ProofError extends CmodxError {
  override readonly name = "ProofError";

  constructor(code: ProofErrorCode, message: string) {
    super(code, message);
  }
}
