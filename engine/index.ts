/** The engine's public face: `import { Machine } from "cmodx/engine"`. */
export { type AssembleOptions, AssemblyError, assemble } from "./a64/assembler/index.js";
export { decodeBitMasks } from "./a64/bitmask-immediate.js";
export * as arithmetic from "./a64/bits.js";
export { disassemble } from "./a64/disassembler.js";
export { type Instruction, InstructionDecoder, type KnownField } from "./a64/meaning.js";
export type * from "./a64/ops.js";
export type { Program, ProgramSection } from "./a64/program.js";
export * from "./choices/index.js";
export {
  type ElfAccess,
  ElfError,
  type ElfErrorCode,
  type ElfFile,
  type ElfImage,
  type ElfPlace,
  type ElfProgramHeader,
  type ElfRelocation,
  type ElfSection,
  type ElfSegment,
  type ElfSymbol,
  type ElfTls,
  elfLimits,
  type ImageSection,
  type ImageSymbol,
  type ImageWindow,
  type LinkObject,
  type LinkOptions,
  type LoadOptions,
  linkElf,
  loadElf,
  parseElf,
  readRelocations,
  type SymbolBinding,
  type SymbolSource,
  type SymbolType,
  type SymbolVisibility,
  type WindowOptions,
  windowsFor,
} from "./elf/index.js";
export { CompileWorkerError, type JitOptions } from "./jit/index.js";
export { Core } from "./machine/core.js";
export {
  ArgumentError,
  CmodxError,
  CoreDiedError,
  GuestExitError,
  InternalError,
  MachineDisposedError,
  MachineOptionsError,
  OutOfFuelError,
  StoppedError,
  TimeLimitError,
  UnknownSymbolError,
  UnknownWindowError,
  UnmappedRangeError,
  UnresponsiveCoreError,
} from "./machine/errors.js";
export type { MachineJitOptions } from "./machine/executor.js";
export {
  type BranchTargetFault,
  type DataAbortFault,
  type Fault,
  type FloatingPointAccessFault,
  GuestFault,
  type IllegalStateFault,
  type ImmediateFault,
  type InstructionAbortFault,
  type PcAlignmentFault,
  type SpAlignmentFault,
  type TrappedSystemFault,
  type UndefinedInstructionFault,
} from "./machine/faults.js";
export type { FirmwareCall } from "./machine/host-calls.js";
export { type InstructionCachePolicy, type Invalidation, Machine, type MachineOptions } from "./machine/machine.js";
export type { MaintenanceRecord } from "./machine/maintenance-log.js";
export { type CacheType, defaultWindows, type WindowSpec } from "./machine/memory-map.js";
export type { InterruptKind, Limits, RunOptions, RunResult, Target } from "./machine/running.js";
export type { GuestExit, SemihostingOptions, SemihostingStream } from "./machine/semihosting.js";
export { type BranchCounts, type MachineStats, type RegionCounts, statsBetween } from "./machine/stats.js";
export * from "./weak/index.js";
