/** What the guest asks the host for: HVC, SMC and semihosting's HLT. The core stands behind the instruction. */
import * as layout from "../../assembly/layout.js";
import type { GuestExit, Semihosting } from "./semihosting.js";
import type { CoreState } from "./state.js";

/** An HVC or SMC of the guest: what EL2 or EL3 would be asked. */
export interface FirmwareCall {
  readonly kind: "hvc" | "smc";
  readonly immediate: number;
}

export class HostCalls {
  constructor(
    private readonly state: CoreState,
    private readonly firmware: ((call: FirmwareCall) => void) | undefined,
    private readonly semihosting: Semihosting | undefined,
  ) {}

  /** Whether the exception that was raised is such a call, and answered; or the guest's exit. Throws what the host's functions throw. */
  answer(): boolean | GuestExit {
    switch (this.state.get32(layout.EXCEPTION)) {
      case layout.EXCEPTION_HVC:
        return this.#answerFirmware("hvc");
      case layout.EXCEPTION_SMC:
        return this.#answerFirmware("smc");
      case layout.EXCEPTION_SEMIHOSTING:
        return this.#answerSemihosting();
      default:
        return false;
    }
  }

  #answerFirmware(kind: FirmwareCall["kind"]): boolean {
    this.firmware?.({ kind, immediate: this.state.get32(layout.EXCEPTION_ESR) & 0xffff });
    return this.firmware !== undefined;
  }

  #answerSemihosting(): boolean | GuestExit {
    const answer = this.semihosting?.call(this.state.get32(layout.X), this.state.get64(layout.X + 8));
    if (typeof answer === "object") return answer;
    if (answer !== undefined) this.state.set64(layout.X, answer);
    return true;
  }
}
