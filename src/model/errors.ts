import { CmodxError } from "../../engine/index.js";

/**
 * unsupported   an instruction that the model has no meaning for
 * bad-problem   a problem that contradicts itself
 */
export type ModelErrorCode = "unsupported" | "bad-problem";

/** What the checker refuses. */
export class ModelError extends CmodxError {
  override readonly name = "ModelError";

  constructor(
    code: ModelErrorCode,
    message: string,
    /** The address of the instruction, where one is to blame. */
    readonly pc?: bigint,
  ) {
    super(code, message);
  }
}
