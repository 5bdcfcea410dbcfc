/** What a campaign is made from. */
import type { StateName } from "../proof/scene-options.js";
import type { DesignName } from "../static-call/design.js";
import { designs } from "../static-call/designs.js";
import { weaken } from "../static-call/weaken.js";
import type { PatchFaults } from "../static-call/weakening.js";
import { StressError } from "./errors.js";
import { transitionsOf } from "./schedule.js";

/** When instruction caches let go of what they hold: see MachineOptions.instructionCache. */
export type CacheBehaviour = "prompt" | "adversarial" | "late";

/** What the shards of a campaign have in common. */
export interface Campaign {
  readonly design: DesignName;
  readonly states: readonly StateName[];
  readonly callers: number;
  readonly patchers: number;
  /** Checked calls, of all callers; absent: no limit. */
  readonly calls?: number;
  /** Updates; absent: no limit. */
  readonly updates?: number;
  /** How long the cores run; absent: until a limit is reached. */
  readonly seconds?: number;
  /** Updates a second that each patcher aims at; 0: as many as it can make. */
  readonly rate: number;
  readonly seed: number;
  readonly weakening: PatchFaults;
  readonly instructionCache: CacheBehaviour;
  /** Workers for the cores; 0: the cores take turns in this thread, in slices that follow from the seed. Absent: as the machine has it. */
  readonly threads?: number;
  /** Absent: hot code is compiled while it runs. */
  readonly engine?: "mixed" | "interpreter";
  readonly idc?: true;
  readonly dic?: true;
}

export interface Shard {
  /** From 1. */
  readonly index: number;
  readonly count: number;
}

export const campaignDefaults = {
  states: ["null", "ret0", "near", "far"],
  callers: 4,
  patchers: 1,
  rate: 10_000,
  seed: 1,
  weakening: {},
  instructionCache: "prompt",
} as const satisfies Partial<Campaign>;

const DEFAULT_SECONDS = 10;

/** What is left out takes the default; without an end a campaign takes ten seconds. */
export type CampaignOptions = Partial<Campaign> & Pick<Campaign, "design">;

/** Whether something is taken away: other designs are settled by `cmodx claims`. */
export function isWeakened({ design, weakening }: Pick<Campaign, "design" | "weakening">): boolean {
  return design === "hybrid-nocbz" || Object.keys(weakening).length > 0;
}

/**
 * When caches let go of what they hold, where nobody has said: as is best for what is to be found. A missing step of the maintenance wants
 * caches that do nothing before they have to. A race between two stores wants a patcher that is held up between them: once it is compiled
 * they are a nanosecond apart, and only adversarial machines end a core's slices often, and at any instruction. A store over the end of a
 * line is one instruction, and wants as many updates as can be made.
 */
function cachesFor(campaign: Pick<Campaign, "design" | "weakening">): CacheBehaviour {
  const { skip, misalign } = campaign.weakening;
  if (skip !== undefined) return "late";
  const isOverBoundary = misalign === "line" || misalign === "page";
  return isWeakened(campaign) && !isOverBoundary ? "adversarial" : campaignDefaults.instructionCache;
}

/** A campaign with its defaults. With something taken away there are as many updates as can be made: the more, the sooner it is missed. */
export function campaignOf(options: CampaignOptions): Campaign {
  const { design, seconds, calls, updates, weakening = {} } = options;
  const noEnd = seconds === undefined && calls === undefined && updates === undefined;
  return {
    ...campaignDefaults,
    ...(isWeakened({ design, weakening }) ? { rate: 0 } : {}),
    instructionCache: cachesFor({ design, weakening }),
    ...(noEnd ? { seconds: DEFAULT_SECONDS } : {}),
    ...options,
  };
}

const MAX_CORES = 16;

function refuse(why: string): never {
  throw new StressError("bad-campaign", why);
}

/** Throws a StressError for what is no campaign, a StaticCallError for protections that the design does not have. */
export function checkCampaign(campaign: Campaign): void {
  const { design: name, states, callers, patchers, weakening } = campaign;
  const design = designs[name];
  if (design.patch === undefined) {
    throw new StressError("fixed-target", `the target of design '${name}' can't change: there is nothing to stress`);
  }
  weaken(design, weakening);
  if (new Set(states).size !== states.length) refuse("a state is named twice");
  if (transitionsOf(states).length === 0) refuse("there is nothing to switch between: name more states");
  if (design.conditionalSite !== undefined && states.includes("null")) {
    refuse(`a call without a target faults in design '${name}', as it should: leave out the state null`);
  }
  if (callers < 1 || patchers < 1) refuse("a campaign needs a caller and a patcher");
  if (callers + patchers > MAX_CORES) refuse(`${callers + patchers} cores: a machine has at most ${MAX_CORES}`);
  if (campaign.calls === undefined && campaign.updates === undefined && campaign.seconds === undefined) {
    refuse("a campaign needs an end: seconds, calls or updates");
  }
}
