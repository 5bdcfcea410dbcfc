/** Many executions of one problem, each with its own choices: what they ended in, and the first one of each failure. */
import { type ChoiceLog, type Chooser, Recorder, Replay, sequential, shrink } from "../../engine/index.js";
import type { FinalState } from "../model/problem.js";
import { type ChooserName, makeChooser } from "./choosers.js";
import type { Subject } from "./subject.js";

export interface CampaignOptions {
  readonly seed: number;
  /** Executions; Infinity: until `stopped`. */
  readonly executions: number;
  readonly chooser: ChooserName;
  readonly depth: number;
  /** What is wrong with a final state, as a name for this kind of failure; undefined: nothing. */
  readonly failureOf: (state: FinalState) => string | undefined;
  /** Asked now and then whether to end. */
  readonly stopped: () => boolean;
}

export interface Seen {
  readonly state: FinalState;
  count: number;
}

export interface Failure {
  readonly what: string;
  readonly state: FinalState;
  /** The number of the execution that failed first. */
  readonly execution: number;
  /** Seconds since the campaign began. */
  readonly after: number;
  /** The log as small as it was made. */
  readonly log: ChoiceLog;
  /** Choices that were not the sequential ones, before the log was made small. */
  readonly found: number;
  readonly minimal: boolean;
}

export interface CampaignResult {
  readonly executions: number;
  readonly instructions: number;
  readonly choices: number;
  /** Executions that did not come to an end: a bound was hit, or no core could go on. */
  readonly unfinished: number;
  readonly seen: readonly Seen[];
  readonly failures: readonly Failure[];
  readonly seconds: number;
}

/** Executions between two looks at the clock. */
const EXECUTIONS_PER_LOOK = 64;

/** Choices of the sequential execution, which says how long executions are. */
function lengthOf(subject: Subject): number {
  const recorder = new Recorder(sequential);
  subject.run(recorder, 0);
  return recorder.choices;
}

/** An attempt for the shrinker: whether a log gives a failure of the same kind. */
export function attemptOf(
  subject: Subject,
  failureOf: CampaignOptions["failureOf"],
  what: string,
): (log: ChoiceLog) => ChoiceLog | undefined {
  return (log) => {
    const recorder = new Recorder(new Replay(log));
    const { finished } = subject.run(recorder, 0);
    return finished && failureOf(subject.state()) === what ? recorder.log() : undefined;
  };
}

class Campaign {
  readonly #seen = new Map<string, Seen>();
  readonly #failures = new Map<string, Failure>();
  readonly #recorder: Recorder;
  readonly #start = performance.now();
  #executions = 0;
  #instructions = 0;
  #choices = 0;
  #unfinished = 0;

  constructor(
    readonly subject: Subject,
    readonly options: CampaignOptions,
  ) {
    const { seed, depth } = options;
    const chooser: Chooser = makeChooser(options.chooser, { seed, depth, length: lengthOf(subject) });
    this.#recorder = new Recorder(chooser);
  }

  run(): CampaignResult {
    const { executions, stopped } = this.options;
    while (this.#executions < executions) {
      if (this.#executions % EXECUTIONS_PER_LOOK === 0 && stopped()) break;
      this.#execute(this.#executions++);
    }
    return {
      executions: this.#executions,
      instructions: this.#instructions,
      choices: this.#choices,
      unfinished: this.#unfinished,
      seen: [...this.#seen.values()],
      failures: [...this.#failures.values()],
      seconds: this.#seconds(),
    };
  }

  #seconds(): number {
    return (performance.now() - this.#start) / 1000;
  }

  #execute(execution: number): void {
    const { finished, instructions } = this.subject.run(this.#recorder, execution);
    this.#instructions += instructions;
    this.#choices += this.#recorder.choices;
    if (!finished) {
      this.#unfinished++;
      return;
    }
    const key = this.subject.stateKey();
    const seen = this.#seen.get(key);
    if (seen !== undefined) {
      seen.count++;
      return;
    }
    const state = this.subject.state();
    this.#seen.set(key, { state, count: 1 });
    const what = this.options.failureOf(state);
    if (what !== undefined && !this.#failures.has(what)) this.#fail(what, state, execution);
  }

  #fail(what: string, state: FinalState, execution: number): void {
    const after = this.#seconds();
    const found = this.#recorder.log();
    const { log, minimal } = shrink(found, attemptOf(this.subject, this.options.failureOf, what));
    this.#failures.set(what, { what, state, execution, after, log, found: found.length, minimal });
  }
}

/** Runs a campaign. Execution n depends on the seed and n alone. */
export function runCampaign(subject: Subject, options: CampaignOptions): CampaignResult {
  return new Campaign(subject, options).run();
}
