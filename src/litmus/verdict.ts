/** From the checker's final states to a verdict on the test, with everything as herd writes it. */
import type { CheckResult, FinalState, ModelFlag, ThreadFault } from "../model/problem.js";
import type { LaidOut } from "./layout.js";
import { nameText } from "./names.js";
import type { Shown } from "./observer.js";
import { type Atom, conditionText, faultAtomText, holds } from "./propositions.js";
import { labelText } from "./symbols.js";
import type { FaultAtom, LitmusTest, LitmusType, LitmusValue, StateName } from "./syntax.js";
import { defaultType } from "./types.js";

export type Observation = "Never" | "Sometimes" | "Always" | "Unknown";

export interface Verdict {
  readonly test: LitmusTest;
  /** Each allowed state once: `0:X0=1; [x]=2;`. */
  readonly states: readonly string[];
  /** The checker's own state for each of them. */
  readonly finalStates: readonly FinalState[];
  /** States in which the condition's proposition holds, and those in which it does not. */
  readonly holding: number;
  readonly failing: number;
  /** Whether the condition is met. Undefined: not all executions were looked at, and those that were leave it open. */
  readonly ok?: boolean;
  readonly observation: Observation;
  readonly flags: readonly ModelFlag[];
  /** With its quantifier. */
  readonly condition: string;
  readonly complete: boolean;
  readonly bound?: NonNullable<CheckResult["bound"]>;
  readonly executions: number;
}

export function verdictOf(test: LitmusTest, laidOut: LaidOut, result: CheckResult): Verdict {
  const judge = new Judge(laidOut);
  const { proposition, quantifier } = test.condition;
  const states = new Map<string, { readonly state: FinalState; readonly holds: boolean }>();
  for (const state of result.states) {
    if (test.filter !== undefined && !holds(test.filter, (atom) => judge.holds(atom, state))) continue;
    const key = judge.key(state);
    if (!states.has(key)) states.set(key, { state, holds: holds(proposition, (atom) => judge.holds(atom, state)) });
  }
  const inOrder = [...states.values()].sort((a, b) => judge.compare(a.state, b.state));
  const holding = inOrder.filter((entry) => entry.holds).length;
  const failing = inOrder.length - holding;
  const { complete, bound } = result;
  const ok = outcome(quantifier, holding, failing, complete);
  return {
    test,
    states: inOrder.map(({ state }) => judge.text(state)),
    finalStates: inOrder.map(({ state }) => state),
    holding,
    failing,
    ...(ok !== undefined && { ok }),
    observation: observationOf(holding, failing, complete),
    flags: result.flags.map(({ name, detail }) => ({ name, detail: laidOut.named(detail) })),
    condition: conditionText(test.condition, (value, offset) => judge.constantText(value, offset)),
    complete,
    ...(bound && { bound }),
    executions: result.executions,
  };
}

/** What was found stays found; that something was not found means nothing where the search did not come to its end. */
export function outcome(
  quantifier: LitmusTest["condition"]["quantifier"],
  holding: number,
  failing: number,
  complete: boolean,
): boolean | undefined {
  const decisive = quantifier === "forall" ? failing : holding;
  if (decisive === 0 && !complete) return undefined;
  return quantifier === "exists" ? holding > 0 : decisive === 0;
}

export function observationOf(holding: number, failing: number, complete: boolean): Observation {
  if (holding > 0 && failing > 0) return "Sometimes";
  if (!complete) return "Unknown";
  return holding === 0 ? "Never" : "Always";
}

/** Reads states by the names of the test. */
export class Judge {
  constructor(private readonly laidOut: LaidOut) {}

  holds(atom: Atom, state: FinalState): boolean {
    if (atom.kind === "fault") return state.faults.some((fault) => this.#matches(fault, atom));
    if (atom.kind === "same") {
      const [left, right] = [this.#values(atom.left, state), this.#values(atom.right, state)];
      return left.length === right.length && left.every((value, index) => value === right[index]);
    }
    const shown = this.#shown(atom.name);
    const expected = atom.value.kind === "array" ? atom.value.values : [atom.value];
    const values = this.#values(atom.name, state);
    return (
      values.length === expected.length &&
      expected.every((value, index) => this.#equal(values[index] as bigint, value, atom.offset, shown.type))
    );
  }

  /** Numbers are compared as values of the name's type; addresses, labels and instructions as they are. */
  #equal(found: bigint, expected: LitmusValue, offset: number, type: LitmusType | undefined): boolean {
    const number = this.laidOut.numberOf(expected, offset);
    if (expected.kind !== "number") return found === number;
    const bits = bitsOf(type);
    return BigInt.asUintN(bits, found) === BigInt.asUintN(bits, number);
  }

  #shown(name: StateName): Shown {
    return this.laidOut.observed.get(nameText(name)) as Shown;
  }

  #values(name: StateName, state: FinalState): readonly bigint[] {
    const { first, count } = this.#shown(name);
    return state.values.slice(first, first + count);
  }

