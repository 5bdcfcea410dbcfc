/** Runs a campaign, or one shard of it, on a machine of its own. */
import { type Core, GuestFault, Machine, type MachineOptions, StoppedError } from "../../engine/index.js";
import { readCounters, readTotals } from "./counters.js";
import { type Driver, interleaved, type Job, onWorkers } from "./driver.js";
import { StressError } from "./errors.js";
import { expectationOf } from "./expectation.js";
import { breaks, control } from "./layout.js";
import { type Campaign, type CampaignOptions, campaignOf, checkCampaign, isWeakened, type Shard } from "./options.js";
import { type LoadedStress, loadStress, stressWindows } from "./program.js";
import { Random } from "./random.js";
import type { StressEnd, StressReport, Violation } from "./report.js";
import { violationOf } from "./witness.js";

export interface StressProgress {
  /** Seconds that the cores have run. */
  readonly seconds: number;
  readonly calls: number;
  readonly updates: number;
  readonly violations: number;
}

export interface StressOptions {
  readonly shard?: Shard;
  /** Violations after which a campaign ends. Default 1. */
  readonly violations?: number;
  /** Ends the campaign when it is aborted; it then reports what there is. */
  readonly signal?: AbortSignal;
  /** Told several times a second. */
  readonly progress?: (progress: StressProgress) => void;
}

const PROGRESS_MS = 200;
const NANOSECONDS_AN_INSTRUCTION = 4;
const SEEDS = 2 ** 31;
/** Milliseconds that cores may take to notice that they are to stop. */
const PATIENCE_MS = 10_000;
/** And where there are violations, after which a core may be anywhere. */
const ASTRAY_MS = 1000;
/** One number from two, so that shards differ. */
const SHARD_STEP = 0x2545_f491_4f6c_dd1dn;

/** A machine, what runs its cores, and the guest's clock where that is not the process's. */
interface Engine {
  readonly machine: Machine;
  readonly driver: Driver;
}

async function makeEngine(campaign: Campaign, random: Random): Promise<Engine> {
  const { callers, patchers, idc, dic, engine, threads, instructionCache: kind } = campaign;
  const options: MachineOptions = {
    cores: callers + patchers,
    windows: stressWindows,
    ctr: { ...(idc === undefined ? {} : { idc }), ...(dic === undefined ? {} : { dic }) },
    instructionCache: kind === "adversarial" ? { kind, seed: random.below(SEEDS) } : kind,
    jit: engine !== "interpreter",
  };
  if (threads !== 0) {
    const machine = await Machine.create({ ...options, ...(threads === undefined ? {} : { threads }) });
    return { machine, driver: onWorkers };
  }
  let cores: readonly Core[] = [];
  // The guest's time is what the cores have executed, so that the seed decides about it too.
  const counter = (): number => cores.reduce((sum, core) => sum + NANOSECONDS_AN_INSTRUCTION * core.instructions, 0);
  const machine = await Machine.create({ ...options, counter });
  cores = machine.cores;
  return { machine, driver: interleaved(random) };
}

/** The course of a campaign: rounds, each until every core has returned. */
class Course {
  readonly violations: Violation[] = [];
  end: StressEnd | undefined;
  seconds = 0;
  #callersLeft = 0;
  #patchersLeft = 0;
  #failure: unknown;
  #overdue: NodeJS.Timeout | undefined;

  constructor(
    readonly loaded: LoadedStress,
    readonly driver: Driver,
    readonly options: StressOptions,
  ) {}

  /** Lets the cores run until the campaign has an end. */
  async run(): Promise<void> {
    const { signal } = this.options;
    const stop = (): void => this.finish("stopped");
    signal?.addEventListener("abort", stop, { once: true });
    try {
      do await this.#round();
      while (this.end === undefined);
    } finally {
      signal?.removeEventListener("abort", stop);
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** The first reason to end counts. */
  finish(end: StressEnd): void {
    this.end ??= end;
    this.#stopCores();
  }

  #stopCores(): void {
    this.#word(control.stop, 1);
    const patience = this.violations.length === 0 ? PATIENCE_MS : ASTRAY_MS;
    this.#overdue ??= setTimeout(() => this.#stopHarder(), patience);
  }

  /**
   * For cores that don't look at the word: a patch procedure that has gone astray, or a caller. A torn address may lead one into the
   * midst of any code, and into a loop whose count has run past its end: where there are violations that is one more of their effects.
   */
  #stopHarder(): void {
    const stuck = this.loaded.machine.cores.filter((core) => core.isRunning);
    const names = stuck.map(({ index }) => index).join(", ");
    if (this.violations.length === 0) {
      const message = `core ${names} did not return within ${PATIENCE_MS} ms of being told to`;
      this.#failure ??= new StressError("stuck", message);
    }
    for (const core of stuck) core.stop();
  }

