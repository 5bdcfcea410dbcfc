/** Access rights and guarded blocks in the checker: what faults there, and that the engine has it so too. */
import { assemble, GuestFault, Machine } from "cmodx/engine";
import { describe, expect, test } from "vitest";
import { check } from "#src/model/check.js";
import type { CodeBlock, FaultType, FinalState, Problem, ProblemThread } from "#src/model/problem.js";

const TEXT = 0x1_0000n;
const OPEN = 0x2_0000n;
const DATA = 0x3_0000n;

function codeOf(text: string, base: bigint, symbols?: ReadonlyMap<string, bigint>) {
  const program = assemble(text, { base, ...(symbols === undefined ? {} : { symbols }) });
  const bytes = Buffer.from(program.sections[0]?.bytes ?? []);
  const words = Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readUInt32LE(4 * index));
  return { block: { address: base, words }, symbols: program.symbols };
}

interface Test {
  /** A column of assembly text for each thread; each ends at its label `end<n>`. */
  readonly threads: readonly string[];
  readonly registers?: Readonly<Record<number, bigint>>;
  readonly code?: Partial<CodeBlock>;
  readonly data?: "r" | "rw";
  readonly handler?: string;
}

/** The final states of X0 of the first thread, with the faults. */
function statesOf({ threads, registers = {}, code = {}, data = "rw", handler }: Test): readonly FinalState[] {
  const text = threads.map((column, index) => `thread${index}:\n${column}\nend${index}: nop\n`).join("");
  const { block, symbols } = codeOf(text, TEXT);
  const at = (name: string): bigint => symbols.get(name) ?? 0n;
  const values = new Map([[28, DATA], ...Object.entries(registers).map(([n, value]) => [Number(n), value] as const)]);
  const problem: Problem = {
    name: "faults",
    code: [{ ...block, ...code }],
    data: [{ address: DATA, bytes: new Uint8Array(64), access: data }],
    threads: threads.map(
      (_, index): ProblemThread => ({
        name: `P${index}`,
        entry: at(`thread${index}`),
        registers: values,
        ...(handler === undefined ? {} : { handler: at(handler) }),
      }),
    ),
    exits: threads.map((_, index) => at(`end${index}`)),
    observed: [{ kind: "register", thread: 0, register: 0 }],
    observedFaults: threads.map((_, thread) => ({ thread })),
    idc: false,
    dic: false,
    lineBytes: 64,
  };
  const result = check(problem);
  expect(result.complete).toBe(true);
  return result.states;
}

/** Each final state in short: X0, and the kinds of fault. */
function summary(of: Test): string[] {
  return statesOf(of)
    .map(({ values, faults }) => [String(values[0]), ...faults.map(({ type }) => type)].join(" "))
    .sort();
}

describe("permissions", () => {
  test.each([
    ["str x1, [x28]", ["0 permission"]],
    ["stp x1, x2, [x28, #16]", ["0 permission"]],
    ["ldadd x1, x0, [x28]", ["0 permission"]],
    ["cas x1, x2, [x28]", ["0 permission"]],
    ["ldr x0, [x28]", ["1"]],
    ["str x1, [x28, #64]", ["0 translation"]],
  ])("data that is only read: %s", (text, expected) => {
    expect(summary({ threads: [`${text}\nmov x0, #1`], data: "r" })).toEqual(expected);
  });

  test("code that is not written; the fault says where", () => {
    const threads = ["adr x1, end0\nstr w2, [x1]\nmov x0, #1"];
    expect(summary({ threads })).toEqual(["1"]);
    const [state] = statesOf({ threads, code: { access: "rx" } });
    expect(state?.faults).toEqual([{ thread: 0, pc: TEXT + 4n, address: TEXT + 12n, type: "permission" }]);
  });

  test("data is not executed", () => {
    expect(summary({ threads: ["mov x0, #1\nbr x28"] })).toEqual(["1 permission"]);
    expect(summary({ threads: ["mov x0, #1\nbr xzr"] })).toEqual(["1 translation"]);
  });

  test("whether a store faults may depend on what was read", () => {
    const threads = ["ldr x0, [x28]\ncbz x0, 1f\nstr x0, [x27]\n1:", "mov x1, #1\nstr x1, [x28]"];
    expect(summary({ threads, registers: { 27: TEXT }, code: { access: "rx" } })).toEqual(["0", "1 permission"]);
  });
});

