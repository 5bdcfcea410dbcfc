/**
 * Compiled code is left everywhere that it can be left, and the complete state is the interpreter's each time: after every
 * number of instructions, with every kind of fault at every memory access that a hot program makes, where every branch
 * goes the other way, where every indirect branch goes elsewhere or nowhere, with the exclusive monitor lost at every step.
 */
import { afterAll, describe, expect, test } from "vitest";
import * as layout from "#assembly/layout.js";
import { flowOf } from "#engine/jit/flow.js";
import { operandOf } from "../../support/words.js";
import {
  type Mutation,
  NZCV_NUMBER,
  Precision,
  type PrecisionVariant,
  SP_NUMBER,
  type Step,
  type Trial,
} from "./precision.js";
import { CONSTANTS, DATA, SIZE, type Subject, subjects, TABLE, TEXT } from "./subjects.js";

const atOnce = { threshold: 1, background: false };
const variants: readonly PrecisionVariant[] = [
  { name: "hot", jit: atOnce },
  { name: "small regions", jit: { ...atOnce, maxInstructions: 9, maxDepth: 1 } },
  { name: "compiled blindly", jit: { threshold: layout.HEAT_MAX, background: false }, blind: true },
  { name: "entered at every loop, nothing inlined", jit: { ...atOnce, enterLoops: true, maxInlined: 0 } },
];

/** Ends of windows, from both sides, and what is near them. */
const edges = [DATA, TABLE, CONSTANTS].flatMap((base) => [
  base - 8n,
  base + SIZE / 2n,
  base + SIZE / 2n + 1n,
  base + SIZE - 16n,
  base + SIZE - 8n,
  base + SIZE - 2n,
  base + SIZE,
]);
const ALL_ONES = (1n << 64n) - 1n;
const numbers = [0n, 1n, 2n, 3n, 8n, 0x20n, 0x7fffn, 1n << 31n, (1n << 31n) - 1n, 1n << 32n, 1n << 63n, ALL_ONES];
/** Branch targets that fault: misaligned, unmapped, not executable. */
const nowhere = [TEXT + 1n, TEXT + SIZE, DATA];
/** How many instructions before an access its base is changed. */
const DISTANCES = [0, 1, 3, 6];
const NULL = 0x18n;
/** Instructions for which a slice has to have fuel before any region of these subjects is entered, with some to spare. */
const ENOUGH = 500;
const MORE = 100;

/** What happened to a subject. */
class Coverage {
  /** Where instructions went. */
  private readonly gone = new Map<bigint, Set<bigint>>();

  add({ steps, pc }: Trial): void {
    for (let i = 0; i < steps.length; i++) {
      const from = steps[i] as bigint;
      this.gone.set(from, (this.gone.get(from) ?? new Set()).add(steps[i + 1] ?? pc));
    }
  }

  /** Branches that have gone one way only. */
  missed(trace: readonly Step[]): string[] {
    const missed = trace.filter(({ form, word, pc }) => {
      const kind = form === undefined ? "next" : flowOf(form, word, pc).flow.kind;
      return (kind === "conditional" || kind === "indirect") && (this.gone.get(pc)?.size ?? 0) < 2;
    });
    return missed.map(({ pc, form }) => `${form?.row.name} at ${pc.toString(16)}`);
  }
}

/** Before the start: every register and every doubleword that is read gets every value. */
function* mutations(precision: Precision, trace: readonly Step[]): Generator<Mutation> {
  const landings = ["start", ...precision.subject.landings].map((name) => precision.at(name));
  const values = [...edges, ...numbers, ...nowhere, ...landings];
  const registers = [...Array.from({ length: 31 }, (_, n) => n), SP_NUMBER];
  for (const register of registers) for (const value of values) yield { register, value };
  for (let value = 0n; value < 16n; value++) yield { register: NZCV_NUMBER, value };
  const addresses = trace.flatMap(({ access }) => (access === undefined ? [] : [access.address & ~7n]));
  for (const address of new Set(addresses)) for (const value of values) yield { address, value };
}

interface Intervention {
  readonly mutation: Mutation & { readonly at: number };
  /** The exception that has to follow at once, if one has to. */
  readonly exception?: number;
}

/** Addresses at which an access fails, with how. */
function badAddresses({ access }: Step): (readonly [bigint, number])[] {
  if (access === undefined) return [];
  const { address, bytes, writes, aligned } = access;
  const bad: (readonly [bigint, number])[] = [[NULL & BigInt(-bytes), layout.EXCEPTION_DATA_UNMAPPED]];
  if (writes) bad.push([CONSTANTS + SIZE / 2n, layout.EXCEPTION_DATA_PERMISSION]);
  if (bytes === 1) return bad;
  if (aligned) return [...bad, [address + 1n, layout.EXCEPTION_DATA_ALIGNMENT]];
  bad.push([DATA + SIZE - BigInt(bytes / 2), layout.EXCEPTION_DATA_UNMAPPED]);
  if (writes) bad.push([CONSTANTS - BigInt(bytes / 2), layout.EXCEPTION_DATA_PERMISSION]);
  return bad;
}

