/*
 * Static calls as the Linux kernel has them (include/linux/static_call.h), for arm64 with the trampoline of the
 * linux-arm-kernel thread of October 2021: src/static-call/designs/hybrid.ts tells of it.
 *
 *   DECLARE_STATIC_CALL(name, func)        a static call of func's type that another file defines
 *   DEFINE_STATIC_CALL(name, func)         one that calls func
 *   DEFINE_STATIC_CALL_NULL(name, func)    one of func's type that calls nothing: for static_call_cond
 *   DEFINE_STATIC_CALL_RET0(name, func)    one of func's type that returns 0
 *   static_call(name)(args...)             the call: a BL to the trampoline
 *   static_call_cond(name)(args...)        for a function without a value: nothing is called if there is no target
 *   static_call_update(name, func)         another target; NULL for none
 *   static_call_query(name)                the target
 */
#ifndef STATIC_CALL_H
#define STATIC_CALL_H

#define NULL ((void *)0)
#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, value) (*(volatile __typeof__(x) *)&(x) = (value))

struct static_call_key {
  void *func;
};

#define STATIC_CALL_KEY(name) __SCK__##name
#define STATIC_CALL_TRAMP(name) __SCT__##name

/* Target of calls that return 0; cmodx loads it (staticCallSupport). */
extern long __static_call_return0(void);
extern void __static_call_update(struct static_call_key *key, void *tramp, void *func);

/*
 * Literal, landing pad and the patched instruction stand in one aligned window of 16 bytes. The literal is written
 * by updates only: the first instruction is a branch that the assembler can encode, or a RET.
 */
#define ARCH_STATIC_CALL_TRAMP(name, insn)               \
  __asm__(".pushsection .static_call.text, \"ax\"\n"     \
          "	.align	4\n"                             \
          "0:	.quad	0\n"                             \
          "	.globl	__SCT__" #name "\n"              \
          "	.type	__SCT__" #name ", %function\n"   \
          "__SCT__" #name ":\n"                          \
          "	hint	34\n"                            \
          "	" insn "\n"                              \
          "	ldr	x16, 0b\n"                       \
          "	cbz	x16, 1f\n"                       \
          "	br	x16\n"                           \
          "1:	ret\n"                                   \
          "	.size	__SCT__" #name ", . - __SCT__" #name "\n" \
          "	.popsection")

#define DECLARE_STATIC_CALL(name, func)             \
  extern struct static_call_key STATIC_CALL_KEY(name); \
  extern __typeof__(func) STATIC_CALL_TRAMP(name)

#define __DEFINE_STATIC_CALL(name, type, target, insn)                   \
  DECLARE_STATIC_CALL(name, type);                                       \
  struct static_call_key STATIC_CALL_KEY(name) = {(void *)(target)};     \
  ARCH_STATIC_CALL_TRAMP(name, insn)

#define DEFINE_STATIC_CALL(name, func) __DEFINE_STATIC_CALL(name, func, func, "b	" #func)
#define DEFINE_STATIC_CALL_NULL(name, func) __DEFINE_STATIC_CALL(name, func, NULL, "ret")
#define DEFINE_STATIC_CALL_RET0(name, func) \
  __DEFINE_STATIC_CALL(name, func, __static_call_return0, "b	__static_call_return0")

#define static_call(name) (&STATIC_CALL_TRAMP(name))
/* The trampoline itself returns when there is no target; what it would leave in x0 is nobody's value. */
#define static_call_cond(name) (void)static_call(name)

#define static_call_update(name, target)                                                  \
  ({                                                                                      \
    __typeof__(&STATIC_CALL_TRAMP(name)) __target = (target);                             \
    __static_call_update(&STATIC_CALL_KEY(name), &STATIC_CALL_TRAMP(name), __target);     \
  })

#define static_call_query(name) ((__typeof__(&STATIC_CALL_TRAMP(name)))READ_ONCE(STATIC_CALL_KEY(name).func))

#endif
