/* Trampolines and keys by the kernel's names: a program finds them by symbol and section. */
struct static_call_key {
  void *func;
};

#define DEFINE_STATIC_CALL(name, function)                                                      \
  struct static_call_key __SCK__##name = {(void *)function};                                    \
  asm(".pushsection .static_call.text, \"ax\"\n"                                                \
      ".balign 16\n"                                                                            \
      ".quad 0\n.quad 0\n"                                                                      \
      ".globl __SCT__" #name "\n.type __SCT__" #name ", %function\n"                            \
      "__SCT__" #name ":\n\thint 34\n\tb " #function "\n\tldr x16, __SCT__" #name " - 8\n"      \
      "\tcbz x16, 1f\n\tbr x16\n1:\tret\n"                                                      \
      ".size __SCT__" #name ", . - __SCT__" #name "\n.popsection")

long one(long x) { return x + 1; }
long two(long x) { return x + 2; }

DEFINE_STATIC_CALL(first_call, one);
DEFINE_STATIC_CALL(second_call, two);

extern long __SCT__first_call(long);
extern long __SCT__second_call(long);

long caller(long x) { return 10 * __SCT__first_call(x) + __SCT__second_call(x); }
