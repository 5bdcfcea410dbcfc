/*
 * A function that may be exchanged, called through a trampoline, as the Linux kernel's static calls for arm64 are: the
 * trampoline loads the target from a word beside it and branches there. Elsewhere it is a call by pointer.
 */
#ifndef STATIC_CALL_H
#define STATIC_CALL_H

#ifdef __aarch64__

#define DEFINE_STATIC_CALL(name, function)                                                                             \
	__typeof__(&(function)) static_call_key_##name = function;                                                     \
	__typeof__(function) static_call_trampoline_##name;                                                            \
	__asm__("	.pushsection .text.static_call_trampoline_" #name ", \"ax\"\n"                                 \
		"	.balign	16\n"                                                                                  \
		"	.globl	static_call_trampoline_" #name "\n"                                                    \
		"	.type	static_call_trampoline_" #name ", %function\n"                                         \
		"static_call_trampoline_" #name ":\n"                                                                  \
		"	hint	#34\n"                                                                                 \
		"	adrp	x16, static_call_key_" #name "\n"                                                      \
		"	ldr	x16, [x16, :lo12:static_call_key_" #name "]\n"                                         \
		"	cbz	x16, 1f\n"                                                                             \
		"	br	x16\n"                                                                                 \
		"1:	ret\n"                                                                                         \
		"	.size	static_call_trampoline_" #name ", . - static_call_trampoline_" #name "\n"              \
		"	.popsection\n")
#define static_call(name) static_call_trampoline_##name

#else

#define DEFINE_STATIC_CALL(name, function) static __typeof__(&(function)) static_call_key_##name = function
#define static_call(name) (*static_call_key_##name)

#endif

#define static_call_update(name, function) (*(__typeof__(static_call_key_##name) volatile *)&static_call_key_##name = (function))

#endif
