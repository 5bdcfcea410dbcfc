/**
 * Where things stand in the shared memory, and the numbers that the wasm side and the TypeScript side
 * must agree on. This file is compiled twice: by asc into the core, by tsc into the engine. It holds
 * nothing but integer constants.
 *
 *   0                 CONTROL: machine-wide words, the window table, tables of the interpreter, the maintenance log
 *   CORES             one block a core, CORE_SIZE bytes each
 *   (after the cores) guest memory, points of unification and the cores' instruction-cache slots, handed
 *                     out in 64-byte lines by engine/machine/memory-map.ts
 */

// ---- CONTROL -----------------------------------------------------------------------------------

/** Bytes of a page of wasm memory. */
export const WASM_PAGE = 65536;

/** u32: number of windows in the table. */
export const WINDOW_COUNT = 16;
/** u32: CTR_EL0 as the guest reads it; bits 28 (IDC) and 29 (DIC) drive the caches. */
export const CTR = 20;
/** u32: number of cores. */
export const CORE_COUNT = 24;
export const MAX_CORES = 16;
/** u32: entries that the maintenance log has had, modulo 2^32. */
export const LOG_HEAD = 32;
/** u32: cores that wait for others to take the log's entries. */
export const LOG_WAITERS = 36;
/** u32: changes when something may end a core's waiting (SEV, an interrupt, a stop); threads with nothing to do wait for it. */
export const WAKE = 40;
/** u32: how often a DSB waits half a millisecond for another core before it gives up. */
export const PATIENCE = 44;
/** u32: when what an IC invalidates leaves the instruction caches: CACHES_*. */
export const CACHE_POLICY = 48;
/** As late as the architecture allows. */
export const CACHES_LATE = 0;
/** When a core takes the entry, at its next interrupt point. */
export const CACHES_PROMPT = 1;
/** As late as allowed or at any time before, at the seeds' choice; see assembly/adversary.ts. */
export const CACHES_ADVERSARIAL = 2;
/** u32: whether the host wants to hear of every word that leaves an instruction cache. */
export const LISTENING = 52;
/** u32: maintenance operations that have been recorded, modulo 2^32. */
export const RECORD_HEAD = 56;
/** u32: held by the core that is in an access of 16 bytes. */
export const PAIR_LOCK = 60;
/** The window table: MAX_WINDOWS entries of WINDOW_SIZE bytes. */
export const WINDOWS = 1024;
export const WINDOW_SIZE = 64;
export const MAX_WINDOWS = 64;
/** 8192 u64: DecodeBitMasks(N, imms, immr, TRUE) by N:immr:imms (13 bits) for 64-bit operands; 0 where reserved. */
export const BITMASKS = 8192;
/** 16 u16: bit NZCV of entry cond is ConditionHolds(cond) under these flags. */
export const CONDITIONS = 8192 + 65536;
/** 256 u32 each: the remainders of a byte under the polynomials of CRC32 and CRC32C. */
export const CRC32_TABLE = 8192 + 65536 + 64;
export const CRC32C_TABLE = 8192 + 65536 + 64 + 1024;
/** The decoder's tree (engine/interpreter/decoder.ts), DECODER_BYTES at most. */
export const DECODER = 8192 + 65536 + 8192;
export const DECODER_BYTES = 65536;
/** LOG_ENTRIES u64: the maintenance log, a ring; see assembly/broadcast.ts. */
export const LOG = 8192 + 65536 + 8192 + 65536;
export const LOG_ENTRIES = 2048;
/** RECORD_ENTRIES of RECORD_BYTES: the last maintenance operations. */
export const RECORDS = 8192 + 65536 + 8192 + 65536 + 16384;
export const RECORD_ENTRIES = 128;
export const RECORD_BYTES = 32;
/** u32: number of the operation from 1 on, modulo 2^32; 0 while it is being written. */
export const RECORD_NUMBER = 0;
/** u32: what it was, RECORDED_* below; u32: the core. */
export const RECORD_OPERATION = 4;
export const RECORD_CORE = 8;
/** u64: its address, 0 where it has none; u64: its PC. */
export const RECORD_ADDRESS = 16;
export const RECORD_PC = 24;
export const RECORDED_CLEAN = 1;
export const RECORDED_INVALIDATE = 2;
export const RECORDED_INVALIDATE_ALL = 3;
/** A DSB that completed some of the others. */
export const RECORDED_DSB = 4;
export const CORES = 8192 + 65536 + 8192 + 65536 + 16384 + 4096;

