/** All directives by name, lower case, with the dot. */
import { conditionalDirectives, controlDirectives } from "./control.js";
import { dataDirectives } from "./data.js";
import { sectionDirectives } from "./sections.js";
import { symbolDirectives } from "./symbols.js";
import type { Directive, DirectiveTable } from "./types.js";

/** Directives that exist in GNU as and have no meaning here. */
const refused: Readonly<Record<string, string>> = {
  ".include": "files are not read here; join the texts before assembling",
  ".incbin": "files are not read here; use .byte",
  ".altmacro": "the alternate macro syntax is not supported",
  ".octa": "128-bit numbers are not supported; use two .quad",
  ".float": "floating-point data is not supported; use .word with the bits",
  ".single": "floating-point data is not supported; use .word with the bits",
  ".double": "floating-point data is not supported; use .quad with the bits",
  ".uleb128": "LEB128 numbers are not supported",
  ".sleb128": "LEB128 numbers are not supported",
  ".tlsdesccall": "thread-local storage descriptors need a dynamic linker, which is not there",
  ".reloc": "relocations are resolved at once here; there is no linker to do them",
};

const directives: DirectiveTable = {
  ...dataDirectives,
  ...sectionDirectives,
  ...symbolDirectives,
  ...controlDirectives,
  ...conditionalDirectives,
  ...Object.fromEntries(
    Object.entries(refused).map(([name, reason]): [string, Directive] => [
      name,
      (_state, args) => {
        throw args.error(`${name}: ${reason}`, 0);
      },
    ]),
  ),
};

export function directiveNamed(name: string): Directive | undefined {
  return Object.hasOwn(directives, name) ? directives[name] : undefined;
}

/** Whether the directive is met where a conditional leaves statements out, too. */
export function isConditional(name: string): boolean {
  return Object.hasOwn(conditionalDirectives, name);
}
