/** Numbers by which compiled code names things to the functions that core.wasm exports. */
import * as layout from "../../assembly/layout.js";
import type {
  AccessKind,
  BarrierOp,
  Bytes,
  DataCacheOp,
  ExceptionOp,
  HintOp,
  InstructionCacheOp,
  PStateField,
  SystemRegister,
  TranslationOp,
} from "../a64/ops.js";
import { systemRegisters } from "../a64/system-registers.js";

export const exceptionNumbers = {
  SVC: layout.EXCEPTION_SVC,
  HVC: layout.EXCEPTION_HVC,
  SMC: layout.EXCEPTION_SMC,
  BRK: layout.EXCEPTION_BRK,
  HLT: layout.EXCEPTION_HLT,
  UDF: layout.EXCEPTION_UDF,
  AdvSIMDFPAccessTrap: layout.EXCEPTION_FP_ACCESS,
} satisfies Record<ExceptionOp, number>;

export const hintNumbers = { NOP: 0, YIELD: 1, WFE: 2, WFI: 3, SEV: 4, SEVL: 5 } satisfies Record<HintOp, number>;
export const barrierNumbers = { DMB: 0, DSB: 1, ISB: 2 } satisfies Record<BarrierOp, number>;
export const dataCacheNumbers = {
  CVAU: 0,
  CVAC: 1,
  CIVAC: 2,
  IVAC: 3,
  CVAP: 4,
  CVADP: 5,
  ZVA: 6,
  CSW: 7,
  CISW: 8,
  ISW: 9,
} satisfies Record<DataCacheOp, number>;
export const instructionCacheNumbers = { IVAU: 0, IALLU: 1, IALLUIS: 2 } satisfies Record<InstructionCacheOp, number>;
/** Bit 0: to write. */
export const translationNumbers = {
  S1E1R: 0,
  S1E1W: 1,
  S1E0R: 2,
  S1E0W: 3,
  S1E1RP: 4,
  S1E1WP: 5,
} satisfies Record<TranslationOp, number>;
export const pstateNumbers = {
  DAIFSet: 0,
  DAIFClr: 1,
  SPSel: 2,
  PAN: 3,
  UAO: 4,
  DIT: 5,
  SSBS: 6,
} satisfies Record<PStateField, number>;

export function systemRegisterNumber(register: SystemRegister): number {
  return systemRegisters.findIndex((entry) => entry.name === register);
}

const kindBits = {
  read: layout.ACCESS_READ,
  write: layout.ACCESS_WRITE,
  update: layout.ACCESS_READ | layout.ACCESS_WRITE,
} satisfies Record<AccessKind, number>;

/** The `spec` of access(): size, kind, and whether a multiple of the size is demanded. */
export function accessSpec(bytes: Bytes, kind: AccessKind, aligned: boolean): number {
  return bytes | (kindBits[kind] << 8) | (aligned ? 1 << 12 : 0);
}
