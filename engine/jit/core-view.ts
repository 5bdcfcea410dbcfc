/** A core's instruction-cache slots and what it remembers of its branches and accesses, as the region cache reads them. */
import * as layout from "../../assembly/layout.js";
import { type Form, FormIndex } from "../a64/forms.js";
import { rows } from "../a64/table.js";
import { flowOf, type InstructionFlow } from "./flow.js";
import type { RegionHost } from "./host.js";
import type { Guard, PlanWindow } from "./plan.js";
import type { CodeView, ExecutedWord } from "./view.js";

/** Analysed words that are kept. */
const MAX_ANALYSED = 65536;

/** Slots by their address in the shared memory. */
export class Slots {
  private readonly words: Int32Array;

  constructor(private readonly host: RegionHost) {
    this.words = new Int32Array(host.memory.buffer);
  }

  /** The slot of a guest address; 0 if it is not executable. */
  of(pc: bigint): number {
    return this.host.slotAddress(this.host.core, pc);
  }

  /** What executes the slot's word; from FIRST_REGION on a compiled region. */
  handlerAt(slot: number): number {
    return (this.words[(slot >> 2) + 1] as number) & layout.HANDLER_MASK;
  }

  holdsRegion(slot: number): boolean {
    return this.handlerAt(slot) >= layout.FIRST_REGION;
  }

  wordAt(slot: number): number {
    return (this.words[slot >> 2] as number) >>> 0;
  }

  /** Sets a slot's handler and heat (shifted into place). */
  set(slot: number, handler: number, heat = 0): void {
    this.words[(slot >> 2) + 1] = handler | heat;
  }
}

/** A region's guards in the form in which they are compared with what the core's block notes. */
export interface Assumptions {
  /** Places in ACCESS_WINDOWS, and what is noted there unless nothing is. */
  readonly accesses: Uint16Array;
  readonly notes: Uint8Array;
  /** Four words each, as BRANCH_TARGETS has them, and in which entry. */
  readonly branches: Int32Array;
  readonly entries: Uint16Array;
  /** How many of them are of the same branch, one after the other: it is to have gone to one of these. */
  readonly alternatives: Uint8Array;
}

/** One core seen by region selection. */
export class CoreView implements CodeView {
  /** BRANCH_TARGETS, BRANCH_EDGES and ACCESS_WINDOWS of the core. */
  private readonly branches: BigInt64Array;
  private readonly branchWords: Int32Array;
  private readonly edges: BigInt64Array;
  /** The same as edges, by halves: comparing numbers is faster. */
  private readonly edgeWords: Int32Array;
  private readonly notes: Uint8Array;
  /** SP_CHECKS. */
  private readonly checks: Uint32Array;

  constructor(
    private readonly host: RegionHost,
    private readonly slots: Slots,
    private readonly forms: FormTable,
    private readonly core: number,
    /** Whether words count as executed that only could be fetched. */
    readonly isWhole: boolean,
  ) {
    const { buffer } = host.memory;
    this.branches = new BigInt64Array(buffer, core + layout.BRANCH_TARGETS, 2 * layout.BRANCH_TARGET_ENTRIES);
    this.branchWords = new Int32Array(buffer, core + layout.BRANCH_TARGETS, 4 * layout.BRANCH_TARGET_ENTRIES);
    this.edges = new BigInt64Array(buffer, core + layout.BRANCH_EDGES, 2 * layout.BRANCH_EDGE_ENTRIES);
    this.edgeWords = new Int32Array(buffer, core + layout.BRANCH_EDGES, 4 * layout.BRANCH_EDGE_ENTRIES);
    this.checks = new Uint32Array(buffer, core + layout.SP_CHECKS, 1);
    this.notes = new Uint8Array(buffer, core + layout.ACCESS_WINDOWS, layout.ACCESS_WINDOW_ENTRIES);
  }

  get machine(): CodeView["machine"] {
    const { core, windows, checksSP } = this;
    const { memory, pollsPending } = this.host;
    return { core, pages: memory.buffer.byteLength / layout.WASM_PAGE, windows, checksSP, pollsPending };
  }

  get checksSP(): boolean {
    return this.checks[0] !== 0;
  }

  get windows(): readonly PlanWindow[] {
    return this.host.windows();
  }

  executed(pc: bigint): ExecutedWord | undefined {
    const { host, slots } = this;
    const slot = host.slotAddress(this.core, pc);
    if (slot === 0 || (this.isWhole && !host.fill(this.core, pc))) return undefined;
    const handler = slots.handlerAt(slot);
    if (handler === layout.HANDLER_EMPTY || (handler === layout.HANDLER_FETCHED && !this.isWhole)) return undefined;
    const word = slots.wordAt(slot);
    const isForm = handler >= layout.FIRST_FORM && handler < layout.FIRST_REGION;
    const form = isForm ? this.forms.byHandler(handler) : this.forms.ofWord(word);
    return form === undefined ? undefined : { word, form, analysed: this.forms.analyse(form, word, pc) };
  }

  lastTarget(pc: bigint): bigint | undefined {
    const entry = 2 * branchEntry(pc);
    const isOurs = this.branches[entry] === BigInt.asIntN(64, pc);
    return isOurs ? BigInt.asUintN(64, this.branches[entry + 1] as bigint) : undefined;
  }

