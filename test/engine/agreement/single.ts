/**
 * One instruction in two machines, one that interprets and one whose JIT has compiled the word into a region of its
 * own: from the same state they must come to the same state, whatever the instruction and the state are.
 */
import * as layout from "#assembly/layout.js";
import { disassemble } from "#engine/a64/disassembler.js";
import type { Form } from "#engine/a64/forms.js";
import { accessOf } from "../../support/accesses.js";
import { Random } from "../../support/random.js";
import { describeStates, differingMemory, Rig, sameState, windowNamed } from "../../support/rig.js";
import { addressNear, registerValue, smallWindows } from "../../support/values.js";
import { formName, operandOf, randomWord } from "../../support/words.js";

/** An instruction, and a word behind it that no region goes on into. */
const STRIDE = 8;
const UDF = 0;
const SP_NUMBER = 32;
const ADDRESSES = [windowNamed(smallWindows, "text").address, windowNamed(smallWindows, "plain").address];
const timerControls = [layout.CNTP_CTL_EL0, layout.CNTV_CTL_EL0];
/** Written to by most accesses. */
const targets = smallWindows.filter(({ name }) => !["text", "plain", "constants", "patch"].includes(name));

export interface Word {
  readonly form: Form;
  readonly pc: bigint;
  readonly word: number;
}

export interface AgreementOptions {
  readonly words: number;
  readonly statesPerWord: number;
}

export class SingleInstructions {
  /** Cases executed. */
  cases = 0;
  /** Of these, in a region. */
  compiledCases = 0;
  /** Of these, raising an exception. */
  exceptions = 0;
  private ticks = 0;

  private constructor(
    readonly interpreter: Rig,
    readonly compiled: Rig,
    private readonly clock: { now: number },
  ) {}

  static async create(): Promise<SingleInstructions> {
    const clock = { now: 0 };
    const common = { windows: smallWindows, counter: () => clock.now };
    const interpreter = await Rig.create({ ...common, jit: false });
    // Regions only where this test asks for them.
    const compiled = await Rig.create({ ...common, jit: { threshold: layout.HEAT_MAX } });
    return new SingleInstructions(interpreter, compiled, clock);
  }

  dispose(): void {
    this.interpreter.dispose();
    this.compiled.dispose();
  }

  /** Random words of a form from slot `slot` of the code windows on. */
  wordsOf(form: Form, seed: string, slot: number, count: number): Word[] {
    const random = new Random(`${seed}/${formName(form)}/words`);
    return Array.from({ length: count }, (_, i) => {
      const pc = (ADDRESSES[i % 2] as bigint) + BigInt((slot + (i >> 1)) * STRIDE);
      return { form, pc, word: randomWord(form, random) };
    });
  }

  /**
   * Puts the words in place, runs each once while it is interpreted in both machines, and asks for its region. Of four, one
   * is compiled without knowing which window its access uses, and one as if it had used several.
   */
  prepare(words: readonly Word[], seed: string): string[] {
    const { compiled, interpreter } = this;
    const failures: string[] = [];
    for (const [i, item] of words.entries()) {
      this.place(item);
      const failure = this.execute(item, new Random(`${seed}/${formName(item.form)}/first/${i}`), false);
      if (failure !== undefined) failures.push(failure);
      this.place(item);
      if (i % 4 < 2) this.noteWindow(item.pc, i % 4 === 0 ? 0 : 1 | layout.ACCESS_SEVERAL);
      compiled.regions.hot(item.pc);
    }
    void interpreter;
    return failures;
  }

  private place({ pc, word }: Word): void {
    for (const rig of [this.interpreter, this.compiled]) rig.place(pc, [word, UDF]);
  }

  /** Lets the compiled machine believe that the access there has used no window yet, or several. */
  private noteWindow(pc: bigint, note: number): void {
    const { state } = this.compiled;
    const entry = Number((pc >> 2n) % BigInt(layout.ACCESS_WINDOW_ENTRIES));
    state.view.setUint8(state.block + layout.ACCESS_WINDOWS + entry, note);
  }

