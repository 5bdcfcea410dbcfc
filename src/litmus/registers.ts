/** Registers that a test leaves to the tool: `0:%a` in the states, X%a and W%a in the program. */
import { registerNumber } from "./names.js";
import { atomsOf, namesOf } from "./propositions.js";
import { errorAt } from "./source.js";
import type { InstructionCell, LitmusTest, StateName } from "./syntax.js";

export class RegisterChoice {
  readonly #chosen = new Map<string, number>();
  readonly #used = new Map<number, Set<number>>();

  constructor(private readonly test: LitmusTest) {
    for (const { id, code, handler } of test.threads) {
      for (const { text } of [...code.instructions, ...(handler?.instructions ?? [])]) {
        for (const [word] of text.matchAll(/\b[xw][0-9]{1,2}\b/gi)) this.#use(id, registerNumber(word));
      }
    }
    const atoms = [test.condition.proposition, ...(test.filter ? [test.filter] : [])].flatMap(atomsOf);
    const names = [
      ...test.initial.map(({ name }) => name),
      ...atoms.flatMap(namesOf),
      ...test.locations.flatMap((item) => (item.kind === "name" ? [item.name] : [])),
    ];
    for (const name of names) if (name.kind === "register") this.#use(name.thread, name.register);
  }

  #use(thread: number, register: number | undefined): void {
    if (register === undefined) return;
    const used = this.#used.get(thread) ?? new Set();
    this.#used.set(thread, used.add(register));
  }

  numberOf(name: Exclude<StateName, { kind: "location" }>): number {
    return name.kind === "register" ? name.register : this.#choose(name.thread, name.name, 0);
  }

  /** The text of an instruction with every symbolic register replaced by one that the thread does not use. */
  rename(thread: number, cell: InstructionCell): string {
    return cell.text.replace(/\b([XWxw])%([A-Za-z_]\w*)/g, (_, width: string, name: string) => {
      return `${width}${this.#choose(thread, name, cell.offset)}`;
    });
  }

  #choose(thread: number, name: string, offset: number): number {
    const key = `${thread}:${name}`;
    const known = this.#chosen.get(key);
    if (known !== undefined) return known;
    const used = this.#used.get(thread) ?? new Set();
    for (let register = 0; register <= 30; register++) {
      if (used.has(register)) continue;
      this.#use(thread, register);
      this.#chosen.set(key, register);
      return register;
    }
    throw errorAt(this.test.source, offset, "size", `P${thread} uses all registers, and none is left for %${name}`);
  }
}
