/** cmodx stress --model arm: every order that Arm allows, by choices that a seed makes and a string replays. */
import { writeFile } from "node:fs/promises";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { ChooserName } from "../explore/choosers.js";
import type { SceneTask } from "../explore/explore.js";
import type { SceneReport } from "../explore/scene-campaign.js";
import type { SceneOptions, StateName, Synchronisation } from "../proof/scene-options.js";
import type { DesignName } from "../static-call/design.js";
import type { Weakening } from "../static-call/weakening.js";
import { interruptible } from "./interruption.js";
import { print } from "./output.js";
import { progress } from "./progress.js";
import { replaying } from "./replaying.js";
import { stateNames, synchronisations } from "./scene-names.js";
import { ExitStatus, parseWhole, UsageError } from "./usage.js";

// As the lists of scene-names.ts.
const chooserNames: readonly ChooserName[] = ["mixed", "uniform", "rates", "priorities", "round-robin"];
const DEFAULT_SECONDS = 10;
const DEFAULT_DEPTH = 3;
const DEFAULT_SEED = 1;
const MAX_DEPTH = 100;
const MAX_CALLERS = 8;
const MAX_CALLS = 8;

/** What `--model arm` adds to the command's options. */
export interface ModelFlags {
  readonly model: "host" | "arm";
  readonly transition?: readonly StateName[];
  readonly sync?: Synchronisation;
  readonly chooser: ChooserName;
  readonly depth: number;
  readonly executions?: number;
  readonly replay?: string;
  readonly svg?: string;
}

/** Those of the command's own options that say something here too. */
export interface ExploreFlags extends ModelFlags {
  readonly design: DesignName;
  readonly states?: readonly StateName[];
  readonly callers?: number;
  readonly calls?: number;
  readonly seconds?: number;
  readonly seed?: number;
  readonly idc?: true;
  readonly dic?: true;
  readonly json?: string | true;
  readonly progress?: true;
}

export const EXPLORE_HELP = `
--model arm executes the same texts on cores with Arm's memory instead of this host's: which core steps, which write a load or a fetch
sees, when a store or a cache maintenance takes effect, is chosen by --chooser from the seed. Each transition among --states is a
campaign of its own, with --callers (default 1) that make --calls calls each (default 1) during one update. What goes wrong is made small
and printed with a schedule string; --replay executes it again, tells it step by step, and draws it with --svg.`;

function parseTransition(text: string): StateName[] {
  const names = text.split(":");
  const states = names.flatMap((name) => stateNames.find((state) => state === name) ?? []);
  if (states.length !== names.length || states.length < 2)
    throw new InvalidArgumentError(`A transition is two or more of ${stateNames.join(", ")}, as in null:far.`);
  return states;
}

export function withModelOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--model <name>", "host: cores in parallel, in this host's order; arm: in any order that Arm allows")
        .choices(["host", "arm"])
        .default("host"),
    )
    .option("--transition <from:to>", "with --model arm: this one alone, as in null:far", parseTransition)
    .addOption(
      new Option("--sync <how>", "with --model arm: callers look for a message after the update").choices(
        synchronisations,
      ),
    )
    .addOption(new Option("--chooser <name>", "with --model arm: who chooses").choices(chooserNames).default("mixed"))
    .addOption(
      new Option("--depth <n>", "with --model arm: moments at which an execution departs from the sequential one")
        .argParser(parseWhole("A depth", 0, MAX_DEPTH))
        .default(DEFAULT_DEPTH),
    )
    .option(
      "--executions <n>",
      "with --model arm: of each transition, in place of --seconds",
      parseWhole("A number of executions", 1, Number.MAX_SAFE_INTEGER),
    )
    .option("--replay <schedule>", "with --model arm: execute what a schedule string says, and tell it")
    .option("--svg <file>", "with --replay: draw it");
}

/** Options of the command that say nothing of the one or the other model. */
const hostOnly = ["patchers", "updates", "rate", "shard", "icache", "threads", "engine", "violations"];
const armOnly = ["transition", "sync", "chooser", "depth", "executions", "svg"];

/** Whether the command is for `exploreDesign`. Throws a UsageError for options of the other model. */
export function isForExploring(command: Command, { model, replay }: ModelFlags): boolean {
  const explores = model === "arm" || replay !== undefined;
  const wrong = (explores ? hostOnly : armOnly).find((name) => command.getOptionValueSource(name) === "cli");
  if (wrong === undefined) return explores;
  throw new UsageError(`--${wrong} ${explores ? "does not go with" : "takes"} --model arm`);
}

