/** The decoder as wasm: a tree of bit tests made from the forms, ending in comparisons of whole words. */
import { type Form, UNDEFINED_HANDLER } from "../a64/forms.js";
import type { Pattern } from "../a64/pattern.js";
import { type Expression, typesOf, type WasmModule } from "../wasm/binaryen.js";

/** Lists this short are compared one after the other. */
const LEAF = 2;

/** Adds the function decode(word: i32) -> i32: the handler of the word's form, UNDEFINED_HANDLER if it has none. */
export function addDecoder(module: WasmModule, name: string, forms: readonly Form[]): void {
  const i32 = typesOf(["i32"]);
  const tests = new WordTests(module);
  // The more bits a form fixes, the sooner it is asked: a row may be a special case of another.
  const ordered = [...forms].sort((a, b) => bitCount(b.mask) - bitCount(a.mask));
  const body = module.block(null, [tests.tree(ordered, 0), module.return(module.i32.const(UNDEFINED_HANDLER))]);
  module.addFunction(name, i32, i32, [], body);
}

/** Adds lands(word: i32) -> i32: bit b is set if a branch with PSTATE.BTYPE = b may land on this word. */
export function addLandingPads(module: WasmModule, name: string, forms: readonly Form[]): void {
  const i32 = typesOf(["i32"]);
  const tests = new WordTests(module);
  const pads = forms
    .filter((form) => form.row.lands !== 1)
    .sort((a, b) => bitCount(b.mask) - bitCount(a.mask))
    .map((form) => module.if(tests.matches(form, form.unallocated), module.return(module.i32.const(form.row.lands))));
  module.addFunction(name, i32, i32, [], module.block(null, [...pads, module.return(module.i32.const(1))]));
}

class WordTests {
  constructor(private readonly module: WasmModule) {}

  private word(): Expression {
    return this.module.local.get(0, typesOf(["i32"]));
  }

  matches(fixed: { readonly mask: number; readonly value: number }, except: readonly Pattern[]): Expression {
    const m = this.module;
    let test = m.i32.eq(m.i32.and(this.word(), m.i32.const(fixed.mask | 0)), m.i32.const(fixed.value | 0));
    for (const exclusion of except) test = m.i32.and(test, m.i32.eqz(this.matches(exclusion, [])));
    return test;
  }

  /** Returns the handler of the first form that matches; falls through if none does. `tested`: bits already split on. */
  tree(forms: readonly Form[], tested: number): Expression {
    const m = this.module;
    const bit = forms.length > LEAF ? bestBit(forms, tested) : undefined;
    if (bit === undefined) {
      const comparisons = forms.map((form) =>
        m.if(this.matches(form, form.unallocated), m.return(m.i32.const(form.handler))),
      );
      return comparisons.length === 0 ? m.nop() : m.block(null, comparisons);
    }
    const side = (wanted: number): Form[] =>
      forms.filter((form) => (form.mask & bit) === 0 || ((form.value & bit) !== 0 ? 1 : 0) === wanted);
    const isSet = m.i32.and(this.word(), m.i32.const(bit));
    return m.if(isSet, this.tree(side(1), tested | bit), this.tree(side(0), tested | bit));
  }
}

/** The untested bit that leaves the longer of the two sides shortest, if it shortens the list at all. */
function bestBit(forms: readonly Form[], tested: number): number | undefined {
  let best: number | undefined;
  let bestLength = forms.length;
  for (let position = 0; position < 32; position++) {
    const bit = 1 << position;
    if (tested & bit) continue;
    let ones = 0;
    let zeros = 0;
    for (const form of forms) {
      if ((form.mask & bit) === 0) {
        ones++;
        zeros++;
      } else if (form.value & bit) ones++;
      else zeros++;
    }
    const length = Math.max(ones, zeros);
    if (length < bestLength) {
      best = bit;
      bestLength = length;
    }
  }
  return best;
}

function bitCount(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++;
  return count;
}
