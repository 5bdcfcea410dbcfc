/** The initial state: what stands in the braces. */
import { atThread, MAXIMUM_ARRAY, nameText, readIndex, readName, readScalarValue, typeNamed } from "./names.js";
import type { Assignment, LitmusType, LitmusValue, StateName } from "./syntax.js";
import type { Token, TokenReader } from "./tokens.js";

export function readInitialState(tokens: TokenReader): readonly Assignment[] {
  const assignments: Assignment[] = [];
  const seen = new Set<string>();
  while (!tokens.ended) {
    if (tokens.accept(";")) continue;
    const assignment = readAssignment(tokens);
    const text = nameText(assignment.name);
    // A declaration of the type and a value of the same register may stand apart.
    const key = `${text} ${assignment.value === undefined ? "declared" : "set"}`;
    if (seen.has(key)) throw tokens.error(assignment.offset, `${text} already has its initial value`, "symbol");
    seen.add(key);
    assignments.push(assignment);
    if (!tokens.ended && !tokens.at(";")) throw tokens.unexpected("';'");
  }
  return assignments;
}

function readAssignment(tokens: TokenReader): Assignment {
  const { offset } = tokens.next;
  if (tokens.at("_Atomic")) tokens.take();
  const { name, type } = readDeclarator(tokens);
  if (name.kind === "location" && name.index !== undefined) {
    throw tokens.error(offset, `an array is declared with a type and as a whole: int ${name.name}[2]={1,2}`);
  }
  const value = tokens.accept("=") ? readValue(tokens, type) : undefined;
  const implied: LitmusType | undefined =
    type ??
    (value?.kind === "instruction"
      ? { kind: "scalar", scalar: { name: "ins_t", bytes: 4, signed: false } }
      : undefined);
  return { name, offset, ...(implied && { type: implied }), ...(value && { value }) };
}

/** `x`, `uint64_t x`, `int x[2]`, `ins_t *0:X1`, `*x`. */
function readDeclarator(tokens: TokenReader): { readonly name: StateName; readonly type?: LitmusType } {
  if (tokens.accept("*")) return { name: readName(tokens), type: { kind: "pointer" } };
  const [first, second] = tokens.lookAhead(2);
  if (first?.kind !== "name" || atThread(tokens) || !startsName(second)) return { name: readName(tokens) };
  if (second?.text === "[" && tokens.lookAhead(3)[2]?.kind === "number") return { name: readName(tokens) };
  const type = typeNamed(tokens, tokens.take());
  const [, bracket, length] = tokens.lookAhead(3);
  if (type.kind === "scalar" && tokens.next.kind === "name" && bracket?.text === "[" && length?.kind === "number") {
    return readArray(tokens, type);
  }
  return { name: readName(tokens), type };
}

function readArray(tokens: TokenReader, type: LitmusType & { kind: "scalar" }): { name: StateName; type: LitmusType } {
  const { text, offset } = tokens.take();
  const length = readIndex(tokens).index;
  if (length === 0) throw tokens.error(offset, `the array ${text} has no elements`, "value");
  return { name: { kind: "location", name: text }, type: { kind: "array", element: type.scalar, length } };
}

function startsName(token: Token | undefined): boolean {
  return token !== undefined && (token.kind === "name" || token.kind === "number" || "*[".includes(token.text || "?"));
}

function readValue(tokens: TokenReader, type: LitmusType | undefined): LitmusValue {
  const { offset } = tokens.next;
  if (tokens.at("ATOMIC_INIT")) {
    tokens.take();
    tokens.expect("(", "behind ATOMIC_INIT");
    const value = readScalarValue(tokens);
    tokens.expect(")", "behind the value");
    return value;
  }
  if (!tokens.at("{")) {
    if (type?.kind === "array") throw tokens.error(offset, "an array's value is a list in braces", "value");
    return readScalarValue(tokens);
  }
  const values = readList(tokens);
  if (type?.kind !== "array" || values.length !== type.length) {
    const wanted = type?.kind === "array" ? `${type.length} values` : "one value: no array was declared";
    throw tokens.error(offset, `${values.length} values stand here in place of ${wanted}`, "value");
  }
  return { kind: "array", values };
}

/** `{1, 2, x}`. */
export function readList(tokens: TokenReader): readonly LitmusValue[] {
  const { offset } = tokens.expect("{", "before the list");
  const values: LitmusValue[] = [];
  while (!tokens.at("}")) {
    values.push(readScalarValue(tokens));
    if (values.length > MAXIMUM_ARRAY) throw tokens.error(offset, `more than ${MAXIMUM_ARRAY} values`, "size");
    if (!tokens.accept(",") && !tokens.at("}")) throw tokens.unexpected("',' or '}'");
  }
  tokens.take();
  return values;
}
