// Programs that GNU as and ld give the same bytes for: .text at 0x10000, .data at 0x200000, .rodata at
// 0x300000, .bss at 0x400000, .foo at 0x500000. Each begins with a line of four dashes and its title;
// programs.json has what GNU gave (record.mjs writes it).
// ---- data
 .byte 1,2,3,-1,255,-128,'a','\n','\'','\\', ' '
 .hword 1, -1, 65535
 .word 1, 0xffffffff, -1
 .quad 0xffffffffffffffff, -1, 1<<63
 .ascii "a\tb\n\\\"\101\x41\x041", "b"
 .asciz "x","y"
 .string ""
 .skip 3
 .skip 2,0xff
 .zero 4
 .space 2, 1
 .fill 3, 2, 0x1234
 .fill 2
 .fill 1, 8, -1
 .fill 2, 8, 0x1122334455667788
 .fill 2, 3, 0x11223344
 .align 4
 .p2align 3
 .balign 8
 .xword .
 .dword . - 8, .
 .quad ., .
 .2byte 7
 .short 8
 .4byte 1
 .8byte 2
 .int 4
 .long 5
// ---- expr
 .quad 1+2*3, (1+2)*3, 7/2, -7/2, -7%3, 7%-3, 1<<4, -1>>60, 0xff&0x0f|0x30, 6^3, 1 ! 2, ~5, !5, !0, -(-3)
 .quad 1==1, 1!=1, 1<>2, 1<2, 2<1, 1>=1, 1<=0, 1&&2, 0||3, 0||0, 1+1==2, 2+3&1, 4|1+2, 1+2<<3, 5-3-1, 100/5/2, 2*3%4
 .quad 010, 0b101, 0x1F, 'a'+1, 'a', -1 > 1, 0xffffffffffffffff > 1, 1<<64, 1>>64, 3-~4, - -3, +4, -+4
// ---- sections
 .text
a: nop
 .data
b: .quad a, b
 .section .rodata
c: .quad c
 .previous
 .quad c
 .pushsection .text
 ret
 .popsection
 .quad 5
 .section .foo,"ax",%progbits
 nop
 b a
 .text
 bl b2
 .subsection 0
 nop
 .bss
z: .skip 16
 .text
b2: ret
 .text 0
 nop
// ---- align in code
 nop
 .align 4
 nop
 .balign 32
 .byte 1
 .align 3
 nop
 .p2align 4,0
 nop
 .p2align 5,,7
 nop
 .p2align 4,,12
 nop
 .balign 16, 0xff
 nop
 .p2align 4,,1
 .align 2
 .balignw 8,0x1234
 .hword 0
 .balignw 8,0x1234
 .data
 .byte 1
 .align 3
 .byte 1
 .align 2, 7
 .byte 1
 .align 2
 .balignl 16,0x12345678
// ---- macros
 .macro m a, b=5, c:vararg
 mov \a, #\b
 .quad \c
 .endm
 m x0
 m x1, 6, 1, 2, 3
 m x1 6 1
 m a=x3, b=9
 .macro cnt
 .word \@
 .endm
 cnt
 cnt
 .macro rec n
 .byte \n
 .if \n
 rec "(\n-1)"
 .endif
 .endm
 rec 4
 .align 2
 .macro lab n
lab\n: b.\()eq lab\n
 .exitm
 brk 1
 .endm
 lab 1
 lab 2
 .macro ex n
 .if \n
 .byte 1
 .exitm
 .endif
 .byte 2
 .endm
 ex 1
 ex 0
 ex 1
 .purgem ex
 .macro ex
 .byte 77
 .endm
 ex
 .macro str s
 .asciz "\s"
 .endm
 str hello
 str "hello you"
// ---- rept irp
 .rept 3
 .byte 1
 .endr
 .rept 2
 .rept 2
 .byte 2
 .endr
 .byte 3
 .endr
 .irp x, 1, 2, 3
 .byte \x
 .endr
 .irp x, x0, x1
 .endr
 .irp r x0 x1 x2
 .hword 1
 .endr
 .irpc c, 123
 .byte \c\c
 .endr
 .irp x
 .byte 9\x
 .endr
// ---- set
 .set x, 1
 .byte x
 .set x, x+1
 .byte x
 y = x
 .byte y
 .set x, 10
 .byte y, x
 .equ e, 5
 .equiv e2, 6
 .byte e, e2
 .align 2
 .set fwd, later + 4
 .quad fwd
 mov x0, #e
 add x1, x1, #x
 nop
later:
 .set sz, . - later
 .quad sz
 .set lbl, later
 b lbl
 ldr x0, lbl
 w = .
 .quad w
// ---- numeric labels
1: b 1b
 b 1f
1: b 1b
2: b 1f
1: b 2b
 cbz x0, 1b
 tbz x0, #3, 1f
1: adr x0, 1b
 adr x0, .
 adr x0, .+8
 b .
 b . - 4
 ldr x1, 1b
10: b 10b
 b 10f
10:
// ---- pools
 ldr x0, =5
 ldr x1, =0x123456789
 ldr w2, =0x12345678
 ldr x3, =5
 ldr x4, =foo
 ldr w5, =-1
 b 1f
 .ltorg
