/** What stands below the program: `locations`, `filter`, and the condition. */
import { readList } from "./initial-state.js";
import { atRegister, readName, readScalarValue, readThread, typeNamed } from "./names.js";
import type { Condition, FaultAtom, LitmusType, LocationsItem, Proposition, StateName } from "./syntax.js";
import type { TokenReader } from "./tokens.js";

/** Parentheses and negations within each other; more are not a condition that somebody wrote. */
const MAXIMUM_DEPTH = 200;

export interface ConditionPart {
  readonly locations: readonly LocationsItem[];
  readonly filter?: Proposition;
  readonly condition: Condition;
}

export function readConditionPart(tokens: TokenReader): ConditionPart {
  const locations = tokens.accept("locations") ? readLocations(tokens) : [];
  const filter = tokens.accept("filter") ? readProposition(tokens) : undefined;
  const condition = readCondition(tokens);
  tokens.accept(";");
  if (!tokens.ended) throw tokens.unexpected("the end of the condition");
  return { locations, ...(filter && { filter }), condition };
}

function readCondition(tokens: TokenReader): Condition {
  if (tokens.ended) {
    return { quantifier: "forall", proposition: { kind: "constant", value: true } };
  }
  if (tokens.accept("forall")) return { quantifier: "forall", proposition: readProposition(tokens) };
  if (tokens.accept("exists", "final")) return { quantifier: "exists", proposition: readProposition(tokens) };
  if (tokens.accept("~", "not")) {
    tokens.expect("exists", "behind '~'");
    return { quantifier: "~exists", proposition: readProposition(tokens) };
  }
  throw tokens.unexpected("'exists', '~exists' or 'forall'");
}

function readLocations(tokens: TokenReader): readonly LocationsItem[] {
  const items: LocationsItem[] = [];
  tokens.expect("[", "behind 'locations'");
  while (!tokens.at("]")) {
    items.push(readLocationsItem(tokens));
    if (!tokens.accept(";") && !tokens.at("]")) throw tokens.unexpected("';' or ']'");
  }
  tokens.take();
  tokens.accept(";");
  return items;
}

function readLocationsItem(tokens: TokenReader): LocationsItem {
  if (atFault(tokens)) return readFault(tokens);
  const { offset } = tokens.next;
  const name = readName(tokens);
  const type = readTypeBehind(tokens);
  return { kind: "name", name, offset, ...(type && { type }) };
}

/** `x *`, `x uint64_t` and `x uint64_t *`. */
function readTypeBehind(tokens: TokenReader): LitmusType | undefined {
  if (tokens.accept("*")) return { kind: "pointer" };
  return tokens.next.kind === "name" ? typeNamed(tokens, tokens.take()) : undefined;
}

/** Weakest first: \/, /\, =>, not. */
export function readProposition(tokens: TokenReader, depth = 0): Proposition {
  if (depth > MAXIMUM_DEPTH) throw tokens.error(tokens.next.offset, "the condition is nested too deeply", "size");
  return readConnected(tokens, "or", "\\/", () =>
    readConnected(tokens, "and", "/\\", () => readImplication(tokens, depth)),
  );
}

/** One operand or several, with the connective between them. */
function readConnected(tokens: TokenReader, kind: "and" | "or", sign: string, operand: () => Proposition): Proposition {
  const operands = [operand()];
  while (tokens.accept(sign)) operands.push(operand());
  return operands.length === 1 ? (operands[0] as Proposition) : { kind, operands };
}

function readImplication(tokens: TokenReader, depth: number): Proposition {
  if (depth > MAXIMUM_DEPTH) throw tokens.error(tokens.next.offset, "the condition is nested too deeply", "size");
  const left = readNegation(tokens, depth);
  return tokens.accept("=>") ? { kind: "implies", operands: [left, readImplication(tokens, depth + 1)] } : left;
}

function readNegation(tokens: TokenReader, depth: number): Proposition {
  let negations = 0;
  while (tokens.accept("~", "not")) negations++;
  const operand = readAtom(tokens, depth);
  return negations % 2 === 1 ? { kind: "not", operand } : operand;
}

function readAtom(tokens: TokenReader, depth: number): Proposition {
  if (tokens.accept("true")) return { kind: "constant", value: true };
  if (tokens.accept("false")) return { kind: "constant", value: false };
  if (tokens.accept("(")) {
    const inner = readProposition(tokens, depth + 1);
    tokens.expect(")", "behind the condition");
    return inner;
  }
  return atFault(tokens) ? readFault(tokens) : readComparison(tokens);
}

function readComparison(tokens: TokenReader): Proposition {
  const { offset } = tokens.next;
  const name = readName(tokens);
  if (tokens.accept("=", "==")) return readRightSide(tokens, name, offset);
  if (tokens.accept("!=", "<>")) return { kind: "not", operand: readRightSide(tokens, name, offset) };
  throw tokens.unexpected("'=' or '!='");
}

/** Of `x=y` the right side is the address of y; `[x]=[y]` and `0:X0=1:X1` compare what two names hold. */
function readRightSide(tokens: TokenReader, name: StateName, offset: number): Proposition {
  if (tokens.at("{")) return { kind: "value", name, value: { kind: "array", values: readList(tokens) }, offset };
  if (atRegister(tokens) || tokens.at("[") || tokens.accept("*")) {
    return { kind: "same", left: name, right: readName(tokens), offset };
  }
  return { kind: "value", name, value: readScalarValue(tokens), offset };
}

function atFault(tokens: TokenReader): boolean {
  return tokens.at("fault", "Fault") && tokens.lookAhead(2)[1]?.text === "(";
}

/** `fault(P0)`, `fault(P0:L0)`, `fault(P0:L0,x)`, `fault(P0,MMU:Translation)`, `fault(P0:L0,x,MMU:Translation)`. */
function readFault(tokens: TokenReader): FaultAtom {
  const { offset } = tokens.take();
  tokens.expect("(", "behind 'fault'");
  const thread = readThread(tokens);
  const label = tokens.accept(":") ? tokens.expectName("a label").text : undefined;
  const words: string[] = [];
  while (words.length < 2 && tokens.accept(",")) words.push(readFaultWord(tokens));
  tokens.expect(")", "behind the fault");
  const [first, second] = words;
  const named = first !== undefined && isFaultType(first) && second === undefined;
  const location = named ? undefined : first;
  const type = named ? first : second;
  if (type !== undefined && !isFaultType(type)) throw tokens.error(offset, `'${type}' is not a kind of fault`, "value");
  return {
    kind: "fault",
    thread,
    offset,
    ...(label && { label }),
    ...(location && { location }),
    ...(type && { type }),
  };
}

function readFaultWord(tokens: TokenReader): string {
  let word = tokens.expectName("a location or a kind of fault").text;
  while (tokens.accept(":")) word += `:${tokens.expectName("a kind of fault").text}`;
  return word;
}

/** herd's names; those of extensions that cmodx has no model of are kinds of fault that never happen here. */
function isFaultType(word: string): boolean {
  return /^(UndefinedInstruction|MMU(:\w+)?|Translation|Permission|AccessFlag|TagCheck|PacCheck(:\w+)?|SupervisorCall|Alignment)$/.test(
    word,
  );
}
