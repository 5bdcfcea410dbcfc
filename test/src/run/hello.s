// The smallest program that says something: bench/startup.ts and test/package run it.
// as -o hello.o hello.s && ld -z max-page-size=4096 -z noseparate-code -o hello.elf hello.o

	.text
	.globl	_start
_start:	mov	w0, #0x01		// SYS_OPEN
	adr	x1, open
	hlt	#0xf000
	adr	x1, write
	str	x0, [x1]
	mov	w0, #0x05		// SYS_WRITE
	hlt	#0xf000
	adr	x1, exit
	str	x0, [x1, #8]		// bytes that were not written
	mov	w0, #0x18		// SYS_EXIT
	hlt	#0xf000

	.data
	.balign	8
open:	.quad	tt, 4, 3
write:	.quad	0, text, 13
exit:	.quad	0x20026, 0
tt:	.asciz	":tt"
text:	.ascii	"Hello, world\n"