  targets(pc: bigint): readonly bigint[] {
    const found = new Set<bigint>();
    const last = this.lastTarget(pc);
    if (last !== undefined) found.add(last);
    const branch = BigInt.asIntN(64, pc);
    const low = Number(BigInt.asIntN(32, pc));
    for (let entry = 0; entry < layout.BRANCH_EDGE_ENTRIES; entry++) {
      if (this.edgeWords[4 * entry] !== low || this.edges[2 * entry] !== branch) continue;
      found.add(BigInt.asUintN(64, this.edges[2 * entry + 1] as bigint));
    }
    return [...found];
  }

  lastWindow(pc: bigint): number | "several" | undefined {
    const note = this.notes[accessEntry(pc)] as number;
    if (note === 0) return undefined;
    return (note & layout.ACCESS_SEVERAL) !== 0 ? "several" : note - 1;
  }

  lands(word: number): number {
    return this.forms.lands(word);
  }

  /** Of where the indirect branch at `pc` last went, the lower word; something else if that is not known. */
  lastTargetWord(pc: bigint): number {
    return this.branchWords[4 * branchEntry(pc) + 2] as number;
  }

  /** Notes that the indirect branch at `pc` is going to go to `target`. */
  expect(pc: bigint, target: bigint): void {
    const entry = 2 * branchEntry(pc);
    this.branches[entry] = BigInt.asIntN(64, pc);
    this.branches[entry + 1] = BigInt.asIntN(64, target);
  }

  assumptionsOf(guards: readonly Guard[]): Assumptions {
    const windows = guards.filter((guard) => guard.kind === "window");
    const targets = guards.filter((guard) => guard.kind === "target");
    const branches = new BigInt64Array(
      targets.flatMap(({ pc, targets: all }) => all.flatMap((target) => [pc, target])),
    );
    return {
      accesses: Uint16Array.from(windows, ({ pc }) => accessEntry(pc)),
      notes: Uint8Array.from(windows, ({ window }) => window + 1),
      branches: new Int32Array(branches.buffer),
      entries: Uint16Array.from(targets.flatMap(({ pc, targets: all }) => all.map(() => branchEntry(pc)))),
      alternatives: Uint8Array.from(targets.flatMap(({ targets: all }) => all.map(() => all.length))),
    };
  }

  /** Whether what the core has done last agrees: where its branches went, and which windows its accesses used. */
  agreesWith({ accesses, notes, branches, entries, alternatives }: Assumptions): boolean {
    for (let i = 0; i < entries.length; ) {
      const end = i + (alternatives[i] as number);
      let agrees = false;
      for (; i < end; i++) agrees ||= this.agreesOn(4 * (entries[i] as number), branches, 4 * i);
      if (!agrees) return false;
    }
    for (let i = 0; i < accesses.length; i++) {
      const note = this.notes[accesses[i] as number];
      if (note !== 0 && note !== notes[i]) return false;
    }
    return true;
  }

  private agreesOn(at: number, branches: Int32Array, i: number): boolean {
    const { branchWords: noted } = this;
    if (noted[at] !== branches[i] || noted[at + 1] !== branches[i + 1]) return true;
    return noted[at + 2] === branches[i + 2] && noted[at + 3] === branches[i + 3];
  }
}

/** Which entry of BRANCH_TARGETS and of ACCESS_WINDOWS is an instruction's. */
const branchEntry = (pc: bigint): number => wordOf(pc) & (layout.BRANCH_TARGET_ENTRIES - 1);
const accessEntry = (pc: bigint): number => wordOf(pc) & (layout.ACCESS_WINDOW_ENTRIES - 1);
const wordOf = (pc: bigint): number => Number(BigInt.asUintN(32, pc)) >>> 2;

/** The instruction table's forms, and what is known of the words that were looked at. */
export class FormTable {
  private readonly forms = new FormIndex(rows);
  private readonly analysed = new Map<bigint, { readonly word: number; readonly flow: InstructionFlow }>();
  private readonly decode: (word: number) => number;
  /** Bit b: PSTATE.BTYPE = b may land on this word. */
  readonly lands: (word: number) => number;

  constructor(table: WebAssembly.Table) {
    this.decode = table.get(layout.TABLE_DECODE) as (word: number) => number;
    this.lands = table.get(layout.TABLE_LANDS) as (word: number) => number;
  }

  /** Undefined for the handler of words that are not allocated. */
  byHandler(handler: number): Form | undefined {
    return this.forms.byHandler(handler);
  }

  /** What executes a word in the interpreter. */
  handlerOf(word: number): number {
    return this.decode(word);
  }

  ofWord(word: number): Form | undefined {
    return this.byHandler(this.handlerOf(word));
  }

  /** flowOf, remembered: selection comes back to the same words for every region and every call that holds them. */
  analyse(form: Form, word: number, pc: bigint): InstructionFlow {
    const known = this.analysed.get(pc);
    if (known?.word === word) return known.flow;
    const flow = flowOf(form, word, pc);
    if (this.analysed.size >= MAX_ANALYSED) this.analysed.clear();
    this.analysed.set(pc, { word, flow });
    return flow;
  }
}
