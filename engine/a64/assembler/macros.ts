/** .macro: parameters, arguments, substitution. */
import { AssemblyError } from "./errors.js";
import { endOfString, positionIn, type Statement } from "./source.js";

interface Parameter {
  readonly name: string;
  readonly default: string;
  readonly required: boolean;
  readonly vararg: boolean;
}

export interface Macro {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly body: readonly Statement[];
}

/** Characters that arguments may add to one expansion. */
const MAX_EXPANSION = 1_000_000;

const namePattern = /^[A-Za-z_.$][A-Za-z0-9_.$]*/;

/** The parameters of `.macro name ...`, which stand at `position` of the statement. */
export function parseParameters(statement: Statement, position: number): Parameter[] {
  const { text } = statement;
  const parameters: Parameter[] = [];
  let at = position;
  const skip = (): void => {
    while (/[\s,]/.test(text[at] ?? "x")) at++;
  };
  for (skip(); at < text.length; skip()) {
    const name = namePattern.exec(text.slice(at))?.[0];
    if (name === undefined) throw new AssemblyError(positionIn(statement, at), ".macro: expected a parameter's name");
    if (parameters.some((parameter) => parameter.name === name)) {
      throw new AssemblyError(positionIn(statement, at), `.macro: the parameter '${name}' is there twice`);
    }
    if (parameters.at(-1)?.vararg === true) {
      throw new AssemblyError(positionIn(statement, at), ".macro: a :vararg parameter must be the last");
    }
    at += name.length;
    const qualifier = /^\s*:\s*(\w*)/.exec(text.slice(at));
    const kind = qualifier?.[1]?.toLowerCase();
    if (qualifier !== null) {
      if (kind !== "req" && kind !== "vararg") {
        throw new AssemblyError(
          positionIn(statement, at),
          `.macro: unknown qualifier ':${kind}'; known are :req and :vararg`,
        );
      }
      at += qualifier[0].length;
    }
    const assignment = /^\s*=\s*/.exec(text.slice(at));
    let value = "";
    if (assignment !== null) {
      at += assignment[0].length;
      const end = endOfArgument(text, at);
      value = unquote(text.slice(at, end));
      at = end;
    }
    parameters.push({ name, default: value, required: kind === "req", vararg: kind === "vararg" });
  }
  return parameters;
}

/**
 * Where an argument ends: at a comma or the end, or at a space that separates two words. Spaces beside
 * an operator or within brackets belong to the argument.
 */
function endOfArgument(text: string, start: number): number {
  let depth = 0;
  let at = start;
  while (at < text.length) {
    const character = text[at] as string;
    if (character === ",") return at;
    if (character === '"') {
      at = endOfString(text, at) ?? text.length;
      continue;
    }
    if (character === "(" || character === "[") depth++;
    if (character === ")" || character === "]") depth = Math.max(0, depth - 1);
    if (/\s/.test(character) && depth === 0) {
      const rest = text.slice(at).trimStart();
      const next = text.length - rest.length;
      const separates = /[\w.$"')\]\\]/.test(text[at - 1] ?? " ") && /[\w.$"'\\#([]/.test(rest.charAt(0));
      if (rest === "" || rest.startsWith(",") || separates) return at;
      at = next;
      continue;
    }
    at++;
  }
  return at;
}

/** A quoted argument stands for what is between the quotes. */
function unquote(argument: string): string {
  const text = argument.trim();
  return text.length >= 2 && text.startsWith('"') && endOfString(text, 0) === text.length ? text.slice(1, -1) : text;
}

/** The arguments of an invocation, by parameter. */
export function parseArguments(macro: Macro, statement: Statement, position: number): Map<string, string> {
  const { text } = statement;
  const values = new Map<string, string>();
  let at = position;
  let next = 0;
  const skipSpace = (): void => {
    while (/\s/.test(text[at] ?? "x")) at++;
  };
  skipSpace();
  while (at < text.length) {
    const start = at;
    const named = /^([A-Za-z_.$][\w.$]*)\s*=(?!=)\s*/.exec(text.slice(at));
    const byName = named === null ? undefined : macro.parameters.find((parameter) => parameter.name === named[1]);
    const parameter = byName ?? macro.parameters[next];
    if (parameter === undefined) {
      throw new AssemblyError(
        positionIn(statement, start),
        `macro '${macro.name}' takes ${macro.parameters.length} arguments; this is one too many`,
      );
    }
    if (byName !== undefined && named !== null) at += named[0].length;
    else next++;
    const end = parameter.vararg ? text.length : endOfArgument(text, at);
    const value = parameter.vararg ? text.slice(at, end) : unquote(text.slice(at, end));
    if (value !== "") values.set(parameter.name, value);
    at = end;
    skipSpace();
    if (text[at] === ",") at++;
    skipSpace();
  }
  for (const { name, required } of macro.parameters) {
    if (required && !values.has(name)) {
      throw new AssemblyError(positionIn(statement, 0), `macro '${macro.name}' needs the argument '${name}'`);
    }
  }
  return values;
}

/** The items of `.irp x, a, b`. */
export function splitItems(text: string): string[] {
  const items: string[] = [];
  let at = 0;
  const skipSpace = (): void => {
    while (/\s/.test(text[at] ?? "x")) at++;
  };
  for (skipSpace(); at < text.length; skipSpace()) {
    const end = endOfArgument(text, at);
    items.push(unquote(text.slice(at, end)));
    at = end;
    skipSpace();
    if (text[at] === ",") at++;
  }
  return items;
}

/** A macro's body with its arguments: `\name`, `\()`, and `\@` for the number of the expansion. */
export function expandMacro(
  macro: Macro,
  call: Statement,
  argumentValues: ReadonlyMap<string, string>,
  count: number,
): Statement[] {
  const values = new Map(macro.parameters.map(({ name, default: value }) => [name, argumentValues.get(name) ?? value]));
  const note = `in the expansion of macro '${macro.name}' at line ${call.line}`;
  return substitute(macro.body, values, count, [note, ...call.notes]);
}

export function substitute(
  body: readonly Statement[],
  values: ReadonlyMap<string, string>,
  count: number,
  notes: readonly string[],
): Statement[] {
  let length = 0;
  const limited = (statement: Statement, text: string): string => {
    length += text.length;
    if (length > MAX_EXPANSION) {
      throw new AssemblyError(positionIn(statement, 0), `one expansion gives more than ${MAX_EXPANSION} characters`);
    }
    return text;
  };
  return body.map((statement) => {
    const replaced = statement.text.replace(/\\(\(\)|@|[A-Za-z_.$][A-Za-z0-9_.$]*)/g, (whole, name: string) => {
      if (name === "()") return "";
      if (name === "@") return String(count);
      return limited(statement, replacement(values, name) ?? whole);
    });
    const changed = replaced !== statement.text;
    const text = replaced.trim();
    return changed ? { ...statement, text, source: text, column: 1, notes } : { ...statement, notes };
  });
}

/** The value for a name. A name may go on with dots (`b.\cond\().w`, `\reg.x`): then the part before counts. */
function replacement(values: ReadonlyMap<string, string>, name: string): string | undefined {
  const whole = values.get(name);
  if (whole !== undefined) return whole;
  for (let dot = name.lastIndexOf("."); dot > 0; dot = name.lastIndexOf(".", dot - 1)) {
    const value = values.get(name.slice(0, dot));
    if (value !== undefined) return value + name.slice(dot);
  }
  return undefined;
}
