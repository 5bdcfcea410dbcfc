/** Every kind of error that the assembler knows, with its line and column. */
import { describe, expect, test } from "vitest";
import { AssemblyError, assemble, assembleInstruction } from "#engine/a64/assembler/index.js";

function errorOf(text: string): AssemblyError {
  try {
    assemble(text, { file: "t.s" });
  } catch (error) {
    if (error instanceof AssemblyError) return error;
    throw error;
  }
  throw new Error(`accepted: ${text}`);
}

type Case = readonly [kind: string, text: string, place: string, reason: RegExp];

const instructionErrors: readonly Case[] = [
  ["unknown instruction", " nop\n addd x0, x1, #1", "2:2", /unknown instruction 'addd'; did you mean 'add'/],
  ["missing operand", "add x0, x1", "1:11", /expected ',', found the end/],
  ["wrong operand", "strb x0, [x1]", "1:6", /expected a 32-bit register .* found 'x0'/],
  ["registers of two widths", "add x0, w1, #1", "1:9", /expected a 64-bit register .* found 'w1'/],
  ["immediate out of range", "svc #65536", "1:6", /immediate 65536 is out of range: 0 to 65535/],
  [
    "ADD immediate",
    "add x0, x1, #5000",
    "1:14",
    /5000 is out of range: 0 to 4095, or multiples of 4096 up to 16773120/,
  ],
  [
    "two possible ranges",
    "ldr x0, [x1, #-300]",
    "1:15",
    /-300 is out of range: 0 to 32760 in steps of 8, or -256 to 255/,
  ],
  ["not a multiple", "ldp x0, x1, [x2, #4]", "1:19", /4 is out of range: -512 to 504 in steps of 8/],
  ["no logical immediate", "and x0, x1, #5", "1:14", /0x5 is no logical immediate/],
  ["no single mov", "mov x0, #0x12345", "1:10", /more than one instruction; use ldr x<n>, =value/],
  ["too wide for w", "mov w0, #0x1ffffffff", "1:10", /does not fit in 32 bits/],
  ["misaligned branch", "b . + 2", "1:3", /the offset 2 is not a multiple of 4 bytes/],
  ["branch out of range", "b far\n.set far, 0x90000000", "1:3", /out of range: -134217728 to 134217724 bytes/],
  [
    "conditional branch out of range",
    "b.eq 1f\n.skip 1 << 20\n1:",
    "1:6",
    /1048580 bytes away, out of range: -1048576 to 1048572/,
  ],
  ["offset taken for an address", "b 0x40000000", "1:3", /write #n for an offset/],
  ["literal out of range", "ldr x0, =5\n.skip 0x200000", "1:9", /out of range: -1048576 to 1048572 bytes/],
  ["shift amount", "ldr x0, [x1, x2, lsl #2]", "1:22", /shift amount 2 is not possible here: 0 or 3/],
  ["index without extension", "ldr w0, [x1, w2]", "1:16", /needs uxtw or sxtw/],
  ["condition without inverse", "cset x0, al", "1:10", /'al' has no inverse/],
  ["unknown condition", "csel x0, x1, x2, zz", "1:18", /expected a condition .* found 'zz'/],
  ["unknown system register", "mrs x0, foo", "1:9", /expected ctr_el0, .* found 'foo'/],
  ["field width", "ubfx x0, x1, #60, #10", "1:20", /field width 10 is out of range: 1 to 4/],
  ["text behind the operands", "ret x1 x2", "1:8", /expected the end of the operands, found 'x2'/],
  ["not allocated", "movz w0, #1, lsl #32", "1:5", /no instruction is allocated for these operands \(0x52c00020\)/],
  ["instruction not aligned", ".byte 1\nnop", "2:1", /must stand at a multiple of 4 bytes/],
  ["instruction in .bss", ".bss\n nop", "2:2", /\.bss can hold nothing but zeros/],
  ["no statement", "foo: }", "1:6", /expected an instruction, a directive or a label, found '}'/],
];

const relocationErrors: readonly Case[] = [
  [":got:", "adrp x0, :got:x", "1:10", /:got: needs a dynamic linker/],
  ["unknown operator", "add x0, x0, #:foo:x", "1:14", /unknown relocation operator :foo:/],
  ["operator in a wrong place", "b :lo12:x\nx:", "1:3", /:lo12: does not fit this operand/],
  [":abs_g0: too large", " movz x0, #:abs_g0:big\n.set big, 0x12345", "1:12", /0x12345 does not fit :abs_g0:/],
  [":abs_g2: of w", "movz w0, #:abs_g2:x\nx:", "1:11", /:abs_g2: needs a 64-bit register/],
];

const symbolErrors: readonly Case[] = [
  ["undefined symbol", "nop\ncbz x0, there", "2:9", /undefined symbol 'there'/],
  ["undefined symbol in data", ".quad 1, x", "1:10", /undefined symbol 'x'/],
  ["duplicate label", "foo:\nfoo: nop", "2:1", /'foo' is defined already, on line 1/],
  ["label given a value", "q: nop\n.set q, 1", "2:6", /'q' is a label already, defined on line 1/],
  [".equiv twice", ".equiv q, 1\n.equiv q, 2", "2:8", /'q' has a value already, given on line 1/],
  ["no numeric label behind", "b 1b", "1:3", /no numeric label '1:' before this/],
  ["no numeric label ahead", "1: b 1f", "1:6", /no numeric label '1:' after this/],
  ["circular", ".set a, b\n.set b, a\n.quad a", "2:9", /'a' is defined in terms of itself/],
  ["no register alias", ".unreq zz", "1:8", /'zz' is no register alias/],
  ["alias of no register", "zz .req q5", "1:9", /'q5' is no register/],
];

const expressionErrors: readonly Case[] = [
  ["division by zero", ".quad 4, 1 / 0", "1:12", /division by zero/],
  ["parenthesis", ".quad (1 + 2", "1:13", /expected '\)'/],
  ["no expression", ".quad 1 +", "1:10", /expected an expression, found the end/],
  ["a register", ".quad sp", "1:7", /found the register 'sp'/],
  ["no number", ".quad 0x", "1:7", /'0x' is no number/],
  ["not octal", ".quad 09", "1:7", /'09' is no number/],
  ["too large", ".quad 0x1ffffffffffffffff", "1:7", /does not fit in 64 bits/],
  ["character", ".byte '\\q'", "1:7", /unknown escape in a character constant/],
];

const directiveErrors: readonly Case[] = [
  ["unknown directive", " .foo 1", "1:2", /unknown directive '\.foo'/],
  ["refused directive", '.include "a"', "1:1", /files are not read here/],
  ["unterminated string", ' nop\n .ascii "abc', "2:9", /unterminated string/],
  ["escape", '.ascii "a\\qb"', "1:10", /unknown escape '\\q'/],
  ["unterminated comment", "nop /* abc\n\n", "1:5", /unterminated comment/],
  ["no string", ".ascii abc", "1:8", /expected a string/],
  ["value too large", ".byte 1, 256", "1:10", /256 does not fit in 1 byte$/m],
  ["argument behind", ".byte 1 2", "1:9", /unexpected text behind the arguments/],
  [".align", ".align 31", "1:8", /power of two 31 is out of range: 0 to 30/],
  [".balign", ".balign 3", "1:9", /3 is no power of two/],
  [".org back", "nop\n.org 0", "2:6", /cannot go back/],
  [".skip not known", ".skip x\nx:", "1:7", /needs a value that is known here/],
  [".fill", ".fill -1", "1:7", /count -1 is out of range/],
  ["data in .bss", ".bss\n.byte 0, 1", "2:10", /nothing but zeros/],
  ["section flag", '.section foo,"aq"', "1:16", /unknown section flag 'q'/],
  ["section without flags", ".section foo", "1:10", /section 'foo' needs flags/],
  ["other flags", '.section .text,"aw"', "1:10", /has the flags "ax" already, not "aw"/],
  ["section type", '.section foo,"a",%strange', "1:18", /unknown section type/],
  [".popsection", ".popsection", "1:1", /without \.pushsection/],
  [".previous", ".previous", "1:1", /no section before this one/],
  ["subsection", ".text 3", "1:7", /subsections other than 0/],
  [".error", '.if 1\n .error "stop here"\n.endif', "2:2", /^t\.s:2:2: stop here/],
];

const macroErrors: readonly Case[] = [
  ["unterminated .macro", "nop\n.macro a\n nop", "2:1", /unterminated \.macro: the \.endm is missing/],
  ["unterminated .rept", " .rept 3\n nop", "1:2", /unterminated \.rept: the \.endr is missing/],
  ["unterminated .if", "nop\n.if 1\n nop", "2:1", /unterminated \.if: the \.endif is missing/],
  ["unterminated .if in a macro", ".macro m\n.if 1\n.endm\n m", "2:1", /unterminated \.if/],
  [".endif", ".endif", "1:1", /\.endif without \.if/],
  [".else twice", ".if 1\n.else\n.else\n.endif", "3:1", /\.else after \.else/],
  [".endm", ".endm", "1:1", /\.endm without \.macro/],
  [".endr", ".endr", "1:1", /\.endr without \.rept/],
  [".exitm", ".exitm", "1:1", /\.exitm outside of a macro/],
  ["macro twice", ".macro m\n.endm\n.macro m\n.endm", "3:8", /'m' is defined already/],
  ["no macro", ".purgem zz", "1:9", /there is no macro 'zz'/],
  ["parameter twice", ".macro m a, a\n.endm", "1:13", /'a' is there twice/],
  ["qualifier", ".macro m a:opt\n.endm", "1:11", /unknown qualifier ':opt'/],
  ["missing argument", ".macro m x:req\n.endm\n m", "3:2", /needs the argument 'x'/],
  ["argument too many", ".macro m x\n.endm\n m 1, 2", "3:7", /takes 1 arguments; this is one too many/],
  ["recursion", ".macro m\n m\n.endm\n m", "2:2", /nested more than 100 deep/],
  ["condition not known", ".if x\n.endif\nx:", "1:5", /known here/],
];

describe.each([
  ["instructions", instructionErrors],
  ["relocation operators", relocationErrors],
  ["symbols", symbolErrors],
  ["expressions", expressionErrors],
  ["directives", directiveErrors],
  ["macros and conditionals", macroErrors],
])("%s", (_, cases) => {
  test.each(cases)("%s", (_kind, text, place, reason) => {
    const error = errorOf(text);
    expect(`${error.line}:${error.column}`).toBe(place);
    expect(error.message).toMatch(reason);
    expect(error.message.startsWith(`t.s:${place}: ${error.reason}`)).toBe(true);
  });
});

test("the message shows the line and marks the place", () => {
  expect(errorOf("  nop\n\tadd x0, x1, #5000 // five thousand").message.split("\n").slice(1)).toEqual([
    "   add x0, x1, #5000 // five thousand",
    "                ^",
  ]);
});

test("in an expansion the message shows the statement as it was substituted, and where the macro was called", () => {
  const error = errorOf(
    ".macro set reg, value\n mov \\reg, #\\value\n.endm\n.macro outer\n set x0, 0x12345\n.endm\nnop\nouter",
  );
  expect([error.line, error.source]).toEqual([2, "mov x0, #0x12345"]);
  expect(error.message).toContain("in the expansion of macro 'set' at line 5");
  expect(error.message).toContain("in the expansion of macro 'outer' at line 8");
});

test("assembleInstruction throws the same kind of error", () => {
  expect(() => assembleInstruction("add x0, x1, #5000", 0n)).toThrow(AssemblyError);
  expect(() => assembleInstruction("bl somewhere", 0n)).toThrow(/1:4: bl: undefined symbol 'somewhere'/);
  expect(() => assembleInstruction("frob x0", 0n)).toThrow(/unknown instruction 'frob'/);
});