// ---- an entry of the window table ---------------------------------------------------------------
/** u64: first guest address. Windows do not overlap in guest addresses; several may show one memory. */
export const WINDOW_BASE = 0;
/** u64: bytes. */
export const WINDOW_BYTES = 8;
/** u32: where its memory stands in the shared memory. */
export const WINDOW_HOST = 16;
/** u32: where its point of unification stands; equal to WINDOW_HOST where IDC = 1; 0 if never executable. */
export const WINDOW_POU = 20;
/** u32: bits below. */
export const WINDOW_FLAGS = 24;

export const WINDOW_READ = 1;
export const WINDOW_WRITE = 2;
export const WINDOW_EXECUTE = 4;
/** BTI-guarded pages (GP of the translation table). */
export const WINDOW_GUARDED = 8;
/** Some window shows this memory as executable and CTR_EL0.DIC = 1: a write must drop instruction-cache words. */
export const WINDOW_COHERENT = 16;

// ---- a core's block ------------------------------------------------------------------------------
/** Bytes of a core's block. */
export const CORE_SIZE = 131072;

/** u64 x 31: X0-X30. */
export const X = 0;
/** u64: always zero between instructions; register 31 as ZR. */
export const ZR = 248;
/** u64: the current stack pointer; register 31 as SP, reached as index 32. */
export const SP = 256;
/** u64: address of the next instruction, valid whenever no handler runs. */
export const PC = 264;
/** u32: PSTATE.NZCV as four bits, N = 8. */
export const NZCV = 272;
/**
 * u32: PSTATE.BTYPE, and PSTATE.IL beside it (BTYPE_ILLEGAL): one look before an instruction finds that
 * either is set. Zero except after an indirect branch, a return from an exception or a host's write.
 */
export const BTYPE = 276;
export const BTYPE_MASK = 3;
export const BTYPE_ILLEGAL = 16;
/** i64: instructions that may still be executed in this slice. */
export const FUEL = 280;
/** u32: other cores or the host want this core out of its loop: PENDING_*. Changed with atomic operations. */
export const PENDING = 1600;
/** The host wants it to stop, or has an error to throw. */
export const PENDING_HOST = 1;
/** The maintenance log has entries that a DSB waits for. */
export const PENDING_MAINTENANCE = 2;
/** An interrupt can be taken, at the next entry into the run loop. */
export const PENDING_INTERRUPT = 4;
/** u32: PSTATE.EL (0 or 1). */
export const EL = 292;
/** u32: PSTATE.SP (SPSel). */
export const SPSEL = 296;
/** u32: PSTATE.DAIF as four bits, D = 8. */
export const DAIF = 300;
/** u64: the stack pointer that is not current (SP_EL0 or SP_EL1). */
export const SP_BANKED = 304;
export const TPIDR_EL0 = 312;
export const TPIDRRO_EL0 = 320;
export const TPIDR_EL1 = 328;
export const MPIDR_EL1 = 336;
export const VBAR_EL1 = 344;
/** u32: whether the guest (or the host) has written VBAR_EL1: exceptions then go to the guest. */
export const VBAR_SET = 352;
/** u32: a local event is registered (SEV, exclusive-monitor clear): the next WFE falls through. */
export const EVENT = 356;
export const ELR_EL1 = 360;
export const SPSR_EL1 = 368;
export const ESR_EL1 = 376;
export const FAR_EL1 = 384;
/** Exclusive monitor: u32 host address of the marked location, 0 when open, and u32 its size; the 8 or 16 bytes read. */
export const MONITOR_ADDRESS = 392;
export const MONITOR_BYTES = 396;
export const MONITOR_VALUE = 400;
export const MONITOR_VALUE_HIGH = 408;

