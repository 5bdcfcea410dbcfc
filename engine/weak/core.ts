/** A core of a weak machine as its host sees it between executions. */
import * as layout from "../../assembly/layout.js";
import { ArgumentError } from "../machine/errors.js";
import { HOST_RETURN_ADDRESS } from "../machine/memory-map.js";
import { CoreState } from "../machine/state.js";

/**
 * How a core's part in an execution ended: it has returned to the host, come to one of the machine's exits, taken an exception that
 * nobody handles, or waits for an interrupt. Undefined: it was still running.
 */
export type WeakEnd = "returned" | "exit" | "fault" | "waiting" | undefined;

const ends: ReadonlyMap<number, WeakEnd> = new Map([
  [layout.WEAK_RETURNED, "returned"],
  [layout.WEAK_EXITED, "exit"],
  [layout.WEAK_FAULTED, "fault"],
  [layout.WEAK_WAITING, "waiting"],
]);

const ZR = 31;
const LINK = 30;
const ARGUMENTS = 8;
const ALL_MASKED = 0xf;
const MPIDR_RES1 = 0x8000_0000n;
const COUNTER_HERTZ = 1_000_000_000n;
/** CNTKCTL_EL1.EL0PCTEN and EL0VCTEN. */
const EL0_COUNTERS = 3n;

export class WeakCore {
  readonly #state: CoreState;

  constructor(
    memory: WebAssembly.Memory,
    readonly index: number,
    /** The machine's registers are about to be set: what they are now is no longer what executions begin with. */
    private readonly changing: () => void,
  ) {
    this.#state = new CoreState(memory, index);
    const state = this.#state;
    state.set32(layout.EL, 1);
    state.set32(layout.SPSEL, 1);
    state.set32(layout.DAIF, ALL_MASKED);
    state.set32(layout.CORE_INDEX, index);
    state.set64(layout.MPIDR_EL1, MPIDR_RES1 | BigInt(index));
    state.set64(layout.CNTFRQ_EL0, COUNTER_HERTZ);
    state.set64(layout.CNTKCTL_EL1, EL0_COUNTERS);
    state.set64(layout.HOST_RETURN, HOST_RETURN_ADDRESS);
    state.set64(layout.PC, HOST_RETURN_ADDRESS);
  }

  #checked(n: number): number {
    if (Number.isInteger(n) && n >= 0 && n < ZR) return layout.X + 8 * n;
    throw new ArgumentError(`there is no register X${n}: 0 to 30 have names`);
  }

  /** X0 to X30. Throws an ArgumentError for others. */
  x(n: number): bigint {
    return this.#state.get64(this.#checked(n));
  }

  setX(n: number, value: bigint | number): void {
    const field = this.#checked(n);
    this.changing();
    this.#state.set64(field, BigInt.asUintN(64, BigInt(value)));
  }

  get sp(): bigint {
    return this.#state.get64(layout.SP);
  }

  set sp(value: bigint) {
    this.changing();
    this.#state.set64(layout.SP, BigInt.asUintN(64, value));
  }

  get pc(): bigint {
    return this.#state.get64(layout.PC);
  }

  set pc(value: bigint) {
    this.changing();
    this.#state.set64(layout.PC, BigInt.asUintN(64, value));
  }

  /** PSTATE.<N,Z,C,V>, N = 8. */
  get nzcv(): number {
    return this.#state.get32(layout.NZCV);
  }

  set nzcv(value: number) {
    this.changing();
    this.#state.set32(layout.NZCV, value & 15);
  }

  /** Where its exceptions go, in place of VBAR_EL1's vectors: ELR_EL1 is set, nothing else. 0: nowhere. */
  set handler(address: bigint) {
    this.changing();
    this.#state.set64(layout.WEAK_HANDLER, address);
  }

  get handler(): bigint {
    return this.#state.get64(layout.WEAK_HANDLER);
  }

  /** Sets it to begin at `target` with `args` in X0 to X7; it has come to its end when it returns from there. Throws an ArgumentError. */
  start(target: bigint, ...args: readonly (bigint | number)[]): void {
    if (args.length > ARGUMENTS) throw new ArgumentError(`${args.length} arguments: registers hold ${ARGUMENTS}`);
    for (const [n, value] of args.entries()) this.setX(n, value);
    this.setX(LINK, HOST_RETURN_ADDRESS);
    this.pc = target;
  }

  /** How its part in the last execution ended. */
  get end(): WeakEnd {
    return ends.get(this.#state.get32(layout.WEAK_STATUS));
  }
}