  #matches(fault: ThreadFault, atom: FaultAtom): boolean {
    const { symbols, problem } = this.laidOut;
    if (problem.threads[fault.thread]?.name !== `P${atom.thread}`) return false;
    if (atom.label !== undefined && symbols.label(atom.thread, atom.label)?.address !== fault.pc) return false;
    if (atom.location !== undefined) {
      if (fault.address === undefined || symbols.locationAt(fault.address)?.name !== atom.location) return false;
    }
    return atom.type === undefined || isOfType(fault, atom.type);
  }

  /** What makes two states the same: the values that are shown, and the faults. */
  key(state: FinalState): string {
    const values = this.laidOut.shown.flatMap(({ name }) => this.#values(name, state));
    return `${values.join(",")};${this.#shownFaults(state).join(",")}`;
  }

  compare(a: FinalState, b: FinalState): number {
    for (const { name, type } of this.laidOut.shown) {
      const [left, right] = [this.#values(name, a), this.#values(name, b)];
      for (const [index, value] of left.entries()) {
        const other = right[index] as bigint;
        if (value !== other) return signedBy(type, value) < signedBy(type, other) ? -1 : 1;
      }
    }
    return a.faults.length - b.faults.length;
  }

  text(state: FinalState): string {
    const { shown, faults } = this.laidOut;
    const values = shown.map((entry) => `${entry.text}=${this.#valueText(entry, state)};`).join(" ");
    const taken = this.#shownFaults(state);
    if (faults.length === 0 && taken.length === 0) return values;
    const absent = faults.filter((atom) => !state.faults.some((fault) => this.#matches(fault, atom)));
    const texts = absent.map((atom) => ` ~${faultAtomText(atom, "Fault")};`);
    return `${values} ${taken.map((fault) => `${fault};`).join(" ")}${[...new Set(texts)].join("")}`;
  }

  #valueText({ name, type, count }: Shown, state: FinalState): string {
    const texts = this.#values(name, state).map((value) => this.laidOut.symbols.text(value, type));
    return type?.kind === "array" && count !== 1 ? `{${texts.join(",")}}` : (texts[0] as string);
  }

  /** The faults that an atom of the condition or of `locations` asks for, whatever their kind. */
  #shownFaults(state: FinalState): readonly string[] {
    const atoms = this.laidOut.faults.map(({ type: _, ...atom }) => atom);
    const asked = state.faults.filter((fault) => atoms.some((atom) => this.#matches(fault, atom)));
    return [...new Set(asked.map((fault) => this.#faultText(fault)))].sort();
  }

  #faultText(fault: ThreadFault): string {
    const { symbols, problem } = this.laidOut;
    const labels = symbols.labelsAt(fault.pc).map(({ label }) => label);
    const label = this.laidOut.faults.find((atom) => labels.includes(atom.label ?? ""))?.label ?? labels[0];
    const thread = problem.threads[fault.thread]?.name ?? "";
    const place = label === undefined ? thread : `${thread}:${label}`;
    const address = fault.address === undefined ? [] : [symbols.text(fault.address, { kind: "pointer" })];
    return `Fault(${[place, ...address, faultNames[fault.type]].join(",")})`;
  }

  constantText(value: LitmusValue, offset: number): string {
    const number = (element: LitmusValue): bigint => this.laidOut.numberOf(element, offset);
    if (value.kind === "array") return `{${value.values.map((each) => this.constantText(each, offset)).join(",")}}`;
    // Several labels may stand at one address: the condition's own is shown.
    if (value.kind === "label") return labelText(value);
    return value.kind === "number"
      ? BigInt.asIntN(64, value.value).toString()
      : this.laidOut.symbols.text(number(value), undefined);
  }
}

function bitsOf(type: LitmusType | undefined): number {
  if (type?.kind === "pointer") return 64;
  const scalar = type === undefined ? defaultType : type.kind === "array" ? type.element : type.scalar;
  return 8 * scalar.bytes;
}

function signedBy(type: LitmusType | undefined, value: bigint): bigint {
  const scalar = type === undefined ? defaultType : type.kind === "scalar" ? type.scalar : undefined;
  return scalar?.signed ? BigInt.asIntN(64, value) : value;
}

/** herd's names. */
const faultNames: Readonly<Record<ThreadFault["type"], string>> = {
  undefined: "UndefinedInstruction",
  translation: "MMU:Translation",
  "branch-target": "BranchTarget",
  permission: "MMU:Permission",
  alignment: "Alignment",
  svc: "SupervisorCall",
  hvc: "HypervisorCall",
  smc: "SecureMonitorCall",
  brk: "Breakpoint",
  other: "Exception",
};

/** `MMU` stands for all of its kinds, and `Translation` for MMU:Translation. */
function isOfType(fault: ThreadFault, type: string): boolean {
  const name = faultNames[fault.type];
  return name === type || name.split(":").includes(type);
}