/** u32: an exception is being raised (EXCEPTION_*), 0 otherwise. Set by handlers that return FAULT_PC. */
export const EXCEPTION = 416;
/** u32: access kind and size for data aborts: ACCESS_* | bytes << 8. */
export const EXCEPTION_ACCESS = 420;
/** u64: preferred return address: the faulting instruction, or the next one for SVC, HVC, SMC. */
export const EXCEPTION_ELR = 424;
/** u64: faulting address (FAR), where there is one. */
export const EXCEPTION_FAR = 432;
/** u32: ESR_EL1 as the guest would read it. */
export const EXCEPTION_ESR = 440;
/** u32: the word at the PC, for undefined instructions. */
export const EXCEPTION_WORD = 444;
/** u32: PSTATE.<SSBS, PAN, UAO, DIT> where SPSR_EL1 has them, and MRS too: PSTATE_SSBS and so on. */
export const PSTATE_BITS = 448;
export const PSTATE_SSBS = 4096;
export const PSTATE_PAN = 4194304;
export const PSTATE_UAO = 8388608;
export const PSTATE_DIT = 16777216;
/** u32: SCTLR_EL1.<SA0, SA>, where SCTLR_EL1 has them. Compiled code checks the alignment of SP if it was made while one was set. */
export const SP_CHECKS = 452;
export const SCTLR_SA = 8;
export const SCTLR_SA0 = 16;
/** Bytes of the block that are architectural state, and the exception being raised; behind them stands what the machine needs. */
export const STATE_BYTES = 456;
/** u64: a branch to this address ends run() with STOP_RETURNED. */
export const HOST_RETURN = 456;
/** u64: what the guest reads as CNTFRQ_EL0, ticks of CNTVCT_EL0 a second. */
export const CNTFRQ_EL0 = 464;
/** u32: times that what a region assumes (a branch's target, an access's window) has failed since the region cache last heard of it. */
export const MISSES = 472;
/** Misses after which it hears again. */
export const MISSES_HEARD = 256;

/**
 * PSTATE.NZCV while compiled regions call one another: the kind of instruction that set the flags last and its operands (see
 * engine/wasm/flag-locals.ts), NZCV itself in FLAGS_A when FLAGS_KIND is 0. Computed when the run loop goes on: most often nobody asks.
 */
export const FLAGS_A = 480;
export const FLAGS_B = 488;
/** u32. */
export const FLAGS_KIND = 496;
/**
 * u32: bytes of this thread's stack that are taken by the regions which lead to the one that is about to be entered from its slot: an
 * estimate. Beyond the limit they hand over to the run loop.
 */
export const REGION_STACK = 500;
export const REGION_STACK_LIMIT = 262144;
/** It is a multiple of this. */
export const REGION_STACK_UNIT = 64;
/** u32: table index of the region in which the last of MISSES happened. */
export const MISSED_REGION = 504;

/** u32: whether more fuel follows when this slice's is used, so that a region that wants more may end the slice early. */
export const MORE_FUEL = 508;

/**
 * u64: instructions that regions may execute beyond their fuel, 0 where no more follows: a slice ends at a region's outermost loop
 * rather than in the midst of something, where the interpreter would have to go on.
 */
export const LEEWAY = 1584;
/**
 * u32: not 0 when regions were unlinked by what was interpreted for one that is being executed, or came, so that there are others of their callers. It may be one
 * of these, or one that has called it: all of them are left for the run loop.
 */
export const UNWINDS = 1592;
/**
 * u32, beside PENDING so that one look sees both: not 0 while some region calls another one directly that is not linked. Then every region looks whether
 * it is, when it is called.
 */
export const UNLINKED_CALLEES = 1604;

