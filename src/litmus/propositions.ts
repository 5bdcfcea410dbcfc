/** Conditions over final states: who is named in them, whether they hold, and herd's way to write them. */
import { nameText } from "./names.js";
import type { Condition, FaultAtom, LitmusValue, Proposition, StateName } from "./syntax.js";

export type Atom = Exclude<Proposition, { kind: "not" | "and" | "or" | "implies" | "constant" }>;

/** The atoms of a proposition from left to right. */
export function atomsOf(proposition: Proposition): readonly Atom[] {
  switch (proposition.kind) {
    case "constant":
      return [];
    case "not":
      return atomsOf(proposition.operand);
    case "and":
    case "or":
    case "implies":
      return proposition.operands.flatMap(atomsOf);
    default:
      return [proposition];
  }
}

/** The names that an atom compares. */
export function namesOf(atom: Atom): readonly StateName[] {
  if (atom.kind === "value") return [atom.name];
  return atom.kind === "same" ? [atom.left, atom.right] : [];
}

export function holds(proposition: Proposition, atomHolds: (atom: Atom) => boolean): boolean {
  switch (proposition.kind) {
    case "constant":
      return proposition.value;
    case "not":
      return !holds(proposition.operand, atomHolds);
    case "and":
      return proposition.operands.every((operand) => holds(operand, atomHolds));
    case "or":
      return proposition.operands.some((operand) => holds(operand, atomHolds));
    case "implies":
      return !holds(proposition.operands[0], atomHolds) || holds(proposition.operands[1], atomHolds);
    default:
      return atomHolds(proposition);
  }
}

export function conditionText(condition: Condition, valueText: (value: LitmusValue, offset: number) => string): string {
  return `${condition.quantifier} (${propositionText(condition.proposition, undefined, valueText)})`;
}

const signs = { and: " /\\ ", or: " \\/ ", implies: " => " } as const;

type Connective = keyof typeof signs;

/** herd leaves the parentheses out where a connective stands in itself, or \/ above /\. */
function needsParentheses(above: Connective | undefined, here: Connective): boolean {
  return above !== undefined && above !== here && !(above === "or" && here === "and");
}

function propositionText(
  proposition: Proposition,
  above: Connective | undefined,
  valueText: (value: LitmusValue, offset: number) => string,
): string {
  switch (proposition.kind) {
    case "constant":
      return String(proposition.value);
    case "not":
      return `not (${propositionText(proposition.operand, undefined, valueText)})`;
    case "value":
      return `${nameText(proposition.name)}=${valueText(proposition.value, proposition.offset)}`;
    case "same":
      return `${nameText(proposition.left)}=${nameText(proposition.right)}`;
    case "fault":
      return faultAtomText(proposition, "fault");
    default: {
      const text = proposition.operands
        .map((operand) => propositionText(operand, proposition.kind, valueText))
        .join(signs[proposition.kind]);
      return needsParentheses(above, proposition.kind) ? `(${text})` : text;
    }
  }
}

/** `fault(P0:L0,x,MMU:Translation)` in a condition, `Fault(...)` in a state. */
export function faultAtomText(atom: FaultAtom, word: "fault" | "Fault"): string {
  const place = atom.label === undefined ? `P${atom.thread}` : `P${atom.thread}:${atom.label}`;
  return `${word}(${[place, atom.location, atom.type].filter((part) => part !== undefined).join(",")})`;
}
