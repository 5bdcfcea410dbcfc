/* A module, loaded further from the kernel than a branch reaches: a policy, a limit, hooks and probes. */
#include "scheduler.h"

struct count {
  long switches, last;
};

static struct count counts[MAX_PROBES + 1];
static long idles;

/* The even tasks, then the odd ones. */
long pick_even_first(long task) { return (task + 2) % TASKS; }

long throttle_odd(long task) { return task & 1; }

void count_idle(long task) {
  (void)task;
  idles++;
}

void count_switch(void *data, long prev, long next) {
  struct count *count = data;
  count->switches++;
  count->last = 10 * prev + next;
}

/* Probes that differ in what they count in: `which` is from 0 to MAX_PROBES, of which one too many. */
int attach(long which) { return register_trace_sched_switch(count_switch, &counts[which]); }

int detach(long which) { return unregister_trace_sched_switch(count_switch, &counts[which]); }

long switches_seen(long which) { return counts[which].switches; }

long last_seen(long which) { return counts[which].last; }

long idles_seen(void) { return idles; }

void take_over(void) {
  static_call_update(sched_pick, pick_even_first);
  static_call_update(sched_throttle, throttle_odd);
  static_call_update(sched_idle, count_idle);
}

/* __static_call_return0 has any type that the caller gives it, as in the kernel. */
void give_back(void) {
  static_call_update(sched_pick, pick_round_robin);
  static_call_update(sched_throttle, (long (*)(long))(void *)__static_call_return0);
  static_call_update(sched_idle, NULL);
}