/** u32: interrupts that the host has raised and the core has not taken. Changed with atomic operations. */
export const INTERRUPTS = 476;
export const INTERRUPT_IRQ = 1;
export const INTERRUPT_FIQ = 2;
/** u32: index in this machine, from 0. */
export const CORE_INDEX = 620;
/** u32: whether HLT #SEMIHOSTING_IMMEDIATE asks the host, in place of raising an exception. */
export const SEMIHOSTING = 616;
/** Arm's semihosting specification: the A64 trap instruction. */
export const SEMIHOSTING_IMMEDIATE = 0xf000;
/** u32: whether a thread is in run() for this core. */
export const RUNNING = 624;
/** u32: entries of the maintenance log that this core has taken, modulo 2^32; cores that wait for it wait here. */
export const LOG_TAKEN = 628;
/** u32: whether it has appended entries that it has not waited for, and the value of LOG_HEAD behind the last. */
export const LOG_OWES = 632;
export const LOG_OWED = 636;

// Counters, u64 each.
export const COUNT_FETCHES = 512;
export const COUNT_READS = 520;
export const COUNT_WRITES = 528;
/** Taken branches by kind: DIR (B), conditional (B.cond, CBZ, TBZ), DIRCALL, INDIR, INDCALL, RET. */
export const COUNT_BRANCH_DIRECT = 536;
export const COUNT_BRANCH_CONDITIONAL = 544;
export const COUNT_BRANCH_CALL = 552;
export const COUNT_BRANCH_INDIRECT = 560;
export const COUNT_BRANCH_INDIRECT_CALL = 568;
export const COUNT_BRANCH_RETURN = 576;
/** Exceptions taken, to the guest or the host. */
export const COUNT_EXCEPTIONS = 584;
/** Entries into compiled regions. */
export const COUNT_REGION_ENTRIES = 592;
/** Words dropped from the instruction cache or replaced in it. */
export const COUNT_DROPPED = 600;

/** Instructions that compiled regions have executed. */
export const COUNT_REGION_INSTRUCTIONS = 608;

/** u64 each: the system registers from SYSREG_FIRST_FIELD to SYSREG_LAST_FIELD, in their order. */
export const SYSTEM_FIELDS = 640;
export const PAR_EL1 = 640 + 8 * 3;
export const CNTKCTL_EL1 = 640 + 8 * 10;
export const CNTP_CTL_EL0 = 640 + 8 * 11;
export const CNTP_CVAL_EL0 = 640 + 8 * 12;
export const CNTV_CTL_EL0 = 640 + 8 * 13;
export const CNTV_CVAL_EL0 = 640 + 8 * 14;

/** u32 each: bit i is the software-generated interrupt with INTID i, sent and not acknowledged; acknowledged and not ended. */
export const SGI_PENDING = 768;
export const SGI_ACTIVE = 772;
/** u32 each: ICC_PMR_EL1 and ICC_IGRPEN1_EL1. */
export const SGI_PRIORITY_MASK = 776;
export const SGI_ENABLE = 780;

/**
 * What regions have counted since the core's slice began: two u32 each, the first in the low half. A region counts in locals
 * and adds them here when it is left; run() adds these to the counters above when it begins.
 */
export const PACKED_ACCESSES = 1312; // COUNT_READS, COUNT_WRITES
export const PACKED_JUMPS = 1320; // COUNT_BRANCH_DIRECT, COUNT_BRANCH_CONDITIONAL
export const PACKED_CALLS = 1328; // COUNT_BRANCH_CALL, COUNT_BRANCH_RETURN
export const PACKED_INDIRECT = 1336; // COUNT_BRANCH_INDIRECT, COUNT_BRANCH_INDIRECT_CALL
/** u64 each: exits of regions by reason, in the order of exitReasons in engine/jit/plan.ts. */
export const COUNT_EXITS = 1344;

