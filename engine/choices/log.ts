/**
 * The log of an execution's choices. It has only those that are not the sequential alternative, each by its kind, the core
 * that asked, and how many choices of that kind the core had been asked before: so that one can be taken away without the
 * others becoming choices about something else.
 */
import { type Chooser, coreOf, MAX_CORES, MAX_KINDS } from "./chooser.js";

export interface Choice {
  readonly kind: number;
  readonly core: number;
  /** Choices of this kind that the core was asked before, sequential ones too. */
  readonly ordinal: number;
  /** The alternative, at least 1. */
  readonly value: number;
}

/** Ordered by kind, core and ordinal. */
export type ChoiceLog = readonly Choice[];

const STREAMS = MAX_KINDS * MAX_CORES;

function streamOf(kind: number, core: number): number {
  return kind * MAX_CORES + core;
}

export function compareChoices(a: Choice, b: Choice): number {
  return streamOf(a.kind, a.core) - streamOf(b.kind, b.core) || a.ordinal - b.ordinal;
}

/** Asks another chooser, and remembers what it chose. */
export class Recorder implements Chooser {
  readonly #asked = new Int32Array(STREAMS);
  /** Streams, ordinals and values in turn. */
  #taken = new Int32Array(3 * 256);
  #length = 0;
  #choices = 0;

  constructor(readonly inner: Chooser) {}

  begin(execution: number): void {
    this.inner.begin(execution);
    this.#asked.fill(0);
    this.#length = 0;
    this.#choices = 0;
  }

  choose(kind: number, alternatives: number, detail: number): number {
    const value = this.inner.choose(kind, alternatives, detail);
    const stream = streamOf(kind, coreOf(detail));
    const ordinal = this.#asked[stream] as number;
    this.#asked[stream] = ordinal + 1;
    this.#choices++;
    if (value !== 0) this.#add(stream, ordinal, value);
    return value;
  }

  #add(stream: number, ordinal: number, value: number): void {
    if (this.#length === this.#taken.length) {
      const larger = new Int32Array(2 * this.#length);
      larger.set(this.#taken);
      this.#taken = larger;
    }
    this.#taken[this.#length++] = stream;
    this.#taken[this.#length++] = ordinal;
    this.#taken[this.#length++] = value;
  }

  /** How many choices the execution was asked, sequential ones too. */
  get choices(): number {
    return this.#choices;
  }

  /** What was chosen since the last `begin`. */
  log(): ChoiceLog {
    const log: Choice[] = [];
    for (let at = 0; at < this.#length; at += 3) {
      const stream = this.#taken[at] as number;
      log.push({
        kind: Math.floor(stream / MAX_CORES),
        core: stream % MAX_CORES,
        ordinal: this.#taken[at + 1] as number,
        value: this.#taken[at + 2] as number,
      });
    }
    return log.sort(compareChoices);
  }
}

/** Chooses what a log says, and the sequential alternative where it says nothing. */
export class Replay implements Chooser {
  readonly #asked = new Int32Array(STREAMS);
  /** Where the log's next entry of each stream stands, and where they end. */
  readonly #next = new Int32Array(STREAMS);
  readonly #starts = new Int32Array(STREAMS);
  readonly #ends = new Int32Array(STREAMS);
  readonly #ordinals: Int32Array;
  readonly #values: Int32Array;
  #used = 0;
  #misfits = 0;

  constructor(log: ChoiceLog) {
    const sorted = [...log].sort(compareChoices);
    this.#ordinals = Int32Array.from(sorted, ({ ordinal }) => ordinal);
    this.#values = Int32Array.from(sorted, ({ value }) => value);
    for (const [index, { kind, core }] of sorted.entries()) {
      const stream = streamOf(kind, core);
      if (this.#ends[stream] === 0) this.#starts[stream] = index;
      this.#ends[stream] = index + 1;
    }
    this.begin();
  }

  begin(): void {
    this.#asked.fill(0);
    this.#next.set(this.#starts);
    this.#used = 0;
    this.#misfits = 0;
  }

  choose(kind: number, alternatives: number, detail: number): number {
    const stream = streamOf(kind, coreOf(detail));
    const ordinal = this.#asked[stream] as number;
    this.#asked[stream] = ordinal + 1;
    const next = this.#next[stream] as number;
    if (next >= (this.#ends[stream] as number) || this.#ordinals[next] !== ordinal) return 0;
    this.#next[stream] = next + 1;
    this.#used++;
    const value = this.#values[next] as number;
    if (value < alternatives) return value;
    this.#misfits++;
    return alternatives - 1;
  }

  /** Whether the execution was asked every choice of the log, with that alternative among the answers. */
  get fits(): boolean {
    return this.#used === this.#values.length && this.#misfits === 0;
  }
}
