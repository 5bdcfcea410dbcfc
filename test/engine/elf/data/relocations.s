// Every relocation that the linker knows and GNU ld does not replace by another, once or more; relocations.elf is what GNU ld makes of it.
  .text
  .globl _start
_start:
  movz x0, #:abs_g0:small
  movz x0, #:abs_g1:far
  movk x0, #:abs_g0_nc:far
  movz x0, #:abs_g2:far
  movk x0, #:abs_g1_nc:far
  movz x0, #:abs_g3:far
  movk x0, #:abs_g2_nc:far
  movz x1, #:abs_g0_s:small
  movz x1, #:abs_g0_s:negative
  movz x1, #:abs_g1_s:far
  movz x1, #:abs_g1_s:negative
  movz x1, #:abs_g2_s:negative
  movz x2, #:prel_g0:near
  movz x2, #:prel_g1:before
  movk x2, #:prel_g0_nc:before
  movz x2, #:prel_g2:value
  movk x2, #:prel_g1_nc:value
  movz x2, #:prel_g3:value
  movk x2, #:prel_g2_nc:value
  ldr x3, near
  ldr w3, near + 4
  adr x4, near + 1
  adrp x5, value
  adrp x5, :pg_hi21_nc:value + 0x12345
  add x5, x5, #:lo12:value + 3
  ldrb w6, [x5, #:lo12:value + 3]
  ldrh w6, [x5, #:lo12:value + 2]
  ldr w6, [x5, #:lo12:value + 4]
  ldr x6, [x5, #:lo12:value + 8]
  ldr q0, [x5, #:lo12:value]
  tbz x7, #33, near
  tbnz w7, #3, before
  b.eq near
  cbnz x7, before
  b near
  bl outside
  bl outside - 8
  bl nowhere
  b nowhere
  adrp x8, nowhere
  adrp x8, :got:value
  ldr x8, [x8, #:got_lo12:value]
  ldr x8, [x9, #:gotpage_lo15:value]
  ldr x8, :got:value
  mrs x10, tpidr_el0
  movz x11, #:tprel_g2:local
  movz x11, #:tprel_g1:local
  movk x11, #:tprel_g1_nc:local
  movz x11, #:tprel_g0:local
  movk x11, #:tprel_g0_nc:local
  add x11, x10, #:tprel_hi12:local, lsl #12
  add x11, x11, #:tprel_lo12:local
  add x11, x11, #:tprel_lo12_nc:local
  ldrb w12, [x10, #:tprel_lo12:local]
  ldrb w12, [x10, #:tprel_lo12_nc:local]
  ldrh w12, [x10, #:tprel_lo12:local]
  ldrh w12, [x10, #:tprel_lo12_nc:local]
  ldr w12, [x10, #:tprel_lo12:local]
  ldr w12, [x10, #:tprel_lo12_nc:local]
  ldr x12, [x10, #:tprel_lo12:local]
  ldr x12, [x10, #:tprel_lo12_nc:local]
  ret

  .section .text.before, "ax"
before:
  ret
  .hword near - .
  .hword _start - .
  .section .text.near, "ax"
  .balign 16
near:
  .quad 0

  .data
  .balign 16
value:
  .xword value
  .word value
  .hword small
  .hword small
  .xword near - .
  .word near - .
  .balign 8
  .xword outside + 16
  .xword nowhere
  .word nowhere - .

  .section .tdata, "awT", %progbits
  .balign 16
  .quad 1
  .quad 2
other_local:
  .quad 3
local:
  .quad 4

  .weak nowhere
  .set negative, -0x7654
  .set small, 0x1234
  .set far, 0x6543210
  .globl far, small, negative, value, near, before, local, other_local
