/** How a run can fail beside the errors of the engine. */
import { CmodxError } from "../../engine/index.js";

/** The program has used up the instructions it was given. */
export class InstructionLimitError extends CmodxError {
  override readonly name = "InstructionLimitError";

  constructor(
    /** Address of the next instruction. */
    readonly pc: bigint,
    readonly instructions: number,
    where: string,
  ) {
    super("out-of-fuel", `stopped after ${instructions} instructions, before ${where}: raise --max-instructions`);
  }
}
