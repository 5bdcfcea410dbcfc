/*
 * Tracepoints on static calls, after the kernel's (include/linux/tracepoint.h, kernel/tracepoint.c): where nothing is
 * traced the static call has no target, one probe is called directly, and several through a function that calls each.
 */
#ifndef TRACEPOINT_H
#define TRACEPOINT_H

#include "static_call.h"

#define PARAMS(...) __VA_ARGS__
#define MAX_PROBES 6

struct tracepoint_func {
  void *func;
  void *data;
};

struct tracepoint {
  struct static_call_key *static_call_key;
  void *static_call_tramp;
  void *iterator;
  /* The probes in use, one of `arrays`, ended by a NULL func; NULL when there are none. */
  struct tracepoint_func *funcs;
  struct tracepoint_func arrays[2][MAX_PROBES + 1];
};

enum tracepoint_error { TRACEPOINT_OK = 0, TRACEPOINT_EXISTS = -17, TRACEPOINT_FULL = -28, TRACEPOINT_ABSENT = -2 };

/* A probe with its data, added and removed; a pair can be there once. Gives one of tracepoint_error. */
int tracepoint_probe_register(struct tracepoint *tp, void *probe, void *data);
int tracepoint_probe_unregister(struct tracepoint *tp, void *probe, void *data);

/* trace_<name>(args), and the functions that add and remove a probe void (*)(void *data, proto). */
#define DECLARE_TRACE(name, proto, args)                                                       \
  extern struct tracepoint __tracepoint_##name;                                                \
  extern void __traceiter_##name(void *data, proto);                                           \
  DECLARE_STATIC_CALL(tp_func_##name, __traceiter_##name);                                     \
  static inline void trace_##name(proto) {                                                     \
    struct tracepoint_func *first = READ_ONCE(__tracepoint_##name.funcs);                      \
    if (first != NULL) static_call_cond(tp_func_##name)(READ_ONCE(first->data), args);         \
  }                                                                                            \
  static inline int register_trace_##name(void (*probe)(void *data, proto), void *data) {      \
    return tracepoint_probe_register(&__tracepoint_##name, probe, data);                       \
  }                                                                                            \
  static inline int unregister_trace_##name(void (*probe)(void *data, proto), void *data) {    \
    return tracepoint_probe_unregister(&__tracepoint_##name, probe, data);                     \
  }

/* The iterator takes no notice of the data it is given: every probe gets its own. */
#define DEFINE_TRACE(name, proto, args)                                                        \
  void __traceiter_##name(void *data, proto) {                                                 \
    (void)data;                                                                                \
    struct tracepoint_func *each = READ_ONCE(__tracepoint_##name.funcs);                       \
    for (; each != NULL && each->func != NULL; each++)                                         \
      ((void (*)(void *, proto))each->func)(each->data, args);                                 \
  }                                                                                            \
  DEFINE_STATIC_CALL_NULL(tp_func_##name, __traceiter_##name);                                 \
  struct tracepoint __tracepoint_##name = {                                                    \
      &STATIC_CALL_KEY(tp_func_##name), &STATIC_CALL_TRAMP(tp_func_##name), __traceiter_##name, NULL, {{{0}}}}

#endif
