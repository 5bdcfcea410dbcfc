/* A kernel in small: a scheduler whose policy, limits and hooks are static calls, and which can be traced. */
#include "scheduler.h"

long pick_round_robin(long task) { return (task + 1) % TASKS; }

long pick_backwards(long task) { return (task + TASKS - 1) % TASKS; }

DEFINE_STATIC_CALL(sched_pick, pick_round_robin);
DEFINE_STATIC_CALL_RET0(sched_throttle, throttle);
DEFINE_STATIC_CALL_NULL(sched_idle, idle);
DEFINE_TRACE(sched_switch, PARAMS(long prev, long next), PARAMS(prev, next));

static long current;

/* Runs `turns` turns; gives the tasks that ran as decimal digits, the last one last. */
unsigned long schedule(long turns) {
  unsigned long ran = 0;
  while (turns-- > 0) {
    long next = static_call(sched_pick)(current);
    if (static_call(sched_throttle)(next) != 0) {
      static_call_cond(sched_idle)(next);
    } else {
      trace_sched_switch(current, next);
      ran = 10 * ran + (unsigned long)next;
    }
    current = next;
  }
  return ran;
}

/* The policy's static call from the guest's side, for the host to try. */
long call_pick(long task) { return static_call(sched_pick)(task); }

void update_pick(long (*func)(long)) { static_call_update(sched_pick, func); }

void *query_pick(void) { return (void *)static_call_query(sched_pick); }

/* Switches off and on from guest code, `rounds` times; gives the sum of what the policies answered. */
long alternate_pick(long (*one)(long), long (*other)(long), long rounds) {
  long sum = 0;
  for (long round = 0; round < rounds; round++) {
    static_call_update(sched_pick, one);
    sum += static_call(sched_pick)(round % TASKS);
    static_call_update(sched_pick, other);
    sum += static_call(sched_pick)(round % TASKS);
  }
  return sum;
}
