/** Programs of semihosting calls, which tests run under `cmodx run` and oracles under qemu-aarch64 too. */

/** Assembly that they share: `ask`: operation w0 on the block (or string) at x1; `print` and `quit`. */
export const library = `
        .macro  ask operation, parameter
        mov     w0, #\\operation
        ldr     x1, =\\parameter
        hlt     #0xf000
        .endm

        // Opens the console for writing.
        .macro  start
        ask     0x01, open
        ldr     x1, =write
        str     x0, [x1]
        .endm

        .macro  quit
        ask     0x18, exit
        .endm

        .data
        .balign 8
open:   .quad   tt, 4, 3
write:  .quad   0, 0, 0
exit:   .quad   0x20026, 0
tt:     .asciz  ":tt"
        .balign 8
        .text

// print(x2: text, x3: bytes)
print:  ldr     x1, =write
        stp     x2, x3, [x1, #8]
        mov     w0, #0x05
        hlt     #0xf000
        ret

// hexadecimal(x4): its sixteen digits and a newline
hexadecimal:
        ldr     x2, =digits
        mov     x3, #17
        mov     x5, #15
1:      and     x6, x4, #15
        cmp     x6, #10
        add     x7, x6, #'0'
        add     x8, x6, #('a' - 10)
        csel    x6, x7, x8, lo
        strb    w6, [x2, x5]
        lsr     x4, x4, #4
        subs    x5, x5, #1
        b.pl    1b
        b       print
        .data
digits: .asciz  "................\\n"
        .balign 8
        .text
`;

/** Writes 'value' of X0 after a semihosting call. */
const show = `
        mov     x4, x0
        bl      hexadecimal
`;

/** Pairs of a name and the text behind \`library\`; their behaviour does not depend on where they run. */
export const programs: Readonly<Record<string, string>> = {
  "output on three streams": `
_start: start
        ldr     x2, =text
        mov     x3, #4
        bl      print
        ask     0x04, string
        ask     0x03, string
        ask     0x01, errors
        ldr     x1, =write
        str     x0, [x1]
        ldr     x2, =text
        mov     x3, #3
        bl      print
        quit
        .data
errors: .quad   tt, 8, 3
text:   .ascii  "out\\n"
string: .asciz  "console\\n"
`,
  "an exit with a status": `
_start: ldr     x1, =exit
        mov     x2, #-3
        str     x2, [x1, #8]
        mov     w0, #0x18
        hlt     #0xf000
`,
  "an extended exit": `
_start: ldr     x1, =exit
        mov     x2, #0x1234
        str     x2, [x1, #8]
        mov     w0, #0x20
        hlt     #0xf000
`,
  "an exit that is no ordinary one": `
_start: ldr     x1, =exit
        mov     x2, #0x24
        movk    x2, #2, lsl #16
        str     x2, [x1]
        mov     w0, #0x18
        hlt     #0xf000
`,
  answers: `
_start: start
        ask     0x31, 0
        ${show}
        ask     0x01, nofile
        ${show}
        ask     0x01, badmode
        ${show}
        ask     0x05, unopened
        ${show}
        ask     0x05, unmapped
        ${show}
        ask     0x06, unopened
        ${show}
        ask     0x02, unopened
        ${show}
        ask     0x08, positive
        ${show}
        ask     0x18, 16
        ${show}
        quit
        .data
        .balign 8
nofile: .quad   tt + 1, 0, 2
badmode:.quad   tt, 77, 3
unopened: .quad 9, tt, 3
unmapped: .quad 1, 0x123450000, 24
positive: .quad 5
`,
  "clocks that go on": `
_start: start
        ask     0x10, 0
        mov     x20, x0
        ask     0x30, before
        mov     x21, x0
        ask     0x30, after
        ldr     x1, =before
        ldp     x2, x3, [x1]
        cmp     x3, x2
        cset    x4, hs
        orr     x4, x4, x21, lsl #4
        bl      hexadecimal
        quit
        .data
        .balign 8
before: .quad   0
after:  .quad   0
`,
  input: `
_start: start
        ask     0x01, input
        ldr     x1, =read
        str     x0, [x1]
1:      ask     0x06, read
        mov     x3, #64
        sub     x3, x3, x0
        cbz     x3, 2f
        ldr     x2, =buffer
        bl      print
        b       1b
2:      quit
        .data
        .balign 8
input:  .quad   tt, 0, 3
read:   .quad   0, buffer, 64
buffer: .space  64
`,
  "a command line": `
_start: start
        ask     0x15, line
        ldr     x1, =line
        ldp     x2, x3, [x1]
        bl      print
        quit
        .data
        .balign 8
line:   .quad   text, 4096
text:   .space  4096
`,
  "a megabyte": `
_start: start
        mov     x20, #(1 << 14)
1:      ldr     x2, =text
        mov     x3, #64
        bl      print
        subs    x20, x20, #1
        b.ne    1b
        quit
        .data
text:   .ascii  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde\\n"
`,
};
