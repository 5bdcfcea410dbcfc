/** What campaigns under Arm's memory model came to, as a table and as JSON. */
import type { ReplayedScene } from "../explore/replay.js";
import type { SceneReport } from "../explore/scene-campaign.js";
import { type Outcome, outcomeOrder } from "../proof/outcomes.js";
import { type Column, formatTable } from "./table.js";
import { storyText, timelineText } from "./timeline.js";

type Counts = Readonly<Partial<Record<Outcome, number>>>;

function countsText(counts: Counts): string {
  const texts = outcomeOrder.flatMap((outcome) =>
    counts[outcome] === undefined ? [] : [`${outcome} ${counts[outcome]}`],
  );
  return texts.length === 0 ? "-" : texts.join("  ");
}

const columns: readonly Column<SceneReport>[] = [
  { title: "design", align: "left", cell: ({ options }) => options.design },
  { title: "transition", align: "left", cell: ({ options }) => options.states.join(":") },
  { title: "executions", align: "right", cell: ({ executions }) => String(executions) },
  { title: "a second", align: "right", cell: ({ executions, seconds }) => (executions / seconds).toFixed(0) },
  { title: "calls came to", align: "left", cell: ({ outcomes }) => countsText(outcomes) },
  {
    title: "synchronised",
    align: "left",
    cell: ({ synchronised }) => (synchronised === undefined ? "" : countsText(synchronised)),
  },
  { title: "unfinished", align: "right", cell: ({ unfinished }) => (unfinished === 0 ? "" : String(unfinished)) },
  { title: "found after", align: "left", cell: ({ found }) => foundText(found) },
];

function foundText(found: SceneReport["found"]): string {
  return found.map(({ what, after, execution }) => `${what} ${after.toFixed(2)} s (execution ${execution})`).join(", ");
}

/** What all campaigns of a command have in common. */
export interface ExploreSettings {
  readonly seed: number;
  readonly chooser: string;
  readonly depth: number;
}

/** `commandOf` gives the command line that replays a scene's schedule. */
export function exploreTable(
  rows: readonly SceneReport[],
  { seed, chooser, depth }: ExploreSettings,
  commandOf: (row: SceneReport) => string,
): string {
  const shown = columns.filter((column) => rows.some((row) => column.cell(row) !== ""));
  const notes = rows.flatMap((row) => {
    const { options, crashes, found } = row;
    const name = `${options.design} ${options.states.join(":")}`;
    return [
      ...crashes.map((text) => `${name}: ${text}\n`),
      ...found.map(
        ({ what, schedule, choices, found }) =>
          `${name}: ${what}, by ${choices} choices (${found} when it was found)\n  ${commandOf(row)} --replay ${schedule}\n`,
      ),
    ];
  });
  const executions = rows.reduce((sum, row) => sum + row.executions, 0);
  const seconds = rows.reduce((sum, row) => sum + row.seconds, 0);
  const rate = seconds === 0 ? "" : `, ${(executions / seconds).toFixed(0)} a second`;
  const summary = `seed ${seed}, chooser ${chooser}, depth ${depth}: ${executions} executions in ${seconds.toFixed(1)} s${rate}\n`;
  return `${formatTable(shown, rows)}${summary}${notes.length === 0 ? "" : `\n${notes.join("")}`}`;
}

export function exploreJson(rows: readonly SceneReport[], settings: ExploreSettings, complete: boolean): string {
  return `${JSON.stringify({ report: "stress", model: "arm", ...settings, complete, transitions: rows }, null, 2)}\n`;
}

function endText({ finished, outcomes, crashes, what }: ReplayedScene): string {
  if (!finished) return "The execution did not come to an end.";
  const calls = outcomes.map((each, caller) => `caller${caller}: ${each.length === 0 ? "no call" : each.join(", ")}`);
  const crash = crashes.length === 0 ? "" : ` (${crashes.join("; ")})`;
  const verdict = what === undefined ? ", as it should be" : what === "stale" ? ", though it had got the message" : "";
  return `${calls.join("; ")}${crash}${verdict}`;
}

/** A replayed execution: in words, as a timeline, and its end. */
export function replayText(replayed: ReplayedScene): string {
  const { options, chosen, choices, instructions, timeline } = replayed;
  const head = `${options.design} ${options.states.join(":")}: ${instructions} instructions, ${choices} choices, of which ${chosen} are not the sequential one`;
  return `${head}\n\n${storyText(timeline)}\n${timelineText(timeline)}\n${endText(replayed)}\n`;
}

export function replayJson(replayed: ReplayedScene): string {
  return `${JSON.stringify({ report: "replay", model: "arm", ...replayed, timeline: jsonTimeline(replayed) }, null, 2)}\n`;
}

/** Addresses as text: JSON has no numbers of 64 bits. */
function jsonTimeline({ timeline }: ReplayedScene): unknown {
  const contents = timeline.contents.map(({ place, title, core }) => ({
    title,
    ...(core === undefined ? {} : { core }),
    address: `0x${place.address.toString(16)}`,
    bytes: place.bytes,
  }));
  return { ...timeline, contents };
}