async function scenesOf(flags: ExploreFlags, weakening: Weakening): Promise<SceneOptions[]> {
  const { allTransitions } = await import("../proof/outcomes.js");
  const { design, callers = 1, calls = 1, transition, states = stateNames, sync, idc, dic } = flags;
  if (callers > MAX_CALLERS) throw new UsageError(`--model arm takes at most ${MAX_CALLERS} callers`);
  if (calls > MAX_CALLS) throw new UsageError(`--model arm takes at most ${MAX_CALLS} calls of each caller`);
  const transitions = transition === undefined ? allTransitions(states) : [transition];
  return transitions.map((each) => ({
    design,
    states: each,
    callers,
    calls,
    weakening,
    ...(sync === undefined ? {} : { synchronisation: sync }),
    ...(idc === undefined ? {} : { idc: true }),
    ...(dic === undefined ? {} : { dic: true }),
  }));
}

/** The flags that a scene was made from, as they are typed. */
function sceneFlags({ options }: Pick<SceneReport, "options">): string {
  const { design, states, callers, calls, weakening = {}, synchronisation, idc, dic } = options;
  const { skip, stores, order, noNearLiteral, misalign } = weakening;
  const flags: (readonly [string, string | undefined])[] = [
    ["--design", design],
    ["--transition", states.join(":")],
    ["--callers", callers === 1 ? undefined : String(callers)],
    ["--calls", calls === 1 ? undefined : String(calls)],
    ["--sync", synchronisation],
    ["--skip", skip?.join(",")],
    ["--stores", stores],
    ["--order", order],
    ["--misalign", misalign],
  ];
  const switches: (readonly [string, true | boolean | undefined])[] = [
    ["--no-near-literal", noNearLiteral],
    ["--idc", idc],
    ["--dic", dic],
  ];
  return [
    ...flags.flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${value}`])),
    ...switches.flatMap(([name, value]) => (value ? [name] : [])),
  ].join(" ");
}

function tasksOf(scenes: readonly SceneOptions[], flags: ExploreFlags): SceneTask[] {
  const { seed = DEFAULT_SEED, chooser, depth, executions, seconds } = flags;
  const time = seconds ?? (executions === undefined ? DEFAULT_SECONDS : undefined);
  return scenes.map((scene) => ({
    kind: "scene",
    scene,
    seed,
    chooser,
    depth,
    ...(executions === undefined ? {} : { executions }),
    ...(time === undefined ? {} : { seconds: time / scenes.length }),
  }));
}

async function write(flags: ExploreFlags, json: string, text: string): Promise<void> {
  if (typeof flags.json === "string") await writeFile(flags.json, json);
  await print([flags.json === true ? json : text]);
}

async function campaign(scenes: readonly SceneOptions[], flags: ExploreFlags): Promise<void> {
  const [{ explore }, { exploreJson, exploreTable }] = await Promise.all([
    import("../explore/explore.js"),
    import("../report/explore.js"),
  ]);
  const reports: SceneReport[] = [];
  const refused: string[] = [];
  const line = progress(flags.progress === true);
  const show = (): void => {
    const next = scenes[reports.length];
    if (next !== undefined)
      line.show(`exploring ${next.design} ${next.states.join(":")}`, ` (${reports.length} of ${scenes.length} done)`);
  };
  await interruptible(async (signal) => {
    show();
    await explore(tasksOf(scenes, flags), signal, (message) => {
      if (message.kind === "refused") refused.push(message.error);
      else if (message.kind === "scene") reports.push(message);
      show();
    }).finally(line.end);
    if (refused[0] !== undefined) throw new UsageError(refused[0]);
    const left = scenes.length - reports.length;
    const note = left === 0 ? "" : `\nIncomplete: ${left} of ${scenes.length} transitions were not executed.\n`;
    const { seed = DEFAULT_SEED, chooser, depth } = flags;
    const settings = { seed, chooser, depth };
    const table = exploreTable(reports, settings, (row) => `cmodx stress --model arm ${sceneFlags(row)}`);
    await write(flags, exploreJson(reports, settings, left === 0 && !signal.aborted), `${table}${note}`);
  });
  if (reports.some(({ found }) => found.length > 0)) throw new ExitStatus(1);
}

async function replay(scenes: readonly SceneOptions[], schedule: string, flags: ExploreFlags): Promise<void> {
  const [{ replayScene }, { replayJson, replayText }] = await Promise.all([
    import("../explore/replay.js"),
    import("../report/explore.js"),
  ]);
  const replayed = await replaying(() => replayScene(scenes, schedule));
  await write(flags, replayJson(replayed), replayText(replayed));
  if (flags.svg !== undefined) {
    const { timelineSvg } = await import("../report/timeline-svg.js");
    await writeFile(flags.svg, timelineSvg(replayed.timeline));
  }
  if (replayed.what !== undefined) throw new ExitStatus(1);
}

/** Runs `cmodx stress --model arm`. */
export async function exploreDesign(flags: ExploreFlags, weakening: Weakening): Promise<void> {
  const scenes = await scenesOf(flags, weakening);
  await (flags.replay === undefined ? campaign(scenes, flags) : replay(scenes, flags.replay, flags));
}