1: ldr x0, =5
 ldr x6, =foo+8
 ldr x7, =foo
 ldr x8, =foo
 ldrsw x9, =77
foo: ret
 .data
 .quad foo
 .section .foo,"ax"
 ldr x0, =99
 nop
// ---- conditionals
 .if 1
 .byte 1
 .else
 .byte 2
 .endif
 .if 0
 .byte 1
 .if 1
 .byte 3
 .endif
 .elseif 1
 .byte 2
 .elseif 1
 .byte 6
 .else
 .byte 7
 .endif
 .ifdef foo
 .byte 1
 .endif
foo:
 .ifdef foo
 .byte 2
 .endif
 .ifndef bar
 .byte 3
 .endif
 .ifc a,a
 .byte 4
 .endif
 .ifc a , b
 .byte 5
 .else
 .byte 6
 .endif
 .ifb
 .byte 7
 .endif
 .ifnb x
 .byte 8
 .endif
 .ifeq 0
 .byte 9
 .endif
 .iflt -1
 .byte 10
 .endif
 .ifeqs "a","a"
 .byte 11
 .endif
 .if 0 ; .byte 33 ; .endif ; .byte 12
 .if foo - . < 0
 .byte 13
 .endif
// ---- relocs
 adrp x0, v
 add x0, x0, :lo12:v
 add x0, x0, #:lo12:v
 ldr x1, [x0, :lo12:v]
 ldr x1, [x0, #:lo12:v]
 ldrb w1, [x0, :lo12:v]
 str w1, [x0, :lo12:v+4]
 movz x2, #:abs_g3:v
 movk x2, #:abs_g2_nc:v
 movk x2, :abs_g1_nc:v
 movk x2, #:abs_g0_nc:v
 movz x3, #:abs_g0_s:k
 movz x3, #:abs_g1_s:k
 movz x4, #:abs_g0:k2
 movn x5, #:abs_g0_s:k2
 movz x6, #:abs_g2:v
 adr x7, f
 b f
 bl f
 b.ne f
 cbz x1, f
 ldr x2, f
 .set k, -5
 .set k2, 77
 .word f - .
 .quad f+4
f: ret
 .data
 .quad 0
v: .quad 1
// ---- org
 nop
 .org 16
 nop
 .org 24, 0xff
 .byte 1
lbl: .org lbl+8
 .byte 2
 .org . + 3
 .byte 3
// ---- misc
 .arch armv8.2-a
 .cpu generic
 .file "x.c"
 .globl main
 .type main, %function
 .hidden main
main: .cfi_startproc
 mov x0, xzr ; mov x1 , sp ; MOV X2, #1
 Add X0 , X1 , #1 , lsl #12
 add x0, x1, 4096
 sub sp, sp, #32
 add x0,x0,#-1
 ldr x0,[sp,-8]
 str x0,[x1,1]
 ldr x0,[x1, x2, lsl 3]
 stp fp, lr, [sp,#-16]!
 mov ip0, ip1
 and w0, w1, #-2
 and x0, x1, #~0xff
 mov w0, #-2
 mov w0, 0xffff0000
 mov x0, #0xffff00000000
 mov x0, 'a'
 msr daifset, #2
 mrs x0, ctr_el0
 MRS x0, CTR_EL0
 mrs x0, s3_3_c0_c0_1
 dc cvau, x0
 ic ivau, x1
 ic iallu
 dsb ish
 dsb #11
 isb
 isb sy
 dmb ishld
 hint #34
 bti c
 svc #0
 brk #0x8228
 ret
 ret x1
 cset x0, eq
 cinc x0, x1, lo
 ubfx x0, x1, #3, #4
 lsl x0, x1, #3
 lsl x0, x1, x2
 ror w0, w1, #3
 bic x0, x1, #1
 mvn x0, x1, lsl #3
 neg w0, w1
 negs w0, w1
 tst x0, #0xff
 cmn x0, #1
 cmp x0, #-1
 cmp sp, x1
 cmp sp, x1, lsl #2
 cmp x0, w1, uxtw
 cmp x0, w1, sxtw #2
 add sp, sp, x1
 add w0, w1, w2, uxtx #1
 ccmp x0, #1, #2, ne
 beq main
 b.hs main
 bcs main
 prfm pldl1keep, [x0]
 prfm #6, [x0, #8]
 .arch armv8.5-a
 casal x0, x1, [x2]
 ldaddal x0, x1, [x2]
 stadd x0, [x1]
 swp w0, w1, [sp]
 eret
 madd x0,x1,x2,x3
 smull x0,w1,w2
 .cfi_endproc
 .size main, . - main
foo .req x5
 mov foo, #1
 .unreq foo
 .inst 0xd503201f, 0xd65f03c0
 /* multi
 line */ nop /* x */ ; nop // y
# line comment
 nop
.Llocal: b .Llocal
a$b: nop
 .weak ww
 .quad ww
 .comm cc, 16, 8
 .local cd
 mov x0, #(1 + 2) * 3
 ldr x0, [x1, #(1<<3)]
 mov x0, #0x1234 & 0xff
 tbz w0, #3, main
 tbz x0, #3, main
 tbnz x0, #40, main
