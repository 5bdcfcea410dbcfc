/** What the region cache needs of the machine it works for. */
import { HEAT_MAX, MAX_REGIONS } from "../../assembly/layout.js";
import type { CompileChannel } from "./compiler.js";
import type { PlanWindow } from "./plan.js";

export interface RegionHost {
  /** Address of the core's block: a region cache serves one core. */
  readonly core: number;
  /**
   * Whether another thread may want the core while it executes: another core, or the host where the core has a thread of its own. Otherwise
   * only what it interprets itself sets PENDING, and its regions need not look at every turn of a loop.
   */
  readonly pollsPending: boolean;
  readonly memory: WebAssembly.Memory;
  /** The function table; the region cache owns the entries from FIRST_REGION on. */
  readonly table: WebAssembly.Table;
  /** Exports of core.wasm, imported by regions. */
  readonly coreExports: WebAssembly.Exports;
  windows(): readonly PlanWindow[];
  /** Address of a core's instruction-cache slot for a guest address, 0 if it is not executable. */
  slotAddress(core: number, pc: bigint): number;
  /** The doubleword that memory has at a guest address, without any side effect; undefined where there is none or it is not aligned. */
  read(address: bigint): bigint | undefined;
  /** Instructions that the core has executed; exact whenever it asks for a region. */
  instructions(): number;
  /** How many of them regions have executed. */
  regionInstructions(): number;
  /** Makes sure that the slot holds a word; false if the address is not executable. */
  fill(core: number, pc: bigint): boolean;
  /** Connects a port with the compile worker, which may live in another thread than the core. */
  connect(channel: CompileChannel): void;
}

/** Instructions that a core has executed, and those of them not in regions. */
export interface Executed {
  readonly all: number;
  readonly interpreted: number;
}

export function executedBy(host: RegionHost): Executed {
  const all = host.instructions();
  return { all, interpreted: all - host.regionInstructions() };
}

/** How many times as much heat it takes to ask while no region can be begun: else asking costs as much as what is interpreted in between. */
const PATIENCE = 8;

/** The heat at which a target asks while it has to wait in any case. */
export function patient(threshold: number): number {
  return Math.min(PATIENCE * threshold, HEAT_MAX);
}

export interface JitOptions {
  /**
   * Heat (taken branches to an address, backward ones counting 4) at which a region is asked for; it is made when the
   * address gets that hot once more soon enough. While the compile worker has something else to do it takes eight times that to ask.
   * Default 500, at most 4095.
   */
  readonly threshold?: number;
  /** Whether a core goes on interpreting while its region is compiled. Default true. */
  readonly background?: boolean;
  /** Largest region, in instructions. Default 2000, at most 2048. */
  readonly maxInstructions?: number;
  /** Deepest nesting of calls followed into callees. Default 6. */
  readonly maxDepth?: number;
  /** Largest callee, in instructions, that becomes part of its callers' regions; others are called. Default 64. */
  readonly maxInlined?: number;
  /**
   * Whether a region is entered at the heads of all of its loops from the beginning, not only once one of them gets hot in the
   * interpreter, which is where slices end. Default false.
   */
  readonly enterLoops?: boolean;
  /** Regions that a core holds; one more, and all are dropped. Default and at most 4096. */
  readonly maxRegions?: number;
  /**
   * Whether compiled code counts data accesses and branches as the interpreter does. Without it MachineStats has too little of
   * them, and small loops get faster. Instructions and exits are always counted. Default true.
   */
  readonly counts?: boolean;
}

export const jitDefaults = {
  threshold: 500,
  background: true,
  maxInstructions: 2000,
  maxDepth: 6,
  maxInlined: 64,
  enterLoops: false,
  maxRegions: MAX_REGIONS,
  counts: true,
} satisfies Required<JitOptions>;
