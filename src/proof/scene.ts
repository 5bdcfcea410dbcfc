/**
 * A design's test for the checker: callers that call through its trampoline, and a patcher that updates it. The texts are
 * the design's own, those that the engine runs; here they only get addresses.
 */
import { assemble, type Program } from "../../engine/index.js";
import { check } from "../model/check.js";
import type { CodeBlock, DataBlock, Observable, Problem, ProblemThread } from "../model/problem.js";
import { type Design, type KeyText, procedureSymbol } from "../static-call/design.js";
import { designs } from "../static-call/designs.js";
import { weaken } from "../static-call/weaken.js";
import { ProofError } from "./errors.js";
import type { SceneOptions } from "./scene-options.js";
import {
  callerText,
  FIRST_RESULT,
  farSection,
  functionsText,
  type Place,
  patcherText,
  placesOf,
  TYPE,
} from "./scene-text.js";

export interface Scene {
  readonly problem: Problem;
  /** What a call that got to the target of each of the states returns, or NOTHING. */
  readonly returns: readonly bigint[];
  /** Which observed value is what caller `caller`'s call `call` returned. */
  readonly result: (caller: number, call: number) => number;
  /** Which observed value says that a caller had seen the message; absent without synchronisation. */
  readonly message: ((caller: number) => number) | undefined;
  readonly symbols: ReadonlyMap<string, bigint>;
  readonly options: SceneOptions;
}

/** What stands in place of the result of a call that was not made, or did not return. */
export const UNMADE = 77n;

const TEXT = 0x10_0000n;
const TRAMPOLINES = 0x20_0000n;
const DATA = 0x30_0000n;
const SITE_ENTRIES = 0x40_0000n;
/** Out of the reach of a branch from the trampoline, and from each other in most bytes of their addresses. */
const FAR = 0x1_2345_6780n;
/** CTR_EL0's DminLine and IminLine on the cores that Linux runs on. */
const LINE_BYTES = 64;
const KEY = "key";
const TABLE = "__SCS__key";
const SITES = ".static_call_sites";
/** An entry of the table: where the site is executed, and where it is written. */
const SITE_BYTES = 16;
const MAX_CALLS = 8;
const MESSAGE = 18;

/** The rest of a key whose call sites are patched: its table, with room for all of them. */
function sitesText({ callers, calls }: SceneOptions): string {
  return `	.quad	${TABLE}
	.balign	64
${TABLE}:
	.quad	0
	.skip	${SITE_BYTES * (callers * calls + 1)}
	.balign	64
`;
}

/** Symbols are resolved and sections placed; what the trampoline starts as is what its definition says. */
function assembleScene(design: Design, patch: string, places: readonly Place[], options: SceneOptions): Program {
  const key: KeyText = { name: KEY, func: "0", near: false, type: TYPE };
  const procedure = procedureSymbol(design);
  const callers = Array.from({ length: options.callers }, (_, caller) => callerText(caller, options, design.site(key)));
  const text = `
	.section .data, "aw"
	.balign	64
${design.alignKey ?? ""}__SCK__${KEY}:
	.quad	0
${design.sites === true ? sitesText(options) : ""}${design.define(key)}
	.section .data, "aw"
	.balign	64
message:
	.quad	0
${functionsText(options.states, places)}
${callers.join("")}${patcherText(places, procedure, options)}${patch}`;
  return assemble(text, {
    base: TEXT,
    sections: {
      ".static_call.text": TRAMPOLINES,
      ".data": DATA,
      [SITES]: SITE_ENTRIES,
      ...Object.fromEntries(options.states.map((_, index) => [farSection(index), FAR * BigInt(index + 1)])),
    },
    file: `${design.name}.s`,
  });
}

