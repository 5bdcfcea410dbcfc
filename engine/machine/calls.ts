/** How a function of the guest is entered by the procedure call standard. */
import * as layout from "../../assembly/layout.js";
import { LINK_REGISTER } from "./core-registers.js";
import { ArgumentError } from "./errors.js";
import { HOST_RETURN_ADDRESS } from "./memory-map.js";
import type { CoreState } from "./state.js";

const MAX_ARGUMENTS = 8;

/** The fields that a call which never returned is rolled back in before the next one. */
const entryFields = [
  layout.SP / 4,
  layout.SP / 4 + 1,
  layout.SP_BANKED / 4,
  layout.SP_BANKED / 4 + 1,
  layout.EL / 4,
  layout.SPSEL / 4,
] as const;

/** Where the outermost call began. */
export class CallEntry {
  readonly #values = new Uint32Array(entryFields.length);

  constructor(private readonly state: CoreState) {}

  /** Notes where a call begins, or goes back to where the last one did if that was given up. */
  begin(goesBack: boolean): void {
    const { words32 } = this.state;
    for (let i = 0; i < entryFields.length; i++) {
      const field = entryFields[i] as number;
      if (goesBack) words32[field] = this.#values[i] as number;
      else this.#values[i] = words32[field] as number;
    }
  }
}

/** Throws an ArgumentError for more than eight: others would go on the stack. */
export function checkCount(args: readonly unknown[]): void {
  if (args.length <= MAX_ARGUMENTS) return;
  throw new ArgumentError(`${args.length} arguments: at most ${MAX_ARGUMENTS} go in registers`);
}

/** Sets the core up to execute the function at `pc`, which returns to the host. Throws an ArgumentError for a number that is no safe integer. */
export function passArguments(state: CoreState, pc: bigint, args: readonly (bigint | number)[]): void {
  for (let i = 0; i < args.length; i++) {
    const value = args[i] as bigint | number;
    if (typeof value === "bigint") state.words64[layout.X / 8 + i] = value;
    else if (Number.isSafeInteger(value)) state.setNumber(layout.X + 8 * i, value);
    else throw new ArgumentError(`argument ${i}: ${value} is no safe integer; pass a bigint`);
  }
  state.words64[layout.X / 8 + LINK_REGISTER] = HOST_RETURN_ADDRESS;
  state.words64[layout.PC / 8] = pc;
  state.words32[layout.BTYPE / 4] = 0;
}
