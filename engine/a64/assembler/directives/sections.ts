/** Directives that choose the section. */
import type { DirectiveArguments } from "../arguments.js";
import { standardFlags } from "../sections.js";
import type { AssemblyState } from "../state.js";
import type { Directive, DirectiveTable } from "./types.js";

/** `.text`, `.data`, `.bss`, with subsection 0 only. */
function standard(name: string): Directive {
  return (state, args) => {
    refuseSubsection(args);
    state.enterStandard(name);
  };
}

function refuseSubsection(args: DirectiveArguments): void {
  if (args.atEnd()) return;
  const start = args.position;
  if (args.number() !== 0n)
    throw args.error("subsections other than 0 are not supported; use a section with a name of its own", start);
  args.expectEnd();
}

/** The flags a, w and x of `"ax"`; the others only concern a linker. */
function parseFlags(args: DirectiveArguments): string {
  args.skipSpace();
  const start = args.position;
  const text = new TextDecoder().decode(args.string());
  for (const [index, flag] of [...text].entries()) {
    if (!"awxeodGMSRT?".includes(flag)) {
      throw args.error(
        `unknown section flag '${flag}'; a (allocated), w (writable) and x (executable) are known`,
        start + 1 + index,
      );
    }
  }
  return [..."awx"].filter((flag) => text.includes(flag)).join("");
}

/** The rest of `.section name, "flags", %type, size, ...`: whether it is %nobits. */
function parseType(args: DirectiveArguments): boolean | undefined {
  if (!args.comma()) return undefined;
  args.skipSpace();
  const start = args.position;
  const match = /^([%@])?([a-z_0-9]+)/.exec(args.statement.text.slice(start));
  const type = match?.[2];
  if (
    match === null ||
    match[1] === undefined ||
    !/^(progbits|nobits|note|init_array|fini_array|preinit_array|unwind)$/.test(type ?? "")
  ) {
    throw args.error("unknown section type; %progbits and %nobits are known", start);
  }
  // Entry size, group and linked section concern a linker.
  args.rest();
  return type === "nobits";
}

function enterNamed(state: AssemblyState, args: DirectiveArguments): void {
  args.skipSpace();
  const start = args.position;
  const name = sectionName(args);
  const comma = args.comma();
  const flags = comma ? parseFlags(args) : undefined;
  const nobits = comma ? parseType(args) : undefined;
  args.expectEnd();
  const existing = state.sections.get(name);
  if (existing !== undefined) {
    if (flags !== undefined && flags !== existing.flags) {
      throw args.error(`section '${name}' has the flags "${existing.flags}" already, not "${flags}"`, start);
    }
    state.enter(existing);
    return;
  }
  const usual = standardFlags(name);
  const given = flags ?? usual?.flags;
  if (given === undefined) {
    throw args.error(
      `section '${name}' needs flags: .section ${name},"ax" for code, "aw" for data, "a" for constants`,
      start,
    );
  }
  state.enter(state.makeSection(name, given, nobits ?? (flags === undefined && usual?.nobits === true)));
}

/** Section names may hold more than symbols do (`.note.GNU-stack`). */
function sectionName(args: DirectiveArguments): string {
  if (args.statement.text[args.position] === '"') return args.expectName();
  const name = args.untilComma();
  if (name === "") throw args.error(`${args.directive}: expected a section's name`);
  return name;
}

const pushsection: Directive = (state, args) => {
  state.sectionStack.push({ current: state.section, previous: state.previousSection });
  enterNamed(state, args);
};

const popsection: Directive = (state, args) => {
  args.expectEnd();
  const saved = state.sectionStack.pop();
  if (saved === undefined) throw args.error(".popsection without .pushsection", 0);
  state.section = saved.current;
  state.previousSection = saved.previous;
};

const previous: Directive = (state, args) => {
  args.expectEnd();
  if (state.previousSection === undefined) throw args.error(".previous: there is no section before this one", 0);
  state.enter(state.previousSection);
};

export const sectionDirectives: DirectiveTable = {
  ".text": standard(".text"),
  ".data": standard(".data"),
  ".bss": standard(".bss"),
  ".rodata": standard(".rodata"),
  ".section": enterNamed,
  ".pushsection": pushsection,
  ".popsection": popsection,
  ".previous": previous,
  ".subsection": (_state, args) => refuseSubsection(args),
};
