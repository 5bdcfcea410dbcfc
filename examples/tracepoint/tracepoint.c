/*
 * Probes come and go in this order, so that no caller, on whatever core, gives one probe the data of another: a caller
 * reads the first probe's data and then calls through the trampoline, and the iterator looks for itself.
 *
 *   0 -> 1   the call, then the array: a caller without an array calls nothing
 *   1 -> n   the call (to the iterator), then the array
 *   n -> 1   the array, then the call: until then the iterator finds the one that is left
 *   1 -> 0   the array, then the call
 *
 * With several cores a grace period has to pass before an array is written again, and between the steps of a change
 * from one probe to another one. Here there is one core.
 */
#include "tracepoint.h"

static int count_of(const struct tracepoint_func *funcs) {
  int count = 0;
  while (funcs != NULL && funcs[count].func != NULL) count++;
  return count;
}

static int find(const struct tracepoint_func *funcs, const void *probe, const void *data) {
  for (int i = 0; i < count_of(funcs); i++)
    if (funcs[i].func == probe && funcs[i].data == data) return i;
  return -1;
}

/* The array that callers do not use. */
static struct tracepoint_func *spare(struct tracepoint *tp) {
  return tp->funcs == tp->arrays[0] ? tp->arrays[1] : tp->arrays[0];
}

static void update_call(struct tracepoint *tp, const struct tracepoint_func *funcs) {
  int count = count_of(funcs);
  void *func = count == 0 ? NULL : count == 1 ? funcs[0].func : tp->iterator;
  if (READ_ONCE(tp->static_call_key->func) != func)
    __static_call_update(tp->static_call_key, tp->static_call_tramp, func);
}

/* Callers that see the array see what is in it. */
static void publish(struct tracepoint *tp, struct tracepoint_func *funcs) {
  __atomic_store_n(&tp->funcs, funcs, __ATOMIC_RELEASE);
}

int tracepoint_probe_register(struct tracepoint *tp, void *probe, void *data) {
  int count = count_of(tp->funcs);
  if (find(tp->funcs, probe, data) >= 0) return TRACEPOINT_EXISTS;
  if (count == MAX_PROBES) return TRACEPOINT_FULL;
  struct tracepoint_func *funcs = spare(tp);
  for (int i = 0; i < count; i++) funcs[i] = tp->funcs[i];
  funcs[count] = (struct tracepoint_func){probe, data};
  funcs[count + 1] = (struct tracepoint_func){NULL, NULL};
  update_call(tp, funcs);
  publish(tp, funcs);
  return TRACEPOINT_OK;
}

int tracepoint_probe_unregister(struct tracepoint *tp, void *probe, void *data) {
  int count = count_of(tp->funcs);
  int gone = find(tp->funcs, probe, data);
  if (gone < 0) return TRACEPOINT_ABSENT;
  struct tracepoint_func *funcs = spare(tp);
  for (int i = 0, to = 0; i <= count; i++)
    if (i != gone) funcs[to++] = i < count ? tp->funcs[i] : (struct tracepoint_func){NULL, NULL};
  publish(tp, count == 1 ? NULL : funcs);
  update_call(tp, count == 1 ? NULL : funcs);
  return TRACEPOINT_OK;
}
