/** Directives about symbols, and those that only a linker or debugger needs. */
import { registerOfName } from "../../syntax/registers.js";
import type { DirectiveArguments } from "../arguments.js";
import type { SourcePosition } from "../errors.js";
import { positionIn } from "../source.js";
import type { AssemblyState } from "../state.js";
import type { AssemblySymbol } from "../symbols.js";
import type { Directive, DirectiveTable } from "./types.js";

/** `.set name, expression` */
const set: Directive = (state, args) => {
  args.skipSpace();
  const start = args.position;
  const name = args.expectName();
  args.expectComma();
  state.assign(name, args, positionIn(args.statement, start));
  args.expectEnd();
};

/** `.equiv`: .set for a name that has no value yet. */
const equiv: Directive = (state, args) => {
  args.skipSpace();
  const start = args.position;
  const name = args.expectName();
  const before = state.symbols.find(name)?.definedAt;
  if (before !== undefined)
    throw args.error(`.equiv: '${name}' has a value already, given on line ${before.line}`, start);
  args.expectComma();
  state.assign(name, args, positionIn(args.statement, start));
  args.expectEnd();
};

/** Every symbol can be seen by all here; the names must be names. */
const visibility: Directive = (_state, args) => {
  do args.expectName();
  while (args.comma());
  args.expectEnd();
};

const weak: Directive = (state, args) => {
  do state.symbols.named(args.expectName()).weak = true;
  while (args.comma());
  args.expectEnd();
};

/** The arguments of `.comm name, size, alignment`. */
function commonArguments(args: DirectiveArguments): { name: string; start: number; size: number; alignment: number } {
  args.skipSpace();
  const start = args.position;
  const name = args.expectName();
  args.expectComma();
  const size = args.numberWithin(0, Number.MAX_SAFE_INTEGER, "size");
  const alignment = args.comma() ? args.numberWithin(1, 2 ** 30, "alignment") : 1;
  if (!Number.isInteger(Math.log2(alignment))) {
    throw args.error(`${args.directive}: the alignment ${alignment} is no power of two`);
  }
  args.expectEnd();
  return { name, start, size, alignment };
}

/** `.comm`: zeros in .bss, behind all that the text puts there. */
const common: Directive = (state, args) => {
  const { name, start, size, alignment } = commonArguments(args);
  const position = positionIn(args.statement, start);
  const symbol = state.symbols.named(name);
  state.expectUndefined(symbol, position);
  symbol.definedAt = position;
  state.atEnd.push(() => allocate(state, symbol, { size, alignment, position }));
};

/** `.lcomm`: zeros in .bss. */
const localCommon: Directive = (state, args) => {
  const { name, start, size, alignment } = commonArguments(args);
  const position = positionIn(args.statement, start);
  const symbol = state.symbols.named(name);
  state.expectUndefined(symbol, position);
  symbol.definedAt = position;
  allocate(state, symbol, { size, alignment, position });
};

function allocate(
  state: AssemblyState,
  symbol: AssemblySymbol,
  { size, alignment, position }: { size: number; alignment: number; position: SourcePosition },
): void {
  const { section, previousSection } = state;
  state.enterStandard(".bss");
  state.section.raiseAlignment(alignment);
  state.reserve((alignment - (state.section.size % alignment)) % alignment, position);
  symbol.value = state.here();
  state.reserve(size, position);
  state.section = section;
  state.previousSection = previousSection;
}

const unreq: Directive = (state, args) => {
  args.skipSpace();
  const start = args.position;
  const name = args.rest().toLowerCase();
  if (!state.registers.delete(name)) throw args.error(`.unreq: '${name}' is no register alias`, start);
};

/** `name .req register`; `name` is what stood before. */
export function defineRegister(registers: Map<string, string>, name: string, register: string): boolean {
  const target = registers.get(register) ?? register;
  if (registerOfName(target) === undefined) return false;
  registers.set(name, target);
  return true;
}

const ignored: Directive = () => {};

const ignoredNames = [
  "type",
  "size",
  "file",
  "loc",
  "ident",
  "arch",
  "cpu",
  "arch_extension",
  "ln",
  "line",
  "list",
  "nolist",
  "title",
  "sbttl",
  "eject",
  "psize",
  "version",
  "symver",
  "addrsig",
  "addrsig_sym",
  "variant_pcs",
  "print",
  "code",
  "arm64",
];

const cfiNames = [
  "sections",
  "startproc",
  "endproc",
  "personality",
  "lsda",
  "def_cfa",
  "def_cfa_register",
  "def_cfa_offset",
  "adjust_cfa_offset",
  "offset",
  "val_offset",
  "rel_offset",
  "register",
  "restore",
  "undefined",
  "same_value",
  "remember_state",
  "restore_state",
  "return_column",
  "signal_frame",
  "window_save",
  "escape",
  "val_encoded_addr",
  "b_key_frame",
  "negate_ra_state",
  "inline_lsda",
  "label",
];

export const symbolDirectives: DirectiveTable = {
  ".set": set,
  ".equ": set,
  ".equiv": equiv,
  ".globl": visibility,
  ".global": visibility,
  ".local": visibility,
  ".hidden": visibility,
  ".internal": visibility,
  ".protected": visibility,
  ".weak": weak,
  ".comm": common,
  ".lcomm": localCommon,
  ".unreq": unreq,
  ...Object.fromEntries(ignoredNames.map((name) => [`.${name}`, ignored])),
  ...Object.fromEntries(cfiNames.map((name) => [`.cfi_${name}`, ignored])),
};