  /** All cases of the words of one form; gives descriptions of those that failed. */
  check(words: readonly Word[], seed: string, states: number): string[] {
    const form = words[0]?.form as Form;
    const name = formName(form);
    const random = new Random(`${seed}/${name}/states`);
    const failures: string[] = [];
    this.fillMemory(random);
    const before = [this.interpreter.counts(), this.compiled.counts()] as const;
    for (const item of words) {
      for (let i = 0; i < states && failures.length < 3; i++) {
        const failure = this.execute(item, random, true);
        if (failure !== undefined) failures.push(failure);
      }
    }
    const after = [this.interpreter.counts(), this.compiled.counts()] as const;
    for (const key of Object.keys(after[0]) as (keyof (typeof after)[0])[]) {
      const [a, b] = [after[0][key] - before[0][key], after[1][key] - before[1][key]];
      if (a !== b) failures.push(`${name}: the interpreter counted ${a} ${key}, compiled code ${b}`);
    }
    return failures;
  }

  private fillMemory(random: Random): void {
    const { interpreter, compiled } = this;
    for (const window of targets) {
      const bytes = new Uint32Array(window.size / 4).map(() => random.u32());
      for (const rig of [interpreter, compiled]) rig.machine.write(window.address, new Uint8Array(bytes.buffer));
    }
  }

  /** One case; undefined if the machines agree. */
  private execute(item: Word, random: Random, inRegion: boolean): string | undefined {
    const { interpreter, compiled } = this;
    if (
      interpreter.machine.core.cachedWord(item.pc) !== item.word ||
      compiled.machine.core.cachedWord(item.pc) !== item.word
    )
      this.place(item);
    this.randomState(item, random);
    compiled.restore(interpreter.snapshot());
    // A timer's interrupt would be taken in place of the instruction.
    for (const { state } of [interpreter, compiled]) {
      for (const field of timerControls) state.set64(field, 0n);
      state.set32(layout.PENDING, 0);
    }
    const before = interpreter.snapshot();
    this.clock.now = this.ticks += 1000;
    const isCompiled = inRegion && compiled.forceCompile(item.pc);
    const executed = compiled.state.getNumber(layout.COUNT_REGION_INSTRUCTIONS);
    const entries = compiled.state.getNumber(layout.COUNT_REGION_ENTRIES);
    const stops = [interpreter.run(1), compiled.run(1)] as const;
    const entered = compiled.state.getNumber(layout.COUNT_REGION_ENTRIES) - entries;
    this.cases++;
    // A region that declines, or is left before the instruction's access, has executed nothing.
    if (isCompiled) this.compiledCases += compiled.state.getNumber(layout.COUNT_REGION_INSTRUCTIONS) - executed;
    if (interpreter.state.get32(layout.EXCEPTION) !== 0) this.exceptions++;
    const problems = this.problems(stops);
    // With BTYPE or IL set the instruction may be refused before its region is entered.
    if (isCompiled && entered === 0 && before[layout.BTYPE / 4] === 0)
      problems.push(`its region was entered ${entered} times`);
    if (!inRegion && entered !== 0) problems.push("a region was entered that should not be there");
    return problems.length === 0 ? undefined : this.report(item, random.seed, before, problems);
  }

  private problems(stops: readonly [number, number]): string[] {
    const { interpreter, compiled } = this;
    const problems = differingMemory(interpreter, compiled);
    if (stops[0] !== stops[1]) problems.push(`run() ended with ${stops[0]} / ${stops[1]}`);
    if (!sameState(interpreter, compiled)) problems.push("registers differ");
    const maintenance = ({ state }: Rig): Buffer =>
      Buffer.from(state.view.buffer, state.block + layout.MAINTENANCE, layout.MAINTENANCE_BYTES);
    if (maintenance(interpreter).compare(maintenance(compiled)) !== 0)
      problems.push("the lists of pending maintenance differ");
    return problems;
  }

  private report({ form, pc, word }: Word, seed: string, before: Uint32Array, problems: readonly string[]): string {
    const text = disassemble(word, pc)?.replaceAll("\t", " ");
    const states = describeStates(
      ["before", "interpreter", "compiled"],
      [before, this.interpreter.snapshot(), this.compiled.snapshot()],
    );
    return `${formName(form)} (seed ${seed})\n  ${pc.toString(16)}: ${word.toString(16).padStart(8, "0")}  ${text}\n  ${problems.join("\n  ")}\n${states}\n`;
  }