/** The base register of an access. */
function baseOf({ form, word }: Step): number | undefined {
  if (form === undefined) return undefined;
  const base = operandOf(form, word, form.row.name === "DC ZVA" ? "t" : "n");
  return base === 31 ? SP_NUMBER : base;
}

/** The access of step `at` fails, by its base as it is changed some instructions before. */
function* failingAccesses(trace: readonly Step[], at: number): Generator<Intervention> {
  const step = trace[at] as Step;
  const base = baseOf(step);
  if (step.access === undefined || base === undefined) return;
  for (const [wanted, exception] of badAddresses(step)) {
    for (const distance of DISTANCES) {
      const earlier = trace[at - distance];
      // The base is another register's business until then.
      if (earlier?.registers[base] !== step.registers[base]) break;
      const value = BigInt.asUintN(64, (step.registers[base] as bigint) + wanted - step.access.address);
      const mutation = { at: at - distance, register: base, value };
      yield distance === 0 ? { mutation, exception } : { mutation };
    }
  }
}

/** The branch of step `at` goes where it does not go by itself. */
function* divertedBranches(precision: Precision, { form, word, pc }: Step, at: number): Generator<Intervention> {
  if (form === undefined) return;
  const { flow } = flowOf(form, word, pc);
  if (flow.kind === "indirect") {
    const landings = ["start", ...precision.subject.landings].map((name) => precision.at(name));
    for (const value of [...nowhere, ...landings]) yield { mutation: { at, register: flow.n, value } };
  } else if (flow.kind === "conditional") {
    const register = operandOf(form, word, "t");
    if (register === undefined)
      for (let value = 0n; value < 16n; value++) yield { mutation: { at, register: NZCV_NUMBER, value } };
    else for (const value of [0n, ALL_ONES]) yield { mutation: { at, register, value } };
  }
}

function* interventions(precision: Precision, trace: readonly Step[]): Generator<Intervention> {
  for (const [at, step] of trace.entries()) {
    yield* failingAccesses(trace, at);
    yield* divertedBranches(precision, step, at);
    if (step.marked) yield { mutation: { at, monitor: "open" } };
  }
}

/** Exits by reason over all tests of this file. */
const exits = new Map<string, number>();

function check(trial: Trial, coverage?: Coverage): void {
  expect(trial.failure).toBe(undefined);
  coverage?.add(trial);
  for (const [reason, times] of Object.entries(trial.exits)) exits.set(reason, (exits.get(reason) ?? 0) + times);
}

describe.each(variants)("$name", (variant) => {
  describe.each(subjects)("$name", (subject: Subject) => {
    const made = Precision.create(subject, variant);
    afterAll(async () => (await made).dispose());

    test("after every number of instructions", async () => {
      const precision = await made;
      const { length } = precision.trace();
      for (let count = 1; count <= length + 1; count++) check(precision.trial(count));
      // And where there is enough for its regions to be entered, which are then left with none to spare.
      const [register, value] = subject.longer;
      const before = precision.compiledInstructions();
      for (let count = ENOUGH; count < ENOUGH + MORE; count++) check(precision.trial(count, { register, value }));
      expect(precision.compiledInstructions() - before).toBeGreaterThan((ENOUGH * MORE) / 5);
    });

    test("from every state that differs in one register or doubleword", async () => {
      const precision = await made;
      const trace = precision.trace();
      for (const mutation of mutations(precision, trace)) check(precision.trial(trace.length + ENOUGH, mutation));
    });

    test.skipIf(variant.name !== "hot")("with every access failing and every branch diverted", async () => {
      const precision = await made;
      const trace = precision.trace();
      const coverage = new Coverage();
      let compiled = 0;
      for (const { mutation, exception } of interventions(precision, trace)) {
        const trial = precision.trial(trace.length + ENOUGH, mutation);
        check(trial, coverage);
        if (trial.compiled) compiled++;
        if (exception === undefined) continue;
        if (subject.vectors === true) expect(trial.steps[1]).toBeGreaterThan(precision.at("vectors"));
        else expect([trial.exception, trial.pc]).toEqual([exception, trace[mutation.at]?.pc]);
      }
      expect(coverage.missed(trace)).toEqual([]);
      expect(compiled).toBeGreaterThan(trace.length);
    });
  });
});

test("every reason to leave compiled code has come up", () => {
  const reasons = ["fuel", "indirect", "cold", "limit", "memory", "system", "return", "call"];
  expect(reasons.filter((reason) => (exits.get(reason) ?? 0) === 0)).toEqual([]);
});
