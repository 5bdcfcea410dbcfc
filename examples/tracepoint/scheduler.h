/* What the scheduler of scheduler.c lets modules take part in. */
#ifndef SCHEDULER_H
#define SCHEDULER_H

#include "tracepoint.h"

#define TASKS 5

/* The task after `task`. */
long pick_round_robin(long task);
/* How many turns a task has to sit out. */
long throttle(long task);
/* Told of every turn in which no task ran. */
void idle(long task);

DECLARE_STATIC_CALL(sched_pick, pick_round_robin);
DECLARE_STATIC_CALL(sched_throttle, throttle);
DECLARE_STATIC_CALL(sched_idle, idle);

DECLARE_TRACE(sched_switch, PARAMS(long prev, long next), PARAMS(prev, next))

#endif
