/**
 * Schedule strings: an execution of a program in one word that can be pasted into a shell or a mail.
 *
 *   cmodx1-<program>-<choices>-<check>
 *
 * 1 is the version of this format and of what choices mean; <program> is a hash of the program and that version; <choices>
 * are bytes in base64url with _ for - and . for _, so that a double click takes the word as a whole; <check> is a hash of all before it.
 * Of each stream of choices (a kind and a core): its number, how many there are, then distance from the one before and value
 * of each; all as LEB128, values less one.
 */
import { createHash } from "node:crypto";
import { MAX_CORES, MAX_KINDS } from "./chooser.js";
import { ScheduleError } from "./errors.js";
import { type Choice, type ChoiceLog, compareChoices } from "./log.js";

/** To be raised whenever the choices of an execution come in another order or mean something else. */
export const SCHEDULE_VERSION = 1;
const PREFIX = "cmodx";
const PROGRAM_DIGITS = 8;
const CHECK_DIGITS = 6;
/** Longer logs than any execution has. */
const MAX_CHOICES = 1 << 20;

function digits(hash: string, count: number): string {
  return createHash("sha256").update(hash).digest("hex").slice(0, count);
}

/** The hash of a program that schedule strings carry. `description` holds all that an execution depends on beside its choices. */
export function programHash(description: string): string {
  return digits(`${PREFIX}${SCHEDULE_VERSION} ${description}`, PROGRAM_DIGITS);
}

function encodeNumber(bytes: number[], value: number): void {
  let left = value;
  while (left > 0x7f) {
    bytes.push((left & 0x7f) | 0x80);
    left >>>= 7;
  }
  bytes.push(left);
}

function encodeLog(log: ChoiceLog): Uint8Array {
  const bytes: number[] = [];
  for (const [stream, choices] of groups(log)) {
    encodeNumber(bytes, stream);
    encodeNumber(bytes, choices.length);
    let next = 0;
    for (const { ordinal, value } of choices) {
      encodeNumber(bytes, ordinal - next);
      encodeNumber(bytes, value - 1);
      next = ordinal + 1;
    }
  }
  return Uint8Array.from(bytes);
}

function groups(log: ChoiceLog): Map<number, Choice[]> {
  const streams = new Map<number, Choice[]>();
  for (const choice of [...log].sort(compareChoices)) {
    const stream = choice.kind * MAX_CORES + choice.core;
    const group = streams.get(stream);
    if (group === undefined) streams.set(stream, [choice]);
    else group.push(choice);
  }
  return streams;
}

function damaged(why: string): ScheduleError {
  return new ScheduleError("schedule-damaged", `this is not a whole schedule string: ${why}; copy all of it`);
}

class Reader {
  #at = 0;

  constructor(readonly bytes: Uint8Array) {}

  get done(): boolean {
    return this.#at === this.bytes.length;
  }

  number(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.bytes[this.#at++];
      if (byte === undefined) throw damaged("its choices end in the middle of one");
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw damaged("a number in it is too large");
  }
}

function decodeLog(bytes: Uint8Array): ChoiceLog {
  const reader = new Reader(bytes);
  const log: Choice[] = [];
  while (!reader.done) {
    const stream = reader.number();
    const count = reader.number();
    if (stream >= MAX_KINDS * MAX_CORES || log.length + count > MAX_CHOICES)
      throw damaged("a number in it is too large");
    let next = 0;
    for (let index = 0; index < count; index++) {
      const ordinal = next + reader.number();
      const value = reader.number() + 1;
      log.push({ kind: Math.floor(stream / MAX_CORES), core: stream % MAX_CORES, ordinal, value });
      next = ordinal + 1;
    }
  }
  return log;
}

function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url").replaceAll("_", ".").replaceAll("-", "_");
}

function fromText(text: string): Uint8Array {
  return Buffer.from(text.replaceAll("_", "-").replaceAll(".", "_"), "base64url");
}

/** The schedule string of an execution of the program with this hash. */
export function formatSchedule(program: string, log: ChoiceLog): string {
  const body = `${PREFIX}${SCHEDULE_VERSION}-${program}-${toText(encodeLog(log))}`;
  return `${body}-${digits(body, CHECK_DIGITS)}`;
}

export interface Schedule {
  /** The hash of the program that it belongs to. */
  readonly program: string;
  readonly log: ChoiceLog;
}

/** Reads a schedule string. Throws a ScheduleError. */
export function parseSchedule(text: string): Schedule {
  const match = /^cmodx([0-9]+)-([0-9a-f]+)-([0-9A-Za-z_.]*)-([0-9a-f]+)$/.exec(text.trim());
  if (match === null) throw damaged(`it should read ${PREFIX}${SCHEDULE_VERSION}-...-...-...`);
  const [whole, version, program = "", choices = "", check = ""] = match;
  if (Number(version) !== SCHEDULE_VERSION) {
    const versions = `version ${version} of cmodx's choices, and this is version ${SCHEDULE_VERSION}`;
    throw new ScheduleError(
      "schedule-version",
      `the schedule string is of ${versions}: replay it with the cmodx that printed it`,
    );
  }
  if (digits(whole.slice(0, -check.length - 1), CHECK_DIGITS) !== check)
    throw damaged("its last part does not fit the others");
  return { program, log: decodeLog(fromText(choices)) };
}

/** Reads a schedule string of the program with this hash. Throws a ScheduleError. */
export function parseScheduleOf(text: string, program: string): ChoiceLog {
  const schedule = parseSchedule(text);
  if (schedule.program === program) return schedule.log;
  throw new ScheduleError(
    "schedule-program",
    `the schedule string is of program ${schedule.program}, and this is program ${program}: give the same design, transition and flags`,
  );
}