/** u64 each: instructions executed before the last grant of fuel, and that grant. */
export const INSTRUCTIONS = 1536;
export const GRANTED = 1544;
/** u32 each: regions translated, linked and unlinked, and (u64) bytes of wasm held. */
export const REGIONS_COMPILED = 1552;
export const REGIONS_LINKED = 1556;
export const REGIONS_UNLINKED = 1560;
export const REGIONS_BYTES = 1568;
/** u64: state of the generator that an adversarial instruction cache draws from; not zero. */
export const ADVERSARY = 1576;

/** MAX_WINDOWS u32: this core's instruction-cache slots for a window, 0 if the window is not executable. */
export const SLOTS = 1024;
/** The executable window that a region's call went to last: u64 base, u64 bytes, u32 slot of guest address 0 modulo 2^32. */
export const CALL_WINDOW_BASE = 1280;
export const CALL_WINDOW_BYTES = 1288;
export const CALL_WINDOW_BIAS = 1296;
/** u32: heat at which a branch target asks for a region; 0 turns regions off. */
export const HEAT_THRESHOLD = 1300;
/** MAX_REGIONS u32: exits of a region to code that it lacks, by table index from FIRST_REGION. */
export const REGION_COLD = 2048;
export const MAX_REGIONS = 4096;
/**
 * 4096 u8 by address bits [13:2]: 1 + index of the window that this access last used, 0 if it never ran;
 * ACCESS_SEVERAL is added when it has used more than one.
 */
export const ACCESS_WINDOWS = 2048 + 16384;
export const ACCESS_WINDOW_ENTRIES = 4096;
export const ACCESS_SEVERAL = 128;
/** Maintenance that has been issued and not yet completed; see assembly/condemned.ts and assembly/maintenance.ts. */
export const MAINTENANCE = 2048 + 16384 + 4096;
export const MAINTENANCE_BYTES = 43008;
/** The condemned lines: their number, and behind 64 bytes so many entries of a u32, and at 8 the line's sixteen words. */
export const CONDEMNED_ENTRIES = 512;
export const CONDEMNED_BYTES = 72;
/** Behind them what a core has queued. */
export const QUEUES = 2048 + 16384 + 4096 + 64 + 512 * 72;
/** 1024 entries {u64 branch address, u64 last target}, by address bits [11:2]: targets of indirect branches. */
export const BRANCH_TARGETS = 65536;
export const BRANCH_TARGET_ENTRIES = 1024;
/**
 * 2048 entries {u64 branch address, u64 target}: where indirect branches have gone; of two that meet in one entry, the later. By
 * the low bits of (branch >> 2) * BRANCH_EDGE_FACTOR + (target >> 2).
 */
export const BRANCH_EDGES = 65536 + 16384;
export const BRANCH_EDGE_ENTRIES = 2048;
export const BRANCH_EDGE_FACTOR = 61;

// ---- instruction-cache slots -------------------------------------------------------------------------
/** Bytes of a slot: u32 word, u32 handler | heat << HEAT_SHIFT. The slot of address a is slots + (a - base) * 2. */
export const SLOT_BYTES = 8;
export const HANDLER_MASK = 0xfffff;
export const HEAT_SHIFT = 20;
/** Largest heat, at which counting stops. */
export const HEAT_MAX = 4095;
/** Handler 0: nothing fetched. */
export const HANDLER_EMPTY = 0;
/** Handler 1: a word is held, but not decoded yet: it has not been executed since it was fetched. */
export const HANDLER_FETCHED = 1;
/** Handlers from here to FIRST_REGION - 1 are forms of the instruction table; the first is "undefined". */
export const FIRST_FORM = 2;
/** Table indices from here on are compiled regions. */
export const FIRST_REGION = 8192;
/** The table's fixed entries above the forms: see engine/interpreter. */
export const TABLE_NZCV = 8189;
export const TABLE_DECODE = 8190;
export const TABLE_LANDS = 8191;

/** Instruction- and data-cache line, bytes (CTR_EL0.IminLine = DminLine = 4). */
export const LINE = 64;

/** Returned by a handler in place of the next PC when it has raised an exception: not 4-aligned. */
export const FAULT_PC = 1;

