/** Makes a case smaller while something about it stays true: fewer states, and NOPs in place of instructions. */
import { wordFor } from "../support/encode.js";
import type { Case } from "./cases.js";

const NOP = wordFor("nop");
/** At the start of programs: monitors of oracles outlive a case. */
const CLREX = wordFor("clrex");

export type Holds = (candidate: Case) => Promise<boolean>;

/** The case with its run `state` last, after as few others as will do. */
async function fewerStates(of: Case, state: number, holds: Holds): Promise<Case> {
  const last = of.states.slice(state, state + 1);
  const candidates = [
    { ...of, states: last, compiledAt: 0 },
    { ...of, states: [...of.states.slice(0, 1), ...last], compiledAt: 1 },
  ];
  for (const candidate of candidates) if (await holds(candidate)) return candidate;
  return { ...of, states: of.states.slice(0, state + 1) };
}

/** Every place in the code that holds an instruction which does something. */
function places(of: Case): { readonly part: bigint; readonly index: number }[] {
  return [...of.code].flatMap(([part, words]) =>
    words.flatMap((word, index) => (word === NOP || word === CLREX || word === 0 ? [] : [{ part, index }])),
  );
}

function without(of: Case, dropped: ReturnType<typeof places>): Case {
  const code = new Map([...of.code].map(([part, words]) => [part, [...words]]));
  for (const { part, index } of dropped) {
    const words = code.get(part);
    if (words !== undefined) words[index] = NOP;
  }
  return { ...of, code };
}

/** Tries to drop ever smaller runs of instructions, then begins again, until none can be dropped. */
export async function shrink(of: Case, state: number, holds: Holds): Promise<Case> {
  let best = await fewerStates(of, state, holds);
  for (let before = Number.POSITIVE_INFINITY; places(best).length < before; ) {
    before = places(best).length;
    for (let size = Math.ceil(before / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
      for (let at = 0; at < places(best).length; ) {
        const candidate = without(best, places(best).slice(at, at + size));
        if (await holds(candidate)) best = candidate;
        else at += size;
      }
    }
  }
  return best;
}