  // ---- states ----------------------------------------------------------------------------------

  /** Gives the interpreting machine a state in which the instruction has something to do. */
  private randomState({ form, pc, word }: Word, random: Random): void {
    const { state } = this.interpreter;
    const value = (): bigint => registerValue(smallWindows, random);
    const address = (): bigint => addressNear(random.pick(smallWindows), random);
    for (let n = 0; n < 31; n++) state.set64(layout.X + 8 * n, value());
    state.set64(layout.ZR, 0n);
    state.set64(layout.SP, random.oneIn(4) ? value() : address());
    state.set64(layout.SP_BANKED, address());
    state.set64(layout.PC, pc);
    state.set32(layout.NZCV, random.below(16));
    state.set32(layout.BTYPE, random.oneIn(8) ? random.below(4) : random.oneIn(64) ? layout.BTYPE_ILLEGAL : 0);
    state.set32(layout.EL, random.oneIn(4) ? 0 : 1);
    state.set32(layout.SPSEL, random.below(2));
    state.set32(layout.DAIF, random.below(16));
    for (const field of [layout.TPIDR_EL0, layout.TPIDRRO_EL0, layout.TPIDR_EL1, layout.FAR_EL1])
      state.set64(field, value());
    state.set32(layout.VBAR_SET, random.below(2));
    state.set64(layout.VBAR_EL1, address() & ~0x7ffn);
    state.set32(layout.EVENT, random.below(2));
    state.set64(layout.ELR_EL1, address());
    state.set64(
      layout.SPSR_EL1,
      random.oneIn(2) ? random.u64() & 0xffff_ffffn : (random.u64() & 0xf000_0fc0n) | random.pick([0n, 4n, 5n]),
    );
    state.set64(layout.ESR_EL1, random.u64() & 0xffff_ffffn);
    state.set64(layout.MONITOR_VALUE, value());
    state.set64(layout.MONITOR_VALUE_HIGH, value());
    state.set32(layout.MONITOR_ADDRESS, 0);
    state.set32(layout.MONITOR_BYTES, random.pick([0, 1, 2, 4, 8, 16]));
    this.aimAccess({ form, pc, word }, random);
  }

  /** Moves the base register so that most accesses hit a window, and marks the location for exclusives. */
  private aimAccess({ form, pc, word }: Word, random: Random): void {
    const { state, internals } = this.interpreter;
    const register = (n: number): bigint => state.get64(layout.X + 8 * n);
    const access = accessOf(form, word, { pc, register });
    if (access === undefined || random.oneIn(8)) return;
    const base = operandOf(form, word, "n");
    if (base !== undefined) {
      const wanted = addressNear(random.pick(random.oneIn(4) ? smallWindows : targets), random);
      const number = base === 31 ? SP_NUMBER : base;
      state.set64(layout.X + 8 * number, BigInt.asUintN(64, register(number) + wanted - access.address));
    }
    const found = accessOf(form, word, { pc, register });
    const window = internals.map.windows.find(
      ({ base: first, size }) => found !== undefined && found.address >= first && found.address < first + BigInt(size),
    );
    if (window === undefined || found === undefined || random.oneIn(3)) return;
    const host = window.host + Number(found.address - window.base);
    state.set32(layout.MONITOR_ADDRESS, host);
    if (!random.oneIn(4)) state.set32(layout.MONITOR_BYTES, found.bytes);
    if (random.oneIn(4)) return;
    // The access may hang over the end of the memory.
    const held = Buffer.alloc(16);
    Buffer.from(internals.memory.buffer)
      .subarray(host, host + 16)
      .copy(held);
    state.set64(layout.MONITOR_VALUE, BigInt.asUintN(8 * found.bytes, held.readBigUInt64LE()));
    if (found.bytes === 16) state.set64(layout.MONITOR_VALUE_HIGH, held.readBigUInt64LE(8));
  }
}