// ---- exceptions ----------------------------------------------------------------------------------------
export const EXCEPTION_UNDEFINED = 1;
export const EXCEPTION_INSTRUCTION_UNMAPPED = 2;
export const EXCEPTION_INSTRUCTION_PERMISSION = 3;
export const EXCEPTION_PC_ALIGNMENT = 4;
export const EXCEPTION_BRANCH_TARGET = 5;
export const EXCEPTION_DATA_UNMAPPED = 6;
export const EXCEPTION_DATA_PERMISSION = 7;
export const EXCEPTION_DATA_ALIGNMENT = 8;
export const EXCEPTION_SVC = 9;
export const EXCEPTION_HVC = 10;
export const EXCEPTION_SMC = 11;
export const EXCEPTION_BRK = 12;
export const EXCEPTION_HLT = 13;
/** UDF #imm16: undefined like any unallocated word, but meant. */
export const EXCEPTION_UDF = 14;
/** A system register or operation that this exception level may not use. */
export const EXCEPTION_TRAPPED = 15;
/** Not an exception: WFE or WFI has nothing to wake it; EXCEPTION_ELR is where the core goes on. */
export const EXCEPTION_WAIT = 16;
/** A data access over two windows whose memory is not adjacent: what this machine cannot do in one access. */
export const EXCEPTION_DATA_STRADDLE = 17;
/** An instruction met with PSTATE.IL set: the ERET before it was illegal. */
export const EXCEPTION_ILLEGAL_STATE = 18;
/** A word of the Advanced SIMD and floating-point registers: CPACR_EL1.FPEN is zero. */
export const EXCEPTION_FP_ACCESS = 19;
/** Interrupts: taken to the guest's vectors or not at all. */
export const EXCEPTION_IRQ = 20;
export const EXCEPTION_FIQ = 21;
/** Not an exception: a semihosting call; EXCEPTION_ELR is behind the HLT. */
export const EXCEPTION_SEMIHOSTING = 22;
/** A DSB has waited long enough for another core, whose number is in EXCEPTION_WORD. */
export const EXCEPTION_UNRESPONSIVE = 23;
/** An access by a stack pointer that is no multiple of 16, where SP_CHECKS forbids that. */
export const EXCEPTION_SP_ALIGNMENT = 24;

export const ACCESS_READ = 1;
export const ACCESS_WRITE = 2;

// ---- why run() returned ----------------------------------------------------------------------------------
export const STOP_FUEL = 0;
/** EXCEPTION_* say what; the guest has no vectors. */
export const STOP_EXCEPTION = 1;
/** A branch to HOST_RETURN. */
export const STOP_RETURNED = 2;
/** WFI, or WFE without an event: the PC is behind it. */
export const STOP_WAIT = 3;
/** PENDING was set. */
export const STOP_PENDING = 4;

