/** A core's registers and PSTATE, as the host reads and writes them. */
import * as layout from "../../assembly/layout.js";
import { ArgumentError } from "./errors.js";
import type { CoreState } from "./state.js";

export const LINK_REGISTER = 30;

export abstract class CoreRegisters {
  /** For the core itself: a call was left by an error and has not been gone on with. */
  protected unfinished = false;

  constructor(protected readonly state: CoreState) {}

  /** X0 to X30. */
  x(n: number): bigint {
    return this.state.get64(registerField(n));
  }

  /** Sets X0 to X30; taken modulo 2^64. */
  setX(n: number, value: bigint | number): void {
    this.state.set64(registerField(n), BigInt(value));
  }

  /** Address of the next instruction. */
  get pc(): bigint {
    return this.state.get64(layout.PC);
  }

  set pc(value: bigint) {
    this.state.set64(layout.PC, value);
    this.state.set32(layout.BTYPE, 0);
  }

  /** The current stack pointer. */
  get sp(): bigint {
    return this.state.get64(layout.SP);
  }

  set sp(value: bigint) {
    this.state.set64(layout.SP, value);
    this.unfinished = false;
  }

  /** PSTATE.NZCV as four bits, N = 8. */
  get nzcv(): number {
    return this.state.get32(layout.NZCV);
  }

  set nzcv(value: number) {
    this.state.set32(layout.NZCV, value & 0xf);
  }

  /** PSTATE.BTYPE: 0 unless the last instruction was an indirect branch. */
  get btype(): number {
    return this.state.get32(layout.BTYPE) & layout.BTYPE_MASK;
  }

  set btype(value: number) {
    this.state.set32(layout.BTYPE, value & layout.BTYPE_MASK);
  }

  /** PSTATE.DAIF as four bits, D = 8. */
  get daif(): number {
    return this.state.get32(layout.DAIF);
  }

  /** The exception level, 0 or 1. */
  get el(): 0 | 1 {
    return this.state.get32(layout.EL) === 0 ? 0 : 1;
  }

  set el(value: 0 | 1) {
    const state = this.state;
    const usesBanked = (level: number): boolean => level === 1 && state.get32(layout.SPSEL) === 1;
    if (usesBanked(value) !== usesBanked(this.el)) {
      const current = state.get64(layout.SP);
      state.set64(layout.SP, state.get64(layout.SP_BANKED));
      state.set64(layout.SP_BANKED, current);
    }
    state.set32(layout.EL, value);
    this.unfinished = false;
  }

  /** The base of the guest's exception vectors; undefined while exceptions go to the host. */
  get vbar(): bigint | undefined {
    return this.state.get32(layout.VBAR_SET) === 0 ? undefined : this.state.get64(layout.VBAR_EL1);
  }

  set vbar(value: bigint | undefined) {
    this.state.set64(layout.VBAR_EL1, (value ?? 0n) & ~0x7ffn);
    this.state.set32(layout.VBAR_SET, value === undefined ? 0 : 1);
  }
}

function registerField(n: number): number {
  if (!Number.isInteger(n) || n < 0 || n > LINK_REGISTER) throw new ArgumentError(`there is no register x${n}`);
  return layout.X + 8 * n;
}
