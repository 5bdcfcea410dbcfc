/** Runs an ELF executable as a bare-metal program, with semihosting as its console and its exit. */
import {
  type Core,
  type ElfImage,
  GuestFault,
  loadElf,
  Machine,
  type MachineJitOptions,
  type MachineStats,
  type SemihostingOptions,
  windowsFor,
} from "../../engine/index.js";
import { InstructionLimitError } from "./errors.js";
import { InputPendingError } from "./input.js";
import type { Tracer } from "./trace.js";

/** What executes the program: hot code compiled while it runs, nothing compiled, or all code compiled before it runs. */
export type RunEngine = "mixed" | "interpreter" | "jit";

const engines: Readonly<Record<RunEngine, MachineJitOptions | undefined>> = {
  mixed: { startAfter: 500_000 },
  interpreter: undefined,
  jit: { threshold: 1, background: false },
};

export interface RunSettings {
  /** What messages call the program. */
  readonly name: string;
  /** Default: "mixed". */
  readonly engine?: RunEngine;
  /** Bytes of stack, and of heap (SYS_HEAPINFO). Defaults: 8 and 16 MiB, of which only what is used costs memory. */
  readonly stack?: number;
  readonly heap?: number;
  /** Instructions after which the run fails. Default: no limit. */
  readonly maxInstructions?: number;
  /** Its `read` may throw an InputPendingError. */
  readonly semihosting: SemihostingOptions;
  /** Whether the report has all data accesses and branches: compiled code is slower for counting them. Default: not. */
  readonly counts?: boolean;
  /** Takes a line for each instruction before it is executed; one instruction is executed at a time then. */
  readonly trace?: (line: string) => void;
  /** Called now and then, and at the end: what was collected is to be shown. */
  readonly flush?: () => void;
  /** Called once the run takes longer than a moment: gives a signal that ends it soon after it is aborted. */
  readonly watch?: () => AbortSignal;
}

export interface RunReport {
  /** "exited" with the program's status; "failed" with what stopped it; "aborted" by the signal. */
  readonly outcome:
    | { readonly kind: "exited"; readonly code: number; readonly reason: number }
    | { readonly kind: "failed"; readonly error: GuestFault | InstructionLimitError }
    | { readonly kind: "aborted" };
  /** Seconds of execution, without loading. */
  readonly seconds: number;
  /** Without `counts` too few data accesses and branches. */
  readonly stats: MachineStats;
}

const MIB = 1 << 20;
const DEFAULT_STACK = 8 * MIB;
const DEFAULT_HEAP = 16 * MIB;
/** Milliseconds between two looks at signals and at collected output. */
const SLICE_MS = 40;
/** Instructions traced between the same. */
const TRACE_SLICE = 20_000;
const INSTRUCTION_BYTES = 4n;
/** Milliseconds that a WFI or WFE takes for which nothing is pending, and after which input is looked for again. */
const WAIT_MS = 1;

async function machineFor(image: ElfImage, settings: RunSettings): Promise<Machine> {
  const { stack = DEFAULT_STACK, heap = DEFAULT_HEAP, engine = "mixed", semihosting } = settings;
  // A trace needs each instruction by itself.
  const options = settings.trace === undefined ? engines[engine] : undefined;
  const jit = options !== undefined && { ...options, counts: settings.counts === true };
  const machine = await Machine.create({ windows: windowsFor(image, { stack, heap }), jit, semihosting });
  machine.load(image);
  if (image.entry !== undefined) machine.core.pc = image.entry;
  return machine;
}

type Ended = RunReport["outcome"];

/** Lets signals and timers be handled. */
function yieldToEvents(ms: number): Promise<void> {
  return new Promise((resolve) => {
    if (ms === 0) setImmediate(resolve);
    else setTimeout(resolve, ms);
  });
}

class Run {
  readonly #core: Core;
  #left: number;
  /** The next instruction is to be executed again, and has been traced. */
  #again = false;

  constructor(
    private readonly machine: Machine,
    private readonly settings: RunSettings,
    private readonly tracer: Tracer | undefined,
  ) {
    this.#core = machine.core;
    this.#left = settings.maxInstructions ?? Number.POSITIVE_INFINITY;
  }

  /** Runs to the end. */
  async run(): Promise<Ended> {
    for (;;) {
      const ended = this.#slice();
      const signal = typeof ended === "object" ? undefined : this.settings.watch?.();
      this.settings.flush?.();
      if (typeof ended === "object") return ended;
      await yieldToEvents(ended === "waiting" ? WAIT_MS : 0);
      if (signal?.aborted === true) return { kind: "aborted" };
    }
  }

  #slice(): Ended | "waiting" | "running" {
    try {
      return this.tracer === undefined ? this.#step({ timeLimitMs: SLICE_MS }) : this.#trace(this.tracer);
    } catch (error) {
      if (error instanceof GuestFault) return { kind: "failed", error };
      if (!(error instanceof InputPendingError)) throw error;
      // Back to the HLT, whose call is not answered.
      this.#core.pc -= INSTRUCTION_BYTES;
      this.#again = true;
      return "waiting";
    }
  }

  #trace(tracer: Tracer): Ended | "waiting" | "running" {
    for (let i = 0; i < TRACE_SLICE; i++) {
      if (this.#left > 0 && !this.#again) this.settings.trace?.(tracer.line());
      this.#again = false;
      const ended = this.#step({ instructions: 1 });
      if (ended !== "running") return ended;
    }
    return "running";
  }

  #step(limit: { timeLimitMs?: number; instructions?: number }): Ended | "waiting" | "running" {
    const { timeLimitMs = Number.POSITIVE_INFINITY, instructions = Number.POSITIVE_INFINITY } = limit;
    if (this.#left <= 0) return this.#outOfInstructions();
    const maxInstructions = Math.min(instructions, this.#left);
    const result = this.#core.run({ maxInstructions, timeLimitMs });
    this.#left -= result.instructions;
    if (result.reason === "exited") return { kind: "exited", ...result.exit };
    return result.reason === "waiting" ? "waiting" : "running";
  }

  #outOfInstructions(): Ended {
    const { pc } = this.#core;
    const limit = this.settings.maxInstructions ?? 0;
    return { kind: "failed", error: new InstructionLimitError(pc, limit, this.machine.describe(pc)) };
  }
}

async function tracerFor(core: Core, image: ElfImage): Promise<Tracer> {
  const { tracerOf } = await import("./trace.js");
  return tracerOf(core, image);
}

/** Runs the program to its end. Throws an ElfError or a MachineOptionsError for a file that cannot be run. */
export async function runElf(bytes: Uint8Array, settings: RunSettings): Promise<RunReport> {
  const image = loadElf(bytes, { name: settings.name });
  const machine = await machineFor(image, settings);
  try {
    const tracer = settings.trace && (await tracerFor(machine.core, image));
    const start = performance.now();
    const outcome = await new Run(machine, settings, tracer).run();
    return { outcome, seconds: (performance.now() - start) / 1000, stats: machine.stats() };
  } finally {
    machine.dispose();
  }
}
