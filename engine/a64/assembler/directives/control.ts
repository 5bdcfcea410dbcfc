/** Directives that decide what is assembled: macros, repetitions, conditionals, messages. */
import type { DirectiveArguments } from "../arguments.js";
import { type Macro, parseParameters, splitItems, substitute } from "../macros.js";
import { positionIn, type Statement } from "../source.js";
import type { AssemblyState } from "../state.js";
import type { Directive, DirectiveTable } from "./types.js";

const repetitionStarts = [".rept", ".irp", ".irpc", ".rep"];

/** The directive that a statement begins with, labels before it left aside. */
function leadingDirective(text: string): string | undefined {
  return /^(?:[\w.$]+\s*:\s*)*(\.[A-Za-z_]+)/.exec(text)?.[1]?.toLowerCase();
}

/** The statements up to the directive that ends the block; the block must end where it began. */
function collectBlock(
  state: AssemblyState,
  args: DirectiveArguments,
  starts: readonly string[],
  ends: readonly string[],
): Statement[] {
  const body: Statement[] = [];
  let depth = 1;
  for (;;) {
    const statement = state.reader.nextInFrame();
    if (statement === undefined) {
      throw args.error(`unterminated ${args.directive}: the ${ends[0]} is missing`, 0);
    }
    const directive = leadingDirective(statement.text);
    if (directive !== undefined && starts.includes(directive)) depth++;
    if (directive !== undefined && ends.includes(directive)) depth--;
    if (depth === 0) return body;
    body.push(statement);
  }
}

const macro: Directive = (state, args) => {
  args.skipSpace();
  const start = args.position;
  const name = args.name();
  if (name === undefined) throw args.error(".macro: expected the macro's name", start);
  if (state.macros.has(name.toLowerCase()))
    throw args.error(`the macro '${name}' is defined already; .purgem removes it`, start);
  const parameters = parseParameters(args.statement, args.position);
  const body = collectBlock(state, args, [".macro"], [".endm", ".endmacro"]);
  const definition: Macro = { name, parameters, body };
  state.macros.set(name.toLowerCase(), definition);
};

const purgem: Directive = (state, args) => {
  do {
    args.skipSpace();
    const start = args.position;
    const name = args.expectName();
    if (!state.macros.delete(name.toLowerCase())) throw args.error(`.purgem: there is no macro '${name}'`, start);
  } while (args.comma());
  args.expectEnd();
};

const exitm: Directive = (state, args) => {
  const conditionals = state.reader.exitMacro();
  if (conditionals === undefined) throw args.error(".exitm outside of a macro", 0);
  state.conditionals.truncate(conditionals);
};

function noteOf(args: DirectiveArguments): readonly string[] {
  return [`in ${args.directive} at line ${args.statement.line}`, ...args.statement.notes];
}

function repeat(
  state: AssemblyState,
  args: DirectiveArguments,
  count: number,
  turn: (index: number) => Statement[],
): void {
  state.reader.push(args.statement, false, state.conditionals.depth, (index) =>
    index < count ? turn(index) : undefined,
  );
}

const rept: Directive = (state, args) => {
  const count = args.numberWithin(0, Number.MAX_SAFE_INTEGER, "count");
  args.expectEnd();
  const notes = noteOf(args);
  const body = collectBlock(state, args, repetitionStarts, [".endr"]).map((statement) => ({ ...statement, notes }));
  if (body.length > 0) repeat(state, args, count, () => body);
};

/** `.irp x, a, b` and `.irpc x, abc`: the body once for each item. */
function iterate(items: (text: string) => readonly string[]): Directive {
  return (state, args) => {
    const name = args.expectName();
    args.comma();
    const list = items(args.rest());
    const notes = noteOf(args);
    const body = collectBlock(state, args, repetitionStarts, [".endr"]);
    const all = list.length === 0 ? [""] : list;
    repeat(state, args, all.length, (index) =>
      substitute(body, new Map([[name, all[index] as string]]), state.expansions, notes),
    );
  };
}

/** What a conditional's arguments say. */
type Condition = (state: AssemblyState, args: DirectiveArguments) => boolean;

function compared(test: (value: bigint) => boolean): Condition {
  return (_state, args) => {
    const value = args.number();
    args.expectEnd();
    return test(value);
  };
}

const isDefined: Condition = (state, args) => {
  const name = args.expectName();
  args.expectEnd();
  return state.isDefined(name);
};

const isBlank: Condition = (_state, args) => args.rest() === "";

const sameText: Condition = (_state, args) => {
  const first = args.untilComma();
  args.expectComma();
  return first === args.rest();
};

const sameStrings: Condition = (_state, args) => {
  const first = args.string();
  args.expectComma();
  const second = args.string();
  args.expectEnd();
  return first.length === second.length && first.every((byte, index) => byte === second[index]);
};

function not(condition: Condition): Condition {
  return (state, args) => !condition(state, args);
}

const conditions: Readonly<Record<string, Condition>> = {
  ".if": compared((value) => value !== 0n),
  ".ifne": compared((value) => value !== 0n),
  ".ifeq": compared((value) => value === 0n),
  ".ifgt": compared((value) => value > 0n),
  ".ifge": compared((value) => value >= 0n),
  ".iflt": compared((value) => value < 0n),
  ".ifle": compared((value) => value <= 0n),
  ".ifdef": isDefined,
  ".ifndef": not(isDefined),
  ".ifnotdef": not(isDefined),
  ".ifb": isBlank,
  ".ifnb": not(isBlank),
  ".ifc": sameText,
  ".ifnc": not(sameText),
  ".ifeqs": sameStrings,
  ".ifnes": not(sameStrings),
};

function place(args: DirectiveArguments) {
  return positionIn(args.statement, 0);
}

/** These are met where nothing is assembled, too. */
export const conditionalDirectives: DirectiveTable = {
  ...Object.fromEntries(
    Object.entries(conditions).map(([name, condition]): [string, Directive] => [
      name,
      (state, args) => state.conditionals.open(place(args), () => condition(state, args)),
    ]),
  ),
  ".elseif": (state, args) =>
    state.conditionals.alternative(place(args), state.reader.conditionalsBefore, () =>
      (conditions[".if"] as Condition)(state, args),
    ),
  ".else": (state, args) => state.conditionals.alternative(place(args), state.reader.conditionalsBefore),
  ".endif": (state, args) => state.conditionals.close(place(args), state.reader.conditionalsBefore),
};

/** The message of `.error "text"`. */
function message(args: DirectiveArguments): string {
  const text = args.atEnd() ? `${args.directive} was met` : new TextDecoder().decode(args.string());
  args.expectEnd();
  return text;
}

export const controlDirectives: DirectiveTable = {
  ".macro": macro,
  ".purgem": purgem,
  ".exitm": exitm,
  ".rept": rept,
  ".rep": rept,
  ".irp": iterate(splitItems),
  ".irpc": iterate((text) => [...text.trim()]),
  ".error": (_state, args) => {
    throw args.error(message(args), 0);
  },
  ".err": (_state, args) => {
    throw args.error(".err was met", 0);
  },
  ".warning": (state, args) => state.warn(place(args), message(args)),
  ".endm": (_state, args) => {
    throw args.error(".endm without .macro", 0);
  },
  ".endr": (_state, args) => {
    throw args.error(".endr without .rept, .irp or .irpc", 0);
  },
};
