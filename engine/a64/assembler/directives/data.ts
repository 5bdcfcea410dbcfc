/** Directives that emit bytes. */
import type { DirectiveArguments } from "../arguments.js";
import { writeLittleEndian } from "../sections.js";
import { positionIn } from "../source.js";
import type { AssemblyState } from "../state.js";
import type { Directive, DirectiveTable } from "./types.js";

/** `.quad a, b, ...` */
function numbers(size: 1 | 2 | 4 | 8): Directive {
  return (state, args) => {
    if (args.atEnd()) return;
    do state.emitNumber(args, size);
    while (args.comma());
    args.expectEnd();
  };
}

/** `.ascii "a", "b"`; `.asciz` puts a zero behind each. */
function strings(terminated: boolean): Directive {
  return (state, args) => {
    if (args.atEnd()) return;
    do {
      args.skipSpace();
      const start = args.position;
      const bytes = args.string();
      const target = state.reserve(bytes.length + (terminated ? 1 : 0), positionIn(args.statement, start));
      target.set(bytes);
    } while (args.comma());
    args.expectEnd();
  };
}

/** `.inst word, ...`: instructions as numbers. */
const inst: Directive = (state, args) => {
  state.section.raiseAlignment(4);
  if (state.section.size % 4 !== 0)
    throw args.error(".inst: an instruction must stand at a multiple of 4 bytes; put .align 2 before it");
  numbers(4)(state, args);
};

/** `.skip size, fill` */
const skip: Directive = (state, args) => {
  args.skipSpace();
  const position = positionIn(args.statement, args.position);
  const size = args.numberWithin(0, Number.MAX_SAFE_INTEGER, "size");
  const fill = args.comma() ? Number(args.number() & 0xffn) : 0;
  args.expectEnd();
  state.reserve(size, position).fill(fill);
};

/** `.fill repeat, size, value`: of the value only 32 bits count, and of the size only 8 bytes. */
const fill: Directive = (state, args) => {
  args.skipSpace();
  const position = positionIn(args.statement, args.position);
  const repeat = args.numberWithin(0, Number.MAX_SAFE_INTEGER, "count");
  let size = 1;
  let value = 0n;
  if (args.comma()) {
    size = Math.min(8, args.numberWithin(0, Number.MAX_SAFE_INTEGER, "size"));
    if (args.comma()) value = args.number();
  }
  args.expectEnd();
  const target = state.reserve(repeat * size, position);
  const item = new Uint8Array(size);
  writeLittleEndian(item, BigInt.asUintN(32, value), size);
  for (let index = 0; index < target.length; index += size) target.set(item, index);
};

const NOP = 0xd503201fn;

/** Fills up to a multiple of `alignment`: with NOPs in code unless a value is given. */
function align(state: AssemblyState, args: DirectiveArguments, alignment: number, fillSize: 1 | 2 | 4): void {
  let fillValue: bigint | undefined;
  let most = Number.POSITIVE_INFINITY;
  if (args.comma()) {
    args.skipSpace();
    if (args.statement.text[args.position] !== ",") fillValue = args.atEnd() ? undefined : args.number();
    if (args.comma() && !args.atEnd()) most = args.numberWithin(0, Number.MAX_SAFE_INTEGER, "most bytes to skip");
  }
  args.expectEnd();
  const { section } = state;
  const padding = (alignment - (section.size % alignment)) % alignment;
  if (padding > most) return;
  section.raiseAlignment(alignment);
  const target = state.reserve(padding, positionIn(args.statement, 0));
  const code = fillValue === undefined && section.executable;
  const unit = code ? 4 : fillSize;
  const first = padding % unit;
  for (let index = first; index < padding; index += unit) {
    writeLittleEndian(target.subarray(index), code ? NOP : (fillValue ?? 0n), unit);
  }
}

const MAX_ALIGNMENT_POWER = 30;

function alignPower(fillSize: 1 | 2 | 4): Directive {
  return (state, args) => {
    const power =
      args.atEnd() || args.statement.text[args.position] === ","
        ? 0
        : args.numberWithin(0, MAX_ALIGNMENT_POWER, "power of two");
    align(state, args, 2 ** power, fillSize);
  };
}

function alignBytes(fillSize: 1 | 2 | 4): Directive {
  return (state, args) => {
    args.skipSpace();
    const start = args.position;
    const alignment = args.atEnd() ? 1 : args.numberWithin(0, 2 ** MAX_ALIGNMENT_POWER, "alignment");
    if (alignment !== 0 && !Number.isInteger(Math.log2(alignment))) {
      throw args.error(`${args.directive}: the alignment ${alignment} is no power of two`, start);
    }
    align(state, args, Math.max(1, alignment), fillSize);
  };
}

/** `.org to, fill`: an offset into the section, or a label in it. */
const org: Directive = (state, args) => {
  args.skipSpace();
  const start = args.position;
  const value = args.expression();
  const { section } = state;
  if (value === undefined || (value.section !== undefined && value.section !== section)) {
    throw args.error(".org: this needs an offset into the section, or a label in it that stands before", start);
  }
  const fillByte = args.comma() ? Number(args.number() & 0xffn) : 0;
  args.expectEnd();
  if (value.value < BigInt(section.size)) {
    throw args.error(`.org: ${value.value} lies behind the present offset ${section.size}; it cannot go back`, start);
  }
  const distance = value.value - BigInt(section.size);
  state.reserve(Number(distance), positionIn(args.statement, start)).fill(fillByte);
};

/** `.ltorg`: the values that `ldr x0, =value` waits for stand here. */
const ltorg: Directive = (state, args) => {
  args.expectEnd();
  state.flushPool(state.section);
};

export const dataDirectives: DirectiveTable = {
  ".byte": numbers(1),
  ".2byte": numbers(2),
  ".hword": numbers(2),
  ".short": numbers(2),
  ".4byte": numbers(4),
  ".word": numbers(4),
  ".long": numbers(4),
  ".int": numbers(4),
  ".8byte": numbers(8),
  ".quad": numbers(8),
  ".xword": numbers(8),
  ".dword": numbers(8),
  ".ascii": strings(false),
  ".asciz": strings(true),
  ".string": strings(true),
  ".inst": inst,
  ".zero": skip,
  ".skip": skip,
  ".space": skip,
  ".fill": fill,
  ".align": alignPower(1),
  ".p2align": alignPower(1),
  ".p2alignw": alignPower(2),
  ".p2alignl": alignPower(4),
  ".balign": alignBytes(1),
  ".balignw": alignBytes(2),
  ".balignl": alignBytes(4),
  ".org": org,
  ".ltorg": ltorg,
  ".pool": ltorg,
};
