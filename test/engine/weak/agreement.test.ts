/** One instruction on the plain machine and on the weak one: what a single core does is the same, whatever waits. */
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { type Form, formsOf } from "#engine/a64/forms.js";
import { rows } from "#engine/a64/table.js";
import { type Chooser, GuestFault, Machine, sequential, Uniform, WeakMachine } from "#engine/index.js";
import { accessOf } from "../../support/accesses.js";
import { Random, runSeed } from "../../support/random.js";
import { addressNear, registerValue, smallWindows } from "../../support/values.js";
import { formName, operandOf, randomWord } from "../../support/words.js";

const STATES = 1;
const REGISTERS = 31;
const SP = 32;
const UDF = 0;
const PC = smallWindows.find(({ name }) => name === "text")?.address ?? 0n;
const data = smallWindows.filter(({ access, name }) => access === "rw" && name !== "patch");

/** The plain machine waits for events and has registers that cases before have written. */
const different = /^(WFE|WFI|ERET)$|MRS|MSR/;

/** Either machine, as far as this test asks. */
interface Subject {
  readonly core: {
    x(n: number): bigint;
    setX(n: number, value: bigint): void;
    sp: bigint;
    pc: bigint;
    nzcv: number;
  };
  read(address: bigint, length: number): Uint8Array;
  write(address: bigint, bytes: Uint8Array): void;
}

interface State {
  readonly registers: readonly bigint[];
  readonly sp: bigint;
  readonly nzcv: number;
}

function randomState(form: Form, word: number, random: Random): State {
  const registers = Array.from({ length: REGISTERS + 2 }, () => registerValue(data, random));
  const access = accessOf(form, word, { pc: PC, register: (n) => registers[n] as bigint });
  const base = operandOf(form, word, "n");
  if (access !== undefined && base !== undefined && !random.oneIn(8)) {
    const n = base === 31 ? SP : base;
    registers[n] = BigInt.asUintN(
      64,
      (registers[n] as bigint) + addressNear(random.pick(data), random) - access.address,
    );
  }
  return { registers, sp: registers[SP] as bigint, nzcv: random.below(16) };
}

function set({ core }: Subject, state: State): void {
  for (let n = 0; n < REGISTERS; n++) core.setX(n, state.registers[n] as bigint);
  core.sp = state.sp;
  core.nzcv = state.nzcv;
  core.pc = PC;
}

function stateOf(subject: Subject, fault: string, touches: boolean): unknown {
  const { core } = subject;
  const hash = createHash("sha1");
  for (const { address, size } of touches ? data : []) hash.update(subject.read(address, size));
  const memory = hash.digest("hex");
  const registers = Array.from({ length: REGISTERS }, (_, n) => core.x(n));
  return { fault, registers, sp: core.sp, pc: core.pc, nzcv: core.nzcv, memory };
}

function onPlain(machine: Machine, state: State, touches: boolean): unknown {
  const subject = { core: machine.core, read: machine.read.bind(machine), write: machine.write.bind(machine) };
  set(subject, state);
  let fault = "";
  try {
    machine.core.run({ maxInstructions: 1 });
  } catch (error) {
    if (!(error instanceof GuestFault)) throw error;
    fault = error.fault.kind;
  }
  return stateOf(subject, fault, touches);
}

function onWeak(machine: WeakMachine, state: State, touches: boolean, chooser: Chooser): unknown {
  const core = machine.cores[0] as WeakMachine["cores"][number];
  const subject = { core, read: machine.read.bind(machine), write: machine.write.bind(machine) };
  set(subject, state);
  machine.run(chooser, { maxInstructions: 1 });
  return stateOf(subject, machine.faults()[0]?.fault.kind ?? "", touches);
}

/** A core that has come to its end goes on until nothing waits: the word's own successors are its exits. */
function exitsOf(word: number, plain: { readonly pc: bigint }): bigint[] {
  return word === UDF ? [] : [plain.pc];
}

test("every form of the table does on weak cores what it does on a plain one", async () => {
  const machine = await Machine.create({ windows: smallWindows, jit: false, counter: () => 1 });
  const weak = WeakMachine.create({ cores: 1, windows: smallWindows });
  const random = new Random(`weak agreement ${runSeed}`);
  const image = new Map(
    data.map(({ address, size }) => [
      address,
      new Uint8Array(Uint32Array.from({ length: size / 4 }, () => random.u32()).buffer),
    ]),
  );
  let compared = 0;
  for (const form of formsOf(rows)) {
    if (different.test(form.row.name)) continue;
    const word = randomWord(form, random);
    const code = new Uint8Array(Uint32Array.of(word, UDF).buffer);
    machine.write(PC, code);
    machine.cleanAndInvalidate(PC, code.length);
    weak.exits = [];
    weak.write(PC, code);
    const touches = accessOf(form, word, { pc: PC, register: () => 0n }) !== undefined;
    for (let index = 0; index < STATES; index++) {
      for (const [address, bytes] of touches ? image : []) {
        machine.write(address, bytes);
        weak.write(address, bytes);
      }
      const state = randomState(form, word, random);
      const plain = onPlain(machine, state, touches) as { readonly pc: bigint; readonly fault: string };
      const what = `${formName(form)} ${word.toString(16)}`;
      weak.exits = [];
      expect(onWeak(weak, state, touches, sequential), what).toEqual(plain);
      if (plain.fault === "") {
        weak.exits = exitsOf(word, plain);
        expect(onWeak(weak, state, touches, new Uniform(index)), `${what}, by chance`).toEqual(plain);
      }
      compared++;
    }
  }
  expect(compared).toBeGreaterThan(800);
  await machine.dispose();
});
