/** What a problem observes: the names that the condition and `locations` want to see. */
import type { Observable } from "../model/problem.js";
import { nameText } from "./names.js";
import { elementOffset } from "./places.js";
import type { RegisterChoice } from "./registers.js";
import { errorAt } from "./source.js";
import type { PlacedLocation } from "./symbols.js";
import type { LitmusTest, LitmusType, StateName } from "./syntax.js";

/** A name of a state, and which of the problem's observed values are its. */
export interface Shown {
  readonly name: StateName;
  /** `0:X1`, `[x]`; an array stands without brackets. */
  readonly text: string;
  readonly type?: LitmusType;
  /** Its values from this index on: one, or as many as an array has elements. */
  readonly first: number;
  readonly count: number;
}

/** The place of a thread in the problem. Throws a LitmusError where the test has none of that number. */
export function threadIndex(test: LitmusTest, id: number, offset: number): number {
  const index = test.threads.findIndex((thread) => thread.id === id);
  if (index < 0) throw errorAt(test.source, offset, "symbol", `there is no thread P${id}`);
  return index;
}

/** Values that a final state may consist of. */
const MAXIMUM_VALUES = 4096;

/** Collects what a problem has to observe. */
export class Observer {
  readonly observables: Observable[] = [];
  readonly byName = new Map<string, Shown>();

  constructor(
    private readonly test: LitmusTest,
    private readonly locations: readonly PlacedLocation[],
    private readonly registers: RegisterChoice,
  ) {}

  add(name: StateName, offset: number, type?: LitmusType): void {
    const known = this.byName.get(nameText(name));
    if (known !== undefined) return;
    const first = this.observables.length;
    const shown = name.kind === "location" ? this.#addLocation(name, offset) : this.#addRegister(name, offset);
    if (this.observables.length > MAXIMUM_VALUES) {
      throw errorAt(this.test.source, offset, "size", `a final state of more than ${MAXIMUM_VALUES} values`);
    }
    const shownType = type ?? shown.type;
    this.byName.set(nameText(name), {
      name,
      text:
        shown.type?.kind === "array" && name.kind === "location" && name.index === undefined
          ? name.name
          : nameText(name),
      first,
      count: this.observables.length - first,
      ...(shownType && { type: shownType }),
    });
  }

  #addRegister(name: Exclude<StateName, { kind: "location" }>, offset: number): { readonly type?: LitmusType } {
    const thread = threadIndex(this.test, name.thread, offset);
    this.observables.push({ kind: "register", thread, register: this.registers.numberOf(name) });
    const declared = this.test.initial.find(
      (entry) => nameText(entry.name) === nameText(name) && entry.type !== undefined,
    );
    return declared?.type === undefined ? {} : { type: declared.type };
  }

  #addLocation(name: StateName & { kind: "location" }, offset: number): { readonly type?: LitmusType } {
    const location = this.locations.find((candidate) => candidate.name === name.name) as PlacedLocation;
    const { type, address } = location;
    if (type?.kind === "array" && name.index === undefined) {
      for (let index = 0; index < type.length; index++) {
        this.observables.push({
          kind: "memory",
          address: address + BigInt(index * type.element.bytes),
          bytes: type.element.bytes,
        });
      }
      return { type };
    }
    const wrong = (reason: string): Error => errorAt(this.test.source, offset, "value", reason);
    const element = elementOffset(location, name.index ?? 0, wrong);
    const bytes = type?.kind === "array" ? type.element.bytes : (location.bytes as 1 | 2 | 4 | 8);
    this.observables.push({ kind: "memory", address: address + element, bytes });
    if (type?.kind === "array") return { type: { kind: "scalar", scalar: type.element } };
    return type === undefined ? {} : { type };
  }

  /** Registers by thread and number, then locations by name, then elements of arrays. */
  inOrder(): readonly Shown[] {
    const key = ({ name }: Shown): readonly [number, number, number, string] => {
      if (name.kind === "location") return [1, name.index === undefined ? 0 : 1, name.index ?? 0, name.name];
      return [0, name.thread, this.registers.numberOf(name), ""];
    };
    return [...this.byName.values()].sort((a, b) => {
      const [left, right] = [key(a), key(b)];
      return (
        left[0] - right[0] ||
        left[1] - right[1] ||
        (left[3] < right[3] ? -1 : left[3] > right[3] ? 1 : 0) ||
        left[2] - right[2]
      );
    });
  }
}