// ---- system registers: indices into systemRegisters of engine/a64/system-registers.ts ----------------------
export const SYSREG_CTR_EL0 = 0;
export const SYSREG_DCZID_EL0 = 1;
export const SYSREG_NZCV = 2;
export const SYSREG_DAIF = 3;
export const SYSREG_CurrentEL = 4;
export const SYSREG_SPSel = 5;
export const SYSREG_SP_EL0 = 6;
export const SYSREG_TPIDR_EL0 = 7;
export const SYSREG_TPIDRRO_EL0 = 8;
export const SYSREG_TPIDR_EL1 = 9;
export const SYSREG_MPIDR_EL1 = 10;
export const SYSREG_MIDR_EL1 = 11;
export const SYSREG_CNTVCT_EL0 = 12;
export const SYSREG_CNTFRQ_EL0 = 13;
export const SYSREG_VBAR_EL1 = 14;
export const SYSREG_ELR_EL1 = 15;
export const SYSREG_SPSR_EL1 = 16;
export const SYSREG_ESR_EL1 = 17;
export const SYSREG_FAR_EL1 = 18;
export const SYSREG_ID_AA64PFR0_EL1 = 19;
export const SYSREG_ID_AA64PFR1_EL1 = 20;
export const SYSREG_ID_AA64ISAR0_EL1 = 21;
export const SYSREG_ID_AA64ISAR1_EL1 = 22;
export const SYSREG_ID_AA64MMFR0_EL1 = 23;
export const SYSREG_ID_AA64MMFR1_EL1 = 24;
export const SYSREG_CLIDR_EL1 = 25;
export const SYSREG_CCSIDR_EL1 = 26;
export const SYSREG_ISR_EL1 = 27;
export const SYSREG_CNTPCT_EL0 = 28;
export const SYSREG_SCTLR_EL1 = 29;
export const SYSREG_CPACR_EL1 = 30;
export const SYSREG_CNTP_TVAL_EL0 = 31;
export const SYSREG_CNTV_TVAL_EL0 = 32;
export const SYSREG_PAN = 33;
export const SYSREG_UAO = 34;
export const SYSREG_DIT = 35;
export const SYSREG_SSBS = 36;
export const SYSREG_ID_AA64MMFR2_EL1 = 37;
export const SYSREG_ICC_PMR_EL1 = 38;
export const SYSREG_ICC_IAR1_EL1 = 39;
export const SYSREG_ICC_HPPIR1_EL1 = 40;
export const SYSREG_ICC_EOIR1_EL1 = 41;
export const SYSREG_ICC_RPR_EL1 = 42;
export const SYSREG_ICC_SGI1R_EL1 = 43;
export const SYSREG_ICC_IGRPEN1_EL1 = 44;
export const SYSREG_ICC_SRE_EL1 = 45;
/** Registers that are one doubleword of the core's block, up to SYSREG_LAST_FIELD. */
export const SYSREG_FIRST_FIELD = 46;
export const SYSREG_CSSELR_EL1 = 55;
export const SYSREG_CNTKCTL_EL1 = 56;
export const SYSREG_CNTP_CTL_EL0 = 57;
export const SYSREG_CNTP_CVAL_EL0 = 58;
export const SYSREG_CNTV_CTL_EL0 = 59;
export const SYSREG_CNTV_CVAL_EL0 = 60;
export const SYSREG_LAST_FIELD = 60;
/** From here on: registers that read as zero and ignore writes. */
export const SYSREG_FIRST_ZERO = 61;

// ---- the weak machine (assembly/weak): in a memory of its own --------------------------------------------
/** The choices that it asks for; 0 is STEP of engine/choices. */
export const WEAK_READ = 1;
export const WEAK_FETCH = 2;
export const WEAK_EXCLUSIVE = 3;
export const WEAK_ATOMIC = 4;
export const WEAK_DELAY = 5;
export const WEAK_DRAIN = 6;

/**
 * In a core's block, in place of what only regions need: for X0 to X30, ZR, SP and NZCV two u32 each, the views on which
 * the value depends ("from") and might be picked by (includes the former). A "from" with bit 31 set names an operation
 * that the value still waits for.
 */
export const WEAK_VIEWS = BRANCH_TARGETS;
export const WEAK_NZCV_VIEW = WEAK_VIEWS + 8 * 33;
/** The same of what was read last. */
export const WEAK_LOADED = WEAK_VIEWS + 8 * 34;
/** u32: the view of the branches and of the addresses of accesses so far, which a context synchronisation puts before all that follows. */
export const WEAK_SYNC_VIEW = WEAK_VIEWS + 8 * 35;
/** The views of system registers, all in one; u64: the upper doubleword of a read of 16 bytes. */
export const WEAK_SYSTEM_VIEWS = WEAK_VIEWS + 8 * 36;
export const WEAK_LOADED_HIGH = WEAK_VIEWS + 8 * 37;
/** The rest of a core's weak state; see assembly/weak/state.ts. */
export const WEAK_CORE = WEAK_VIEWS + 512;

