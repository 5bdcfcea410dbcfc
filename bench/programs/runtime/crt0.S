/*
 * Start and end of a bare-metal program: its own stack, and semihosting for text and exit status (Arm IHI 0100:
 * HLT #0xF000, the operation in w0, its parameter in x1).
 */
#define SYS_WRITE0		0x04
#define SYS_EXIT_EXTENDED	0x20
#define ADP_STOPPED_APPLICATION_EXIT	0x20026
#define STACK_BYTES		0x40000

	.text
	.globl	_start
	.type	_start, %function
_start:
	hint	#34
	adrp	x0, stack_top
	add	sp, x0, #:lo12:stack_top
	mov	x29, #0
	mov	x30, #0
	adrp	x0, program_rounds
	ldr	w0, [x0, #:lo12:program_rounds]
	bl	program
	b	port_exit
	.size	_start, . - _start

/* void port_write(const char *text, size_t length) */
	.globl	port_write
	.type	port_write, %function
port_write:
	mov	x1, x0
	mov	w0, #SYS_WRITE0
	hlt	#0xf000
	ret
	.size	port_write, . - port_write

/* void port_exit(int status) */
	.globl	port_exit
	.type	port_exit, %function
port_exit:
	sxtw	x2, w0
	ldr	x1, =ADP_STOPPED_APPLICATION_EXIT
	adrp	x3, exit_block
	add	x3, x3, #:lo12:exit_block
	stp	x1, x2, [x3]
	mov	x1, x3
	mov	w0, #SYS_EXIT_EXTENDED
	hlt	#0xf000
1:	b	1b
	.size	port_exit, . - port_exit

/* How many rounds: whoever runs the file may write another number here first. */
	.data
	.globl	program_rounds
	.type	program_rounds, %object
	.balign	8
program_rounds:
	.word	1
	.size	program_rounds, 4

	.bss
	.balign	16
exit_block:
	.space	16
	.balign	16
	.space	STACK_BYTES
stack_top:

	.section .note.GNU-stack, "", %progbits
