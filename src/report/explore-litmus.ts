/** Litmus tests that were executed, as text and as JSON. */
import type { LitmusReport, ReplayedLitmus } from "../explore/litmus-campaign.js";
import { formatHistogram, type Histogram } from "../litmus/histogram.js";
import { storyText, timelineText } from "./timeline.js";

/** The histogram, and the line that replays a witness. */
export function litmusText(report: LitmusReport, file: string): string {
  const { histogram, seconds, schedule, choices, unfinished, executions } = report;
  const replay =
    schedule === undefined ? "" : `Replay (${choices} choices) cmodx run --model arm ${file} --replay ${schedule}\n`;
  const cut = unfinished === 0 ? "" : `Unfinished ${unfinished} of ${executions} executions\n`;
  return `${formatHistogram(histogram, seconds).trimEnd()}\n${cut}${replay}\n`;
}

function histogramJson({ name, rows, holding, failing, ok, observation, condition }: Histogram): object {
  return { name, condition, ok, observation, states: rows, holding, failing };
}

export function litmusJson(report: LitmusReport, file: string): object {
  const { histogram, ...others } = report;
  return { file, ...histogramJson(histogram), ...others };
}

/** A replayed execution: in words, as a timeline, and its final state. */
export function replayedLitmusText({ histogram, chosen, choices, instructions, timeline }: ReplayedLitmus): string {
  const head = `${timeline.title}: ${instructions} instructions, ${choices} choices, of which ${chosen} are not the sequential one`;
  const end = histogram.rows.map(({ text }) => `${text}\n`).join("") || "The execution did not come to an end.\n";
  return `${head}\n\n${storyText(timeline)}\n${timelineText(timeline)}\n${end}`;
}
