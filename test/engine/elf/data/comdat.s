// An inline function as C++ compilers place it, with its unwind table; the symbol NUMBER comes from the command line.
  .macro caller number
  .globl caller_\number
caller_\number:
  .cfi_startproc
  b inline
  .cfi_endproc
  .endm

  .text
  .if NUMBER == 1
  caller 1
  .else
  caller 2
  .endif

  .section .text.inline, "axG", %progbits, inline, comdat
  .weak inline
inline:
  .cfi_startproc
  mov x0, #NUMBER
  ret
  .cfi_endproc
