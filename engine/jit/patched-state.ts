/**
 * The state of what is patched in a core's code: the words that regions were made from and that have ever been
 * replaced, and where the branches go whose targets stand as literals beside them.
 */
import * as layout from "../../assembly/layout.js";
import type { CoreView, FormTable, Slots } from "./core-view.js";
import type { InstructionFlow } from "./flow.js";
import type { RegionHost } from "./host.js";
import { Literals, literalOf } from "./literals.js";
import { PatchedWords } from "./patched-words.js";
import type { Region } from "./region.js";

export class PatchedState {
  readonly words = new PatchedWords();
  private readonly literals = new Literals();

  constructor(
    private readonly host: RegionHost,
    private readonly slots: Slots,
    private readonly forms: FormTable,
    private readonly view: CoreView,
  ) {}

  /** There is a new region. */
  add(region: Region): void {
    this.words.hold(region.lines);
    this.addLiterals(region);
  }

  private addLiterals({ guards, addresses, words }: Region): void {
    const wordAt = new Map(addresses.map((pc, i) => [pc, words[i] as number]));
    const flowAt = (pc: bigint): InstructionFlow | undefined => {
      const word = wordAt.get(pc);
      const form = word === undefined ? undefined : this.forms.ofWord(word);
      return word === undefined || form === undefined ? undefined : this.forms.analyse(form, word, pc);
    };
    for (const { kind, pc: branch } of guards) {
      const literal = kind === "target" ? literalOf(branch, flowAt) : undefined;
      if (literal !== undefined) this.literals.add({ branch, literal });
    }
  }

  /** Notes where branches will go whose targets are literals among these words. Whether there are any. */
  expectLiterals(line: bigint, mask: number): boolean {
    const found = this.literals.within(line, mask);
    for (const { branch, literal } of found) {
      const target = this.host.read(literal);
      if (target !== undefined && this.slots.of(target) !== 0) this.view.expect(branch, target);
    }
    return found.length > 0;
  }

  /** A hash of the patched words, and of where the branches go whose targets stand beside them. */
  hash(): number {
    let hash = 0;
    const add = (value: number): void => {
      hash = Math.imul(hash ^ value, 0x0100_0193);
    };
    this.words.forEach((line, mask) => {
      const slot = this.slots.of(line);
      for (let word = 0; word < layout.LINE / 4; word++)
        if (((mask >>> word) & 1) === 1) add(this.slots.wordAt(slot + word * layout.SLOT_BYTES));
    });
    for (const { branch } of this.literals.all) add(this.view.lastTargetWord(branch));
    return hash;
  }

  clear(): void {
    this.literals.clear();
    this.words.clear();
  }
}