/** What all cores share, behind the last possible core; then come the windows. */
export const WEAK = CORES + 16 * CORE_SIZE;
/** u32 each: cores; bytes of a cache line; where windows begin; the table of granules, a u32 for 8 bytes of them. */
export const WEAK_CORES = WEAK;
export const WEAK_LINE = WEAK + 4;
export const WEAK_WINDOWS = WEAK + 8;
export const WEAK_SHADOW = WEAK + 12;
/** u32 each: a heap for histories, its end; exits in the list below. */
export const WEAK_HEAP = WEAK + 16;
export const WEAK_HEAP_END = WEAK + 20;
export const WEAK_EXIT_COUNT = WEAK + 24;
/** u32: whether steps are told to the host. */
export const WEAK_OBSERVED = WEAK + 28;
/** u32: whether a fault that nobody handles ends the execution. */
export const WEAK_STOP_AT_FAULT = WEAK + 32;
/** u32: instructions and choices left. */
export const WEAK_INSTRUCTIONS_LEFT = WEAK + 36;
export const WEAK_CHOICES_LEFT = WEAK + 40;
/** u32: faults of this execution; at most WEAK_MAX_FAULTS are kept, WEAK_FAULT_BYTES each, from WEAK_FAULTS on. */
export const WEAK_FAULT_COUNT = WEAK + 44;
/** u32: instructions executed, all cores together. */
export const WEAK_EXECUTED = WEAK + 48;
/** u64 each: WEAK_MAX_EXITS addresses at which a core has come to its end. */
export const WEAK_EXITS = WEAK + 512;
export const WEAK_MAX_EXITS = 64;
/** {u32 core, u32 0, a copy of the block from EXCEPTION to EXCEPTION_WORD}. */
export const WEAK_FAULTS = WEAK + 1024;
export const WEAK_MAX_FAULTS = 64;
export const WEAK_FAULT_BYTES = 64;
export const WEAK_FIRST_WINDOW = WEAK + 65536;

/** u32 of a core's weak state: WEAK_RUNNING, or why it has ended. */
export const WEAK_STATUS = WEAK_CORE;
export const WEAK_RUNNING = 0;
export const WEAK_RETURNED = 1;
export const WEAK_EXITED = 2;
export const WEAK_FAULTED = 3;
export const WEAK_WAITING = 4;
/** u64: where its exceptions go; 0 if it has no handler but VBAR_EL1. Kept by a reset. */
export const WEAK_HANDLER = WEAK_CORE + 8;

/** Why an execution ended. */
export const WEAK_END_FINISHED = 0;
export const WEAK_END_FAULT = 1;
export const WEAK_END_INSTRUCTIONS = 2;
export const WEAK_END_CHOICES = 3;
/** Two cores wait for each other's exclusives or atomics, which were begun too early. */
export const WEAK_END_BLOCKED = 4;
export const WEAK_END_WAITING = 5;
export const WEAK_END_MEMORY = 6;

/** What the host is told: event(kind, core, pc, host address, bytes, value, time, writer's time). */
export const WEAK_EVENT_EXECUTE = 0;
export const WEAK_EVENT_READ = 1;
export const WEAK_EVENT_WRITE = 2;
export const WEAK_EVENT_ISSUE = 3;
export const WEAK_EVENT_FETCH = 4;
export const WEAK_EVENT_CLEAN = 5;
export const WEAK_EVENT_INVALIDATE = 6;
export const WEAK_EVENT_BARRIER = 7;
export const WEAK_EVENT_FAULT = 8;
/** In a core's block: what it is before each execution, WEAK_SEALED_BYTES from the block's beginning on. */
export const WEAK_SEALED = WEAK_VIEWS + 16384;
export const WEAK_SEALED_BYTES = 1024;
/** In a core's block: its registers and their views before an instruction that may not come to its end yet. */
export const WEAK_SAVED = WEAK_SEALED + 2048;
export const WEAK_SAVED_BYTES = 512;
export const WEAK_SAVED_VIEWS = WEAK_SAVED + 512;
export const WEAK_VIEWS_BYTES = 8 * 38;
