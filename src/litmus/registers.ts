/** Registers that a test leaves to the tool: `0:%a` in the states, X%a and W%a in the program. */
import { registerNumber } from "./names.js";
import { atomsOf, namesOf } from "./propositions.js";
import { errorAt } from "./source.js";
import type { InstructionCell, LitmusTest, StateName } from "./syntax.js";

export class RegisterChoice {
  readonly #chosen = new Map<string, number>();
  readonly #used = new Map<number, Set<number>>();

  constructor(private readonly test: LitmusTest) {}

  /** Registers that the thread's text or the states name. */
  #usedBy(thread: number): Set<number> {
    const known = this.#used.get(thread);
    if (known !== undefined) return known;
    const { threads, initial, locations, condition, filter } = this.test;
    const columns = threads
      .filter(({ id }) => id === thread)
      .flatMap(({ code, handler }) => [code, ...(handler ? [handler] : [])]);
    const words = columns.flatMap(({ instructions }) =>
      instructions.flatMap(({ text }) => text.match(/\b[xw][0-9]{1,2}\b/gi) ?? []),
    );
    const names = [
      ...initial.map(({ name }) => name),
      ...[condition.proposition, ...(filter ? [filter] : [])].flatMap(atomsOf).flatMap(namesOf),
      ...locations.flatMap((item) => (item.kind === "name" ? [item.name] : [])),
    ];
    const used = new Set([
      ...words.flatMap((word) => registerNumber(word) ?? []),
      ...names.flatMap((name) => (name.kind === "register" && name.thread === thread ? [name.register] : [])),
    ]);
    this.#used.set(thread, used);
    return used;
  }

  numberOf(name: Exclude<StateName, { kind: "location" }>): number {
    return name.kind === "register" ? name.register : this.#choose(name.thread, name.name, 0);
  }

  /** The text of an instruction with every symbolic register replaced by one that the thread does not use. */
  rename(thread: number, cell: InstructionCell): string {
    if (!cell.text.includes("%")) return cell.text;
    return cell.text.replace(/\b([XWxw])%([A-Za-z_]\w*)/g, (_, width: string, name: string) => {
      return `${width}${this.#choose(thread, name, cell.offset)}`;
    });
  }

  #choose(thread: number, name: string, offset: number): number {
    const key = `${thread}:${name}`;
    const known = this.#chosen.get(key);
    if (known !== undefined) return known;
    const used = this.#usedBy(thread);
    for (let register = 0; register <= 30; register++) {
      if (used.has(register)) continue;
      used.add(register);
      this.#chosen.set(key, register);
      return register;
    }
    throw errorAt(this.test.source, offset, "size", `P${thread} uses all registers, and none is left for %${name}`);
  }
}