  #word(offset: number, value: number): void {
    const { machine, symbol } = this.loaded;
    machine.writeU32(symbol("stress_control") + BigInt(offset), value);
  }

  async #round(): Promise<void> {
    const { machine, campaign, symbol } = this.loaded;
    const { callers, patchers, seconds = Number.POSITIVE_INFINITY } = campaign;
    if (this.options.signal?.aborted) return this.finish("stopped");
    for (const offset of [control.stop, control.ticket, control.owner]) this.#word(offset, 0);
    this.#callersLeft = callers;
    this.#patchersLeft = patchers;
    const jobs = machine.cores.map((core): Job => {
      const isCaller = core.index < callers;
      const entry = symbol(isCaller ? "stress_caller" : "stress_patcher");
      return { core, entry, argument: isCaller ? core.index : core.index - callers };
    });
    const before = this.seconds;
    const started = performance.now();
    const timer = setInterval(
      () => {
        this.seconds = before + (performance.now() - started) / 1000;
        this.#tell();
        if (this.seconds >= seconds) this.finish("seconds");
      },
      Math.min(PROGRESS_MS, Math.max(1, (seconds - before) * 1000)),
    );
    try {
      await this.driver(jobs, (job, error) => this.#ended(job, error));
    } finally {
      clearInterval(timer);
      clearTimeout(this.#overdue);
      this.#overdue = undefined;
      this.seconds = before + (performance.now() - started) / 1000;
    }
  }

  #tell(): void {
    const { progress } = this.options;
    progress?.({ seconds: this.seconds, ...readTotals(this.loaded), violations: this.violations.length });
  }

  #ended({ core }: Job, error: unknown): void {
    const isCaller = core.index < this.loaded.campaign.callers;
    if (isCaller) this.#callersLeft--;
    else this.#patchersLeft--;
    if (error !== undefined) this.#failed(core.index, error);
    else if (this.#callersLeft === 0 && this.#stoppedByItself()) this.finish("calls");
    else if (this.#patchersLeft === 0 && this.#stoppedByItself()) this.finish("updates");
  }

  #stoppedByItself(): boolean {
    const { machine, symbol } = this.loaded;
    return machine.readU32(symbol("stress_control") + BigInt(control.stop)) === 0;
  }

  #failed(index: number, error: unknown): void {
    const { machine, campaign } = this.loaded;
    const core = machine.cores[index];
    // Told to return and gone astray, after a violation.
    if (error instanceof StoppedError && this.violations.length > 0) return;
    if (error instanceof GuestFault && error.fault.kind === "brk" && error.fault.immediate === breaks.slowCaller) {
      this.#failure ??= new StressError(
        "stuck",
        "a caller made no call for so long that a patcher gave up waiting for it",
      );
      return this.finish("violation");
    }
    const violation = core && violationOf(this.loaded, core, error, this.options.shard?.index ?? 1);
    if (violation === undefined) {
      this.#failure ??= error;
      return this.finish("violation");
    }
    this.violations.push(violation);
    // A patcher that has faulted has left an update half done: nothing after it would mean anything.
    if (this.violations.length >= (this.options.violations ?? 1) || index >= campaign.callers) this.finish("violation");
    else this.#stopCores();
  }
}

/** A shard's part of the calls and updates, and its own seed. */
function shardOf(campaign: Campaign, { index, count }: Shard): { campaign: Campaign; seed: bigint } {
  const part = (whole: number): number => Math.floor(whole / count) + (index <= whole % count ? 1 : 0);
  return {
    campaign: {
      ...campaign,
      ...(campaign.calls === undefined ? {} : { calls: part(campaign.calls) }),
      ...(campaign.updates === undefined ? {} : { updates: part(campaign.updates) }),
    },
    seed: BigInt(campaign.seed) + BigInt(index) * SHARD_STEP,
  };
}

/**
 * Runs a campaign. What it finds is in the report; it throws a StressError for options that are no campaign, and the engine's
 * errors when a core could not run (CoreDiedError, UnresponsiveCoreError).
 */
export async function runCampaign(asked: CampaignOptions, options: StressOptions = {}): Promise<StressReport> {
  const whole = campaignOf(asked);
  checkCampaign(whole);
  const shard = options.shard ?? { index: 1, count: 1 };
  const { campaign, seed } = shardOf(whole, shard);
  const random = new Random(seed);
  const { machine, driver } = await makeEngine(campaign, random);
  try {
    const loaded = loadStress(machine, campaign, random);
    const course = new Course(loaded, driver, options);
    await course.run();
    const { regions, instructions } = machine.stats();
    return {
      report: "stress",
      campaign: whole,
      shards: [shard.index],
      shardCount: shard.count,
      ends: [course.end ?? "stopped"],
      complete: shard.count === 1 && course.end !== "stopped",
      seconds: course.seconds,
      counters: readCounters(loaded),
      regions: { compiled: regions.compiled, linked: regions.linked, unlinked: regions.unlinked },
      instructions,
      violations: course.violations,
      ...(isWeakened(whole) ? { model: expectationOf(whole) } : {}),
    };
  } finally {
    await machine.dispose();
  }
}