const pads = ["bti", "bti c", "bti j", "bti jc", "paciasp", "nop", "mov x0, #1"];
const branches = ["br x0", "br x16", "br x17", "blr x0", "ret x0"];

describe("guarded blocks", () => {
  /** The branches, and the pads, each of which goes on to what returns. */
  const landing = pads.map((pad, index) => `pad${index}: ${pad}\nb out\n`).join("");
  const text = (prefix: string): string =>
    branches.map((branch, index) => `${prefix}${index}:\nmov x16, x0\nmov x17, x0\n${branch}\n`).join("");

  test("land where the engine does, from guarded code and from other", async () => {
    const machine = await Machine.create({
      jit: false,
      windows: [
        { name: "text", address: TEXT, size: 1 << 16, access: "rx", guarded: true },
        { name: "open", address: OPEN, size: 1 << 16, access: "rx" },
        { name: "stack", address: DATA, size: 1 << 16, access: "rw" },
      ],
    });
    const guarded = codeOf(`${text("in")}${landing}out: mov x0, #7\nret x9\n`, TEXT);
    const open = codeOf(text("from"), OPEN);
    machine.load(assemble(`${text("in")}${landing}out: mov x0, #7\nret x9\n`, { base: TEXT }));
    machine.load(assemble(text("from"), { base: OPEN }));
    const inEngine = (entry: bigint, pad: bigint): FaultType | "lands" => {
      machine.core.setX(9, machine.symbols.get("end") ?? 0n);
      try {
        machine.core.setX(0, pad);
        machine.core.pc = entry;
        machine.core.btype = 0;
        const { reason } = machine.core.run({ maxInstructions: 5 });
        return reason === "fuel" ? "lands" : "other";
      } catch (error) {
        if (error instanceof GuestFault && error.fault.kind === "branch-target") return "branch-target";
        throw error;
      }
    };
    const inModel = (entry: bigint, pad: bigint): FaultType | "lands" => {
      const { states } = check({
        name: "landing",
        code: [{ ...guarded.block, guarded: true }, open.block],
        data: [],
        threads: [{ name: "P0", entry, registers: new Map([[0, pad]]) }],
        exits: [guarded.symbols.get("out") ?? 0n],
        observed: [],
        observedFaults: [{ thread: 0 }],
        idc: false,
        dic: false,
        lineBytes: 64,
      });
      return states[0]?.faults[0]?.type ?? "lands";
    };
    const seen = new Set<string>();
    for (const [prefix, { symbols }] of [["in", guarded] as const, ["from", open] as const]) {
      for (const branch of branches.keys()) {
        for (const pad of pads.keys()) {
          const entry = symbols.get(`${prefix}${branch}`) ?? 0n;
          const target = guarded.symbols.get(`pad${pad}`) ?? 0n;
          const found = inModel(entry, target);
          expect(found, `${prefix} ${branches[branch]} ${pads[pad]}`).toBe(inEngine(entry, target));
          seen.add(found);
        }
      }
    }
    expect([...seen].sort()).toEqual(["branch-target", "lands"]);
    machine.dispose();
  });

  test("a landing pad that is overwritten: the branch faults where it fetches the new instruction", () => {
    const threads = ["adr x16, 1f\nbr x16\n1: bti c\nmov x0, #1", "str w26, [x27]"];
    // NOP over BTI C.
    const registers = { 26: 0xd503201fn, 27: TEXT + 8n };
    expect(summary({ threads, registers, code: { guarded: true } })).toEqual(["0 branch-target", "1"]);
    expect(summary({ threads, registers })).toEqual(["1"]);
  });

  test("BTYPE is in SPSR_EL1 when the fault has a handler, and ERET takes it from there", () => {
    const pad = "adr x16, 1f\nbr x16\n1: nop\nadd x0, x0, #1\nb end0\n";
    const handler = (change: string): string => `${pad}handler: mrs x0, spsr_el1\n${change}\neret`;
    const run = (change: string): string[] =>
      summary({ threads: [handler(change)], code: { guarded: true }, handler: "handler" });
    expect(run("msr spsr_el1, xzr")).toEqual([`${(1 << 10) + 1} branch-target`]);
  });
});