interface Blocks {
  readonly code: readonly CodeBlock[];
  readonly data: readonly DataBlock[];
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function blocksOf(program: Program): Blocks {
  const isCode = ({ flags }: { readonly flags: string }): boolean => flags.includes("x");
  return {
    code: program.sections.filter(isCode).map(({ address, bytes }) => ({
      address,
      guarded: true,
      words: Array.from({ length: bytes.length >>> 2 }, (_, index) => viewOf(bytes).getUint32(4 * index, true)),
    })),
    data: program.sections
      .filter((section) => !isCode(section) && section.name !== SITES)
      .map(({ address, bytes }) => ({ address, bytes })),
  };
}

/** The call sites that are patched. */
function sitesOf({ sections }: Program): bigint[] {
  const { bytes } = sections.find(({ name }) => name === SITES) ?? { bytes: new Uint8Array() };
  return Array.from({ length: bytes.length / SITE_BYTES }, (_, index) =>
    viewOf(bytes).getBigUint64(SITE_BYTES * index, true),
  );
}

/** Bytes before and after what the patch procedure is told to write that it may write. */
const PATCHED_BEFORE = 8n;
const PATCHED_DOUBLEWORDS = 2;

class SceneBuilder {
  readonly design: Design;
  readonly places: readonly Place[];
  readonly #program: Program;

  constructor(readonly options: SceneOptions) {
    const { weakening = {}, calls, states } = options;
    this.design = weaken(designs[options.design], weakening);
    const { name, patch } = this.design;
    if (patch === undefined) throw new ProofError("fixed-target", `the target of design '${name}' can't change`);
    if (calls > MAX_CALLS) throw new ProofError("too-large", `${calls} calls of one caller; at most ${MAX_CALLS}`);
    if (states.length < 2)
      throw new ProofError("bad-transition", "a transition has a state to begin and one to end with");
    this.places = placesOf(states);
    this.#program = assembleScene(this.design, patch, this.places, options);
  }

  symbol(name: string): bigint {
    const address = this.#program.symbols.get(name);
    if (address === undefined) throw new ProofError("internal", `the scene has no symbol ${name}`);
    return address;
  }

  get symbols(): ReadonlyMap<string, bigint> {
    return this.#program.symbols;
  }

  get patched(): bigint {
    return this.symbol(this.design.patched?.(KEY) ?? "");
  }

  #target({ label }: Place): bigint {
    return label === undefined ? 0n : this.symbol(label);
  }

