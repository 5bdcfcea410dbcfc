/** Keys that cmodx has not defined, but found in what was loaded: a compiled file's DEFINE_STATIC_CALL. */
import { type Machine, UnknownSymbolError } from "../../engine/index.js";
import { type Key, updateOf } from "./define.js";
import type { DesignName } from "./design.js";
import { designs } from "./designs.js";
import { StaticCallError } from "./errors.js";
import { memoryView } from "./memory-view.js";
import { placementOf, symbolAddress } from "./placements.js";

/** What defines static calls: an ElfImage, or a Program. */
export interface WithSymbols {
  readonly symbols: ReadonlyMap<string, bigint>;
}

const KEY = "__SCK__";
const TRAMPOLINE = "__SCT__";

/** The names of the keys that have a trampoline there, in the order of the symbols. */
export function keyNames({ symbols }: WithSymbols): readonly string[] {
  return [...symbols.keys()]
    .filter((symbol) => symbol.startsWith(KEY))
    .map((symbol) => symbol.slice(KEY.length))
    .filter((name) => symbols.has(`${TRAMPOLINE}${name}`));
}

export interface AdoptOptions {
  /**
   * The design of the trampolines; the first one that recognises each if absent. A key of hybrid-b has the bytes of
   * one of hybrid while it has a target, and has to be told apart.
   */
  readonly design?: DesignName;
}

/** The key of that name, with the design that its trampoline is recognised as. */
export function adoptKey(machine: Machine, { symbols }: WithSymbols, name: string, options: AdoptOptions = {}): Key {
  const symbol = (symbolName: string): bigint => {
    const address = symbols.get(symbolName);
    if (address === undefined) throw new UnknownSymbolError(symbolName);
    return address;
  };
  placementOf(machine);
  const view = memoryView(machine, symbol);
  const entry = symbol(`${TRAMPOLINE}${name}`);
  const possible = options.design === undefined ? Object.values(designs) : [designs[options.design]];
  const design = possible.find((each) => each.recognises?.(view, name));
  if (design === undefined) {
    const wanted = options.design === undefined ? "that cmodx knows" : `of design '${options.design}'`;
    throw new StaticCallError(
      "unknown-trampoline",
      `the code at 0x${entry.toString(16)} (${TRAMPOLINE}${name}) is no trampoline ${wanted}: ` +
        "is its image loaded, and its literal aligned to 16 bytes?",
    );
  }
  return {
    design,
    symbol,
    text: { name, func: "0", near: false, type: 0 },
    address: symbol(`${KEY}${name}`),
    entry,
    conditionalEntry: entry,
    return0: symbolAddress(machine, "__static_call_return0"),
    update: updateOf(machine, design, symbol, name),
  };
}
