/**
 * Random programs do the same interpreted and compiled, stopped after any number of instructions: with the JIT's usual
 * limits and with absurd ones, while they patch themselves with all or some of the maintenance that this needs.
 */
import type { JitOptions, MachineOptions } from "cmodx/engine";
import { afterAll, describe, expect, test, vi } from "vitest";
import * as layout from "#assembly/layout.js";
import { countFromEnvironment, Random, runSeed } from "../../support/random.js";
import { type Counts, Rig } from "../../support/rig.js";
import { describeProgram, disagreements, loadProgram } from "./lockstep.js";
import { type Program, patchWord, programWindows, randomProgram } from "./programs.js";

const MULTIPLIER = countFromEnvironment("CMODX_PROGRAMS", 1);
/** Instructions after which a short program is compared, from one on. */
const EVERY_STOP = 48;
const SLICES = 24;

const atOnce = { threshold: 1, background: false } satisfies JitOptions;
const coherent = { ctr: { dic: true, idc: true } } satisfies MachineOptions;

interface Variant {
  readonly name: string;
  readonly jit: JitOptions;
  readonly machine?: MachineOptions;
  /** Whether the address at which a slice begins is compiled by force. */
  readonly forced?: boolean;
  /** SCTLR_EL1.<SA0, SA>. */
  readonly spChecks?: number;
}

const variants: readonly Variant[] = [
  { name: "every target compiled at once", jit: atOnce },
  { name: "regions of two instructions", jit: { ...atOnce, maxInstructions: 2 } },
  { name: "regions of five instructions, calls not followed", jit: { ...atOnce, maxInstructions: 5, maxDepth: 0 } },
  { name: "calls followed one deep", jit: { ...atOnce, maxDepth: 1 } },
  { name: "SP has to be aligned", jit: atOnce, spChecks: layout.SCTLR_SA | layout.SCTLR_SA0 },
  { name: "compiled by force", jit: { threshold: layout.HEAT_MAX, background: false }, forced: true },
  { name: "entered at every loop", jit: { ...atOnce, enterLoops: true } },
  { name: "compiled in the background", jit: { ...atOnce, background: true } },
  { name: "coherent instruction cache", jit: atOnce, machine: coherent },
];

interface Pair {
  readonly reference: Rig;
  readonly rig: Rig;
}

const pairs: Pair[] = [];

async function makePair({ jit, machine }: Variant): Promise<Pair> {
  const common = { windows: programWindows, counter: () => 7, ...machine };
  const pair = { reference: await Rig.create({ ...common, jit: false }), rig: await Rig.create({ ...common, jit }) };
  pairs.push(pair);
  return pair;
}

afterAll(() => {
  for (const { reference, rig } of pairs) {
    reference.dispose();
    rig.dispose();
  }
});

const difference = (after: Counts, before: Counts): Record<string, number> =>
  Object.fromEntries(Object.entries(after).map(([key, value]) => [key, value - before[key as keyof Counts]]));

const isOver = (stop: number): boolean => stop === layout.STOP_EXCEPTION || stop === layout.STOP_RETURNED;

function fail(
  seed: string,
  variant: Variant,
  what: string,
  problems: readonly string[],
  program: Program,
  pair: Pair,
  before: Uint32Array,
): never {
  const listing = describeProgram(program, pair.reference, pair.rig, before);
  throw new Error(`seed ${seed}, ${variant.name}, ${what}:\n  ${problems.join("\n  ")}\n${listing}`);
}

/** From its start again and again, one instruction further each time. */
function runToEveryStop(seed: string, variant: Variant, pair: Pair, program: Program): void {
  const { reference, rig } = pair;
  loadProgram(reference, program, variant.spChecks);
  const before = reference.snapshot();
  for (let count = 1; count <= EVERY_STOP; count++) {
    const stop = reference.run(1);
    loadProgram(rig, program, variant.spChecks);
    if (variant.forced) rig.forceCompile(rig.machine.core.pc);
    let left = count;
    let last = rig.run(left);
    // A core that waits goes on when it is run again, in both machines.
    for (
      left = rig.state.getNumber(layout.FUEL);
      last === layout.STOP_WAIT && left > 0;
      left = rig.state.getNumber(layout.FUEL)
    )
      last = rig.run(left);
    rig.state.set64(layout.FUEL, reference.state.get64(layout.FUEL));
    const problems = disagreements(reference, rig, [stop, last]);
    if (problems.length > 0) fail(seed, variant, `after ${count} instructions`, problems, program, pair, before);
    if (isOver(stop)) return;
  }
}

/** On and on in slices of random length; between them the host patches the program now and then. */
function runInSlices(seed: string, variant: Variant, pair: Pair, program: Program, random: Random): void {
  const { reference, rig } = pair;
  for (const each of [reference, rig]) loadProgram(each, program, variant.spChecks);
  const counts = [reference.counts(), rig.counts()] as const;
  for (let slice = 0; slice < SLICES; slice++) {
    const fuel = 1 + random.below(random.pick([4, 30, 300, 3000]));
    if (variant.forced) rig.forceCompile(rig.machine.core.pc);
    const before = reference.snapshot();
    const stops = [reference.run(fuel), rig.run(fuel)] as const;
    const problems = disagreements(reference, rig, stops);
    const [counted, expected] = [difference(rig.counts(), counts[1]), difference(reference.counts(), counts[0])];
    for (const [key, value] of Object.entries(expected)) {
      if (counted[key] !== value)
        problems.push(`the interpreter counted ${value} ${key}, compiled code ${counted[key]}`);
    }
    if (problems.length > 0)
      fail(seed, variant, `slice ${slice} of ${fuel} instructions`, problems, program, pair, before);
    if (isOver(stops[0])) return;
    patchFromHost(pair, program, random);
  }
}

function patchFromHost({ reference, rig }: Pair, program: Program, random: Random): void {
  if (!random.oneIn(3)) return;
  const text = programWindows[0]?.address as bigint;
  const address = text + BigInt(4 * random.below(program.instructions));
  const word = random.oneIn(3) ? (program.code.get(text)?.[Number(address - text) / 4] as number) : patchWord(random);
  const maintained = random.oneIn(2);
  for (const { machine } of [reference, rig]) {
    machine.writeU32(address, word);
    if (maintained) machine.cleanAndInvalidate(address, 4);
  }
}

describe.each(variants)("$name", (variant) => {
  test.each([
    { length: 5, programs: 4 },
    { length: 20, programs: 5 },
    { length: 100, programs: 3 },
  ])(
    "programs of $length instructions",
    async ({ length, programs }) => {
      const pair = await makePair(variant);
      for (let i = 0; i < programs * MULTIPLIER; i++) {
        const seed = `${runSeed}/${length}/${i}`;
        const random = new Random(`${seed}/${variant.name}`);
        const program = randomProgram(random, length);
        if (length <= 20) runToEveryStop(seed, variant, pair, program);
        runInSlices(seed, variant, pair, program, random);
      }
      // In the background short programs may be over before the first answer.
      await vi.waitFor(
        () => {
          pair.rig.regions.poll();
          expect(pair.rig.machine.stats().regions.compiled).toBeGreaterThan(0);
        },
        { timeout: 20_000 },
      );
    },
    120_000,
  );
});
