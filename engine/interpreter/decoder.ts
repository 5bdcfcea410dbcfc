/**
 * The decoder: a tree of bit tests made from the forms, ending in comparisons of whole words, as data that a small wasm function
 * walks. (As code the tree is a function of a hundred kilobytes, and V8 spends 0.1 s on optimising it in every process.)
 */
import { type Form, UNDEFINED_HANDLER } from "../a64/forms.js";
import type { Pattern } from "../a64/pattern.js";
import { type Expression, typeOf, type WasmModule } from "../wasm/module.js";

/** Lists this short are compared one after the other. */
const LEAF = 2;

/**
 * The tree's words. A test of a bit is {bit, offset if it is clear, offset if it is set}: offsets are in bytes from the first
 * word, the root's. A list is {LIST, comparisons}: a comparison is {mask, value, result}, the first that fits counts, and the
 * last fits all words. Its result is a handler, or BEHIND and the bytes to the comparison to go on with.
 */
const LIST = 0x8000_0000;
const BEHIND = 0x8000_0000;
const COMPARISON_BYTES = 12;

/** The decoder's tree as it stands in memory. */
export function decoderTree(forms: readonly Form[]): Uint8Array {
  const words: number[] = [];
  /** Lists that are the same, as they are where a form leaves the tested bits open, share one subtree. */
  const known = new Map<string, number>();
  const place = (list: readonly Form[]): number => {
    const key = list.map(({ handler }) => handler).join();
    const found = known.get(key);
    if (found !== undefined) return found;
    const at = words.length;
    known.set(key, 4 * at);
    const bit = list.length > LEAF ? bestBit(list) : undefined;
    if (bit === undefined) {
      words.push(LIST, ...list.flatMap(comparisons), 0, 0, UNDEFINED_HANDLER);
    } else {
      words.push(bit, 0, 0);
      words[at + 1] = place(list.filter((form) => allows(form, bit, 0)));
      words[at + 2] = place(list.filter((form) => allows(form, bit, 1)));
    }
    return 4 * at;
  };
  // The more bits a form fixes, the sooner it is asked: a row may be a special case of another.
  place([...forms].sort((a, b) => bitCount(b.mask) - bitCount(a.mask)));
  return new Uint8Array(Uint32Array.from(words).buffer);
}

/** What a form excludes leads past the comparison with the form itself. */
function comparisons({ mask, value, unallocated, handler }: Form): number[] {
  const excluded = unallocated.flatMap((pattern, i) => {
    const left = unallocated.length - i;
    return [pattern.mask, pattern.value, BEHIND + COMPARISON_BYTES * (left + 1)];
  });
  return [...excluded, mask, value, handler];
}

/** Whether words that have this value in a bit may be of the form. */
function allows(form: Form, bit: number, value: number): boolean {
  return ((form.mask >>> bit) & 1) === 0 || ((form.value >>> bit) & 1) === value;
}

/** The bit that leaves the longer of the two sides shortest, if any shortens the list at all. */
function bestBit(forms: readonly Form[]): number | undefined {
  let best: number | undefined;
  let bestLength = forms.length;
  for (let bit = 0; bit < 32; bit++) {
    const length = Math.max(...[0, 1].map((value) => forms.filter((form) => allows(form, bit, value)).length));
    if (length >= bestLength) continue;
    best = bit;
    bestLength = length;
  }
  return best;
}

/** Adds the function decode(word: i32) -> i32: the handler of the word's form, UNDEFINED_HANDLER if it has none. `tree`: where that stands. */
export function addDecoder(module: WasmModule, name: string, tree: number): void {
  const m = module;
  const i32 = typeOf("i32");
  const word = (): Expression => m.local.get(0, i32);
  const at = (): Expression => m.local.get(1, i32);
  const load = (offset: number): Expression => m.i32.load(offset, 4, at());
  const forward = (bytes: Expression): Expression => m.local.set(1, m.i32.add(at(), bytes));
  const tests = m.block("list", [
    m.loop(
      "test",
      m.block(null, [
        m.br_if("list", m.i32.lt_s(load(0), m.i32.const(0))),
        m.local.set(2, m.i32.and(m.i32.shr_u(word(), load(0)), m.i32.const(1))),
        forward(m.i32.shl(m.local.get(2, i32), m.i32.const(2))),
        m.local.set(1, m.i32.add(m.i32.const(tree), load(4))),
        m.br("test"),
      ]),
    ),
  ]);
  const fits = m.i32.eq(m.i32.and(word(), load(0)), load(4));
  const search = m.loop(
    "search",
    m.block(null, [
      m.if(
        fits,
        m.block(null, [
          m.if(m.i32.ge_s(load(8), m.i32.const(0)), m.return(load(8))),
          forward(m.i32.and(load(8), m.i32.const(0x7fff_ffff))),
        ]),
        forward(m.i32.const(COMPARISON_BYTES)),
      ),
      m.br("search"),
    ]),
  );
  const body = m.block(null, [m.local.set(1, m.i32.const(tree)), tests, forward(m.i32.const(4)), search], i32);
  m.addFunction(name, [i32], i32, [i32, i32], body);
}

/** Adds lands(word: i32) -> i32: bit b is set if a branch with PSTATE.BTYPE = b may land on this word. */
export function addLandingPads(module: WasmModule, name: string, forms: readonly Form[]): void {
  const m = module;
  const i32 = typeOf("i32");
  const matches = (
    fixed: { readonly mask: number; readonly value: number },
    except: readonly Pattern[],
  ): Expression => {
    const masked = m.i32.and(m.local.get(0, i32), m.i32.const(fixed.mask | 0));
    let test = m.i32.eq(masked, m.i32.const(fixed.value | 0));
    for (const exclusion of except) test = m.i32.and(test, m.i32.eqz(matches(exclusion, [])));
    return test;
  };
  const pads = forms
    .filter((form) => form.row.lands !== 1)
    .sort((a, b) => bitCount(b.mask) - bitCount(a.mask))
    .map((form) => m.if(matches(form, form.unallocated), m.return(m.i32.const(form.row.lands))));
  m.addFunction(name, [i32], i32, [], m.block(null, [...pads, m.return(m.i32.const(1))]));
}

function bitCount(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++;
  return count;
}
