/** The worker that checks files. */
import { CmodxError } from "../../engine/index.js";
import { serve } from "../model/stoppable.js";
import { differences } from "./expectation.js";
import { formatVerdict, verdictJson } from "./print.js";
import { type LitmusWitness, runKeeping } from "./run.js";

export interface CheckJob {
  readonly file: string;
  readonly text: string;
}

/** What holds for all files of a run. */
export interface CheckSettings {
  readonly timeLimitMs?: number;
  readonly memoryLimit?: number;
  readonly maxInstructions?: number;
  readonly verbose: boolean;
  /** Whether to give an execution for each state. */
  readonly witness: boolean;
}

export interface CheckTask extends CheckSettings, CheckJob {}

export interface CheckedFile {
  readonly file: string;
  /** In herd's layout. */
  readonly text: string;
  readonly json: unknown;
  readonly complete: boolean;
  /** In what it differs from what it says that it should give. */
  readonly differences: readonly string[];
  readonly witnesses: readonly LitmusWitness[];
}

export interface RefusedFile {
  readonly file: string;
  /** Where and why. */
  readonly error: string;
  readonly code: string;
}

export type CheckMessage = CheckedFile | RefusedFile;

function checkFile(task: CheckTask, stopped: () => boolean): CheckMessage {
  const { file, text } = task;
  const start = performance.now();
  try {
    const { verdict, witnesses } = runKeeping(text, file, { ...task, stopped });
    const seconds = (performance.now() - start) / 1000;
    return {
      file,
      text: formatVerdict(verdict, { seconds, verbose: task.verbose }),
      json: verdictJson(verdict, seconds),
      complete: verdict.complete,
      differences: differences(verdict),
      witnesses: task.witness ? witnesses() : [],
    };
  } catch (error) {
    if (error instanceof CmodxError) return { file, error: error.message, code: error.code };
    throw error;
  }
}

serve<CheckTask, CheckMessage>(checkFile);
