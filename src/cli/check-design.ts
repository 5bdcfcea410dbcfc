/** cmodx check --design */
import { type Command, InvalidArgumentError, Option } from "commander";
import type { Limits } from "../model/problem.js";
import type { TransitionSummary } from "../proof/outcomes.js";
import type { SceneOptions, StateName, Synchronisation } from "../proof/scene-options.js";
import type { DesignName } from "../static-call/design.js";
import { type FaultFlags, faultsOf, isOneOf, withFaultOptions } from "./fault-options.js";
import { interruptible } from "./interruption.js";
import { print } from "./output.js";
import { designNames, stateNames, synchronisations } from "./scene-names.js";
import { ExitStatus, parseWhole, UsageError } from "./usage.js";
import { drawWitnesses, type WitnessFlags, wantsWitnesses, witnessText } from "./witnesses.js";

const MAX_CALLERS = 8;
const MAX_CALLS = 8;
const BAD_OUTCOMES: ReadonlySet<string> = new Set(["nothing", "crash", "wrong"]);

export interface DesignFlags extends WitnessFlags, LimitFlags, FaultFlags {
  readonly design?: DesignName;
  readonly transition?: readonly StateName[];
  readonly callers?: number;
  readonly calls?: number;
  readonly sync?: Synchronisation;
  readonly idc?: true;
  readonly dic?: true;
  readonly barrier?: true;
  readonly verbose?: true;
  readonly json?: true;
}

function parseTransition(text: string): StateName[] {
  return text.split(":").map((name) => {
    if (!isOneOf(stateNames, name))
      throw new InvalidArgumentError(`A transition is two or more of ${stateNames.join(", ")}, as in null:far.`);
    return name;
  });
}

/** The options of `--design`, and what takes protections from a patch procedure. */
export function withDesignOptions(command: Command): Command {
  const withScene = command
    .addOption(new Option("--design <name>", "check calls through a design while it is patched").choices(designNames))
    .option(
      "--transition <from:to>",
      `states of the key, of ${stateNames.join(", ")}; absent: all pairs`,
      parseTransition,
    )
    .option("--callers <n>", "cores that call", parseWhole("A number of callers", 1, MAX_CALLERS))
    .option("--calls <n>", "calls of each", parseWhole("A number of calls", 1, MAX_CALLS))
    .addOption(new Option("--sync <how>", "callers look for a message after the updates").choices(synchronisations))
    .option("--idc", "CTR_EL0.IDC = 1: no DC is needed")
    .option("--dic", "CTR_EL0.DIC = 1: neither DC nor IC");
  return withFaultOptions(withScene).option("--barrier", "DMB ISHST between the two stores");
}

async function scenesOf(design: DesignName, flags: DesignFlags): Promise<SceneOptions[]> {
  const { allTransitions } = await import("../proof/outcomes.js");
  const transitions = flags.transition === undefined ? allTransitions(stateNames) : [flags.transition];
  return transitions.map((states) => ({
    design,
    states,
    callers: flags.callers ?? 1,
    calls: flags.calls ?? 1,
    weakening: { ...faultsOf(flags), ...(flags.barrier === undefined ? {} : { barrier: true }) },
    ...(flags.sync === undefined ? {} : { synchronisation: flags.sync }),
    ...(flags.idc === undefined ? {} : { idc: true }),
    ...(flags.dic === undefined ? {} : { dic: true }),
  }));
}

function isGood({ outcomes, complete }: TransitionSummary): boolean {
  return complete && !outcomes.some((outcome) => BAD_OUTCOMES.has(outcome));
}

const MEBI = 1 << 20;
const MILLI = 1000;

export interface LimitFlags {
  readonly timeout?: number;
  readonly memory?: number;
  readonly maxInstructions?: number;
}

export function limitsOf({ timeout, memory, maxInstructions }: LimitFlags): Omit<Limits, "stopped"> {
  return {
    ...(timeout === undefined ? {} : { timeLimitMs: timeout * MILLI }),
    ...(memory === undefined ? {} : { memoryLimit: memory * MEBI }),
    ...(maxInstructions === undefined ? {} : { maxInstructions }),
  };
}

/** Runs `cmodx check --design`. */
export async function checkDesign(design: DesignName, flags: DesignFlags): Promise<void> {
  const scenes = await scenesOf(design, flags);
  const [{ prove }, { transitionsJson, transitionsTable }] = await Promise.all([
    import("../proof/prove.js"),
    import("../report/transitions.js"),
  ]);
  const results: TransitionSummary[] = [];
  const refused: string[] = [];
  await interruptible(async (signal) => {
    const limits = limitsOf(flags);
    const jobs = scenes.map((scene) => ({ kind: "scene", scene, limits, witness: wantsWitnesses(flags) }) as const);
    await prove(jobs, signal, (message) => {
      if (message.kind === "scene") results.push(message);
      else if (message.kind === "refused") refused.push(message.error);
    });
    if (refused[0] !== undefined) throw new UsageError(refused[0]);
    const left = scenes.length - results.length;
    const note = left === 0 ? "" : `\nIncomplete: ${left} of ${scenes.length} transitions were not looked at.\n`;
    await print(flags.json ? [transitionsJson(results)] : [transitionsTable(results, flags.verbose === true), note]);
    const witnesses = results.flatMap((result) => result.witnesses);
    if (!flags.json) await print(witnesses.map((witness) => `\n${witnessText(witness).trimEnd()}\n`));
    await drawWitnesses(witnesses, flags.graphs);
  });
  if (!results.every(isGood)) throw new ExitStatus(1);
}
