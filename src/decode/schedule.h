/*
 * How the kernel schedules a worker: behind everything else (SCHED_IDLE), so that readers whose
 * picture is there do not wait for those whose picture is being made; and how long that has had it
 * wait, which is not its fault: of a job's deadline, such time does not count.
 *
 * A struct schedule belongs to the worker's, on the same thread. Where /proc says nothing, or the
 * policy may not be set, all is as it would be without.
 */
#ifndef DECODE_SCHEDULE_H
#define DECODE_SCHEDULE_H

#include <stdint.h>
#include <sys/types.h>

struct schedule_times {
    int64_t at_ms;
    int64_t ran_ms;
    int64_t waited_ms; /* could have run and was not let */
};

struct schedule {
    pid_t pid;                    /* as we see it; 0: not known */
    struct schedule_times marked; /* at the job's beginning, or when it was excused last */
    unsigned excused;
};

/* The worker stands. What it will start is scheduled likewise. */
void schedule_worker(struct schedule *schedule, int pid_fd);

/* A job begins. */
void schedule_job(struct schedule *schedule);

/* The job is overdue: how much longer may it take, since it was not let run for so long? 0: not at
 * all. Who waits for something else than the processor gains nothing. */
int64_t schedule_excuse_ms(struct schedule *schedule);

#endif