  /** The code and data, with the table of sites filled as a kernel does it when it starts. */
  #blocks(): Blocks {
    const sites = sitesOf(this.#program);
    if (sites.length === 0) return blocksOf(this.#program);
    const first = this.symbol(TABLE) + 8n;
    return sites.reduce((left, site, index) => {
      const entry = first + BigInt(SITE_BYTES * index);
      return overwrite(overwrite(left, entry, 8, site), entry + 8n, 8, site);
    }, blocksOf(this.#program));
  }

  /** What the patch procedure gives, run alone: the bytes of the initial state. */
  #initial(blocks: Blocks): Blocks {
    const [first] = this.places;
    const sites = sitesOf(this.#program);
    if (first === undefined || (this.#target(first) === 0n && sites.length === 0)) return blocks;
    const places: (readonly [bigint, 4 | 8])[] = [
      ...Array.from(
        { length: PATCHED_DOUBLEWORDS },
        (_, index) => [this.patched - PATCHED_BEFORE + BigInt(8 * index), 8] as const,
      ),
      [this.symbol(`__SCK__${KEY}`), 8] as const,
      ...sites.map((site) => [site, 4] as const),
    ];
    const observed = places.filter(([address, bytes]) => isIn(blocks, address, bytes));
    const result = check({
      name: "initial",
      ...blocks,
      threads: [this.#patcher([first, first])],
      exits: [this.symbol("patcher.end")],
      observed: observed.map(([address, bytes]) => ({ kind: "memory", address, bytes })),
      observedFaults: [{ thread: 0 }],
      idc: true,
      dic: true,
      lineBytes: LINE_BYTES,
    });
    const [state] = result.states;
    if (!result.complete || result.states.length !== 1 || state === undefined || state.faults.length > 0) {
      throw new ProofError("internal", "the patch procedure, run alone, does not come to one end");
    }
    return observed.reduce(
      (left, [address, bytes], index) => overwrite(left, address, bytes, state.values[index] ?? 0n),
      blocks,
    );
  }

  #patcher(places: readonly Place[]): ProblemThread {
    const updates = this.places.length - 1;
    const targets = Array.from(
      { length: updates },
      (_, index) => places[Math.min(index + 1, places.length - 1)] as Place,
    );
    const registers = new Map([
      [20, this.patched],
      [21, this.symbol(`__SCK__${KEY}`)],
      [28, this.symbol("message")],
      ...targets.map((place, index) => [22 + index, this.#target(place)] as const),
    ]);
    return { name: "patcher", entry: this.symbol("patcher"), registers };
  }

  #callers(): ProblemThread[] {
    const { callers, calls, synchronisation } = this.options;
    return Array.from({ length: callers }, (_, caller) => ({
      name: `caller${caller}`,
      entry: this.symbol(`caller${caller}`),
      registers: new Map([
        [28, this.symbol("message")],
        ...Array.from({ length: calls }, (_, call) => [FIRST_RESULT + call, UNMADE] as const),
      ]),
      ...(synchronisation === "interrupt" ? { handler: this.symbol("return_from_interrupt") } : {}),
    }));
  }

  build(): Scene {
    const { options } = this;
    const { callers, calls, synchronisation = "none" } = options;
    const observed: Observable[] = [];
    for (let caller = 0; caller < callers; caller++) {
      for (let call = 0; call < calls; call++) {
        observed.push({ kind: "register", thread: caller, register: FIRST_RESULT + call });
      }
    }
    if (synchronisation !== "none") {
      for (let caller = 0; caller < callers; caller++)
        observed.push({ kind: "register", thread: caller, register: MESSAGE });
    }
    const threads = [...this.#callers(), this.#patcher(this.places)];
    const problem: Problem = {
      name: `${options.design} ${options.states.join(":")}`,
      ...this.#initial(this.#blocks()),
      threads,
      exits: [...this.symbols].filter(([name]) => name.endsWith(".end")).map(([, address]) => address),
      observed,
      observedFaults: threads.map((_, thread) => ({ thread })),
      idc: options.idc === true || options.dic === true,
      dic: options.dic === true,
      lineBytes: LINE_BYTES,
      ...(options.inOrder === undefined ? {} : { inOrder: options.inOrder }),
    };
    return {
      problem,
      returns: this.places.map(({ returns }) => returns),
      result: (caller, call) => caller * calls + call,
      message: synchronisation === "none" ? undefined : (caller) => callers * calls + caller,
      symbols: this.symbols,
      options,
    };
  }
}

function isIn({ code, data }: Blocks, address: bigint, bytes: number): boolean {
  const within = (first: bigint, size: number): boolean =>
    address >= first && address + BigInt(bytes) <= first + BigInt(size);
  return (
    code.some((block) => within(block.address, 4 * block.words.length)) ||
    data.some((block) => within(block.address, block.bytes.length))
  );
}

/** Blocks with some bytes replaced. */
function overwrite({ code, data }: Blocks, at: bigint, bytes: number, value: bigint): Blocks {
  const byteOf = (address: bigint): number => Number((value >> (8n * (address - at))) & 0xffn);
  const covers = (address: bigint): boolean => address >= at && address < at + BigInt(bytes);
  return {
    code: code.map(({ address, words, ...block }) => ({
      ...block,
      address,
      words: words.map((word, index) => {
        const first = address + BigInt(4 * index);
        let changed = word;
        for (let byte = 0; byte < 4; byte++) {
          if (!covers(first + BigInt(byte))) continue;
          changed = ((changed & ~(0xff << (8 * byte))) | (byteOf(first + BigInt(byte)) << (8 * byte))) >>> 0;
        }
        return changed;
      }),
    })),
    data: data.map(({ address, bytes: old }) => ({
      address,
      bytes: old.map((byte, index) => (covers(address + BigInt(index)) ? byteOf(address + BigInt(index)) : byte)),
    })),
  };
}

/** Throws a ProofError, or what the assembler and the checker throw. */
export function buildScene(options: SceneOptions): Scene {
  return new SceneBuilder(options).build();
}
