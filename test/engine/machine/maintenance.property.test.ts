/** Random sequences of stores, maintenance and execution against a model of what may be executed. fast-check prints the seed of a failure. */
import type { CacheType } from "cmodx/engine";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { engines, type Guest, guest, PATCH, TEXT } from "./guest.js";

const LINES = 4;
const MOVZ_X0 = 0xd2800000;

const program = `
${Array.from({ length: LINES }, (_, line) => `\t.balign 64\nline${line}: mov x0, #0\n\tret\n`).join("")}
	.balign	64
store:	bti	c
	str	w1, [x0]
	ret
clean:	bti	c
	dc	cvau, x0
	ret
invalidate: bti	c
	ic	ivau, x0
	ret
invalidateAll: bti	c
	ic	iallu
	ret
dsb:	bti	c
	dsb	ish
	ret
isb:	bti	c
	isb
	ret
`;

type Step =
  | { readonly op: "store"; readonly line: number; readonly value: number }
  | { readonly op: "clean" | "invalidate" | "execute" | "host"; readonly line: number }
  | { readonly op: "dsb" | "isb" | "invalidateAll" };

const line = fc.nat(LINES - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ op: fc.constant("store" as const), line, value: fc.nat(0xffff) }) },
  { weight: 8, arbitrary: fc.record({ op: fc.constantFrom("clean", "invalidate", "execute"), line }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("host" as const), line }) },
  { weight: 6, arbitrary: fc.record({ op: fc.constantFrom("dsb", "isb") }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("invalidateAll" as const) }) },
);

/** Most of the right sequence for one line, and a look at the result. */
const sequence: fc.Arbitrary<Step[]> = fc
  .record({
    line,
    value: fc.nat(0xffff),
    ops: fc.subarray(["store", "clean", "dsb", "invalidate", "dsb", "isb"] as const, { minLength: 3 }),
  })
  .map(({ ops, ...rest }) => [...ops, "execute" as const].map((op) => ({ op, ...rest })));

const steps = fc
  .array(fc.oneof({ weight: 2, arbitrary: step.map((each) => [each]) }, { weight: 1, arbitrary: sequence }), {
    minLength: 10,
    maxLength: 60,
  })
  .map((parts) => parts.flat());

/** The three copies of each line's first word, and the maintenance under way. */
class Model {
  readonly memory: number[] = new Array(LINES).fill(0);
  readonly unification: number[] = new Array(LINES).fill(0);
  readonly cache: number[] = new Array(LINES).fill(0);
  private cleans = new Set<number>();
  private invalidations = new Set<number>();
  private readonly condemned = new Map<number, number>();

  constructor(private readonly ctr: CacheType) {}

  private get visible(): number[] {
    return this.ctr.idc === true ? this.memory : this.unification;
  }

  apply(step: Step): void {
    switch (step.op) {
      case "store":
        this.memory[step.line] = step.value;
        if (this.ctr.dic === true && this.ctr.idc === true) this.cache[step.line] = step.value;
        return;
      case "clean":
        this.cleans.add(step.line);
        return;
      case "invalidate":
        this.invalidations.add(step.line);
        return;
      case "invalidateAll":
        for (let each = 0; each < LINES; each++) this.invalidations.add(each);
        return;
      case "dsb":
        for (const each of this.invalidations) this.condemned.set(each, this.visible[each] ?? 0);
        for (const each of this.cleans) this.unification[each] = this.memory[each] ?? 0;
        this.invalidations = new Set();
        this.cleans = new Set();
        if (this.ctr.dic === true) this.follow();
        return;
      case "isb":
        if (this.ctr.dic !== true) for (const [each, word] of this.condemned) this.cache[each] = word;
        this.condemned.clear();
        return;
      case "host":
        this.unification[step.line] = this.memory[step.line] ?? 0;
        this.cache[step.line] = this.memory[step.line] ?? 0;
        this.condemned.delete(step.line);
    }
  }

  /** DIC: the cache has what the point of unification has. */
  private follow(): void {
    for (let each = 0; each < LINES; each++) this.cache[each] = this.visible[each] ?? 0;
  }
}

const addressOf = (each: number): bigint => TEXT + BigInt(64 * each);

function perform({ machine }: Guest, step: Step): void {
  const { core } = machine;
  switch (step.op) {
    case "store":
      core.call("store", addressOf(step.line) - TEXT + PATCH, MOVZ_X0 + step.value * 32);
      return;
    case "clean":
    case "invalidate":
      core.call(step.op, addressOf(step.line));
      return;
    case "host":
      machine.cleanAndInvalidate(addressOf(step.line), 4);
      return;
    case "execute":
      return;
    default:
      core.call(step.op);
  }
}

/** Every line zero, held by the cache (compiled, if there is a JIT), and no maintenance under way. */
function reset(made: Guest): void {
  for (const op of ["dsb", "isb"] as const) perform(made, { op });
  for (let each = 0; each < LINES; each++) {
    made.machine.writeU32(addressOf(each), MOVZ_X0);
    perform(made, { op: "host", line: each });
    expect(made.machine.core.call(`line${each}`)).toBe(0n);
    made.machine.core.forceCompile(`line${each}`);
  }
}

describe.each(engines)("$engine", ({ jit }) => {
  test.each([{}, { idc: true }, { dic: true, idc: true }, { dic: true }])("CTR_EL0 %o", async (ctr: CacheType) => {
    const made = await guest(program, { jit, ctr });
    fc.assert(
      fc.property(steps, (sequence) => {
        reset(made);
        const model = new Model(ctr);
        for (const each of sequence) {
          perform(made, each);
          model.apply(each);
          if (each.op !== "execute") continue;
          expect(made.machine.core.call(`line${each.line}`)).toBe(BigInt(model.cache[each.line] ?? 0));
        }
        for (let each = 0; each < LINES; each++) {
          expect(made.machine.core.call(`line${each}`)).toBe(BigInt(model.cache[each] ?? 0));
        }
        made.machine.internals.regions?.assertConsistent();
      }),
      { numRuns: 300 },
    );
    expect(made.machine.stats().dropped).toBeGreaterThan(300);
    if (jit !== false) expect(made.machine.stats().regions.unlinked).toBeGreaterThan(150);
  });
});
