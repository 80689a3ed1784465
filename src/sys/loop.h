/*
 * An event loop on epoll: descriptors, timers, and tasks that other threads post.
 *
 * A loop belongs to the thread that calls loop_run. Only loop_post and loop_stop may be called from
 * other threads. The structs below are embedded in what they serve and owned by the caller; the
 * loop keeps pointers to them until they are removed, fired or run. Callbacks run one at a time,
 * from loop_run only, never from inside the call that registered them. A callback may remove or
 * free anything, itself included: a descriptor that was removed gets no further event, not even one
 * of the same turn.
 */
#ifndef SYS_LOOP_H
#define SYS_LOOP_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

struct loop;

/* 0 or -errno. */
MUST_CHECK int loop_new(struct loop **ret);

/* Takes NULL. Timers, descriptors and tasks still registered are forgotten, not called. */
void loop_free(struct loop *loop);

/* Runs until loop_stop. 0 or -errno. */
MUST_CHECK int loop_run(struct loop *loop);

/* Makes loop_run return after the current turn. Any thread. */
void loop_stop(struct loop *loop);

/* The time of the current turn, in milliseconds of the monotonic clock. */
int64_t loop_now_ms(const struct loop *loop);

struct loop_fd {
    int fd;
    void (*ready)(struct loop_fd *self, uint32_t events); /* EPOLLIN, EPOLLOUT, EPOLLHUP ... */
};

/* Level-triggered. `self->fd` and `self->ready` are set by the caller. 0 or -errno. */
MUST_CHECK int loop_fd_add(struct loop *loop, struct loop_fd *self, uint32_t events);
MUST_CHECK int loop_fd_change(struct loop *loop, struct loop_fd *self, uint32_t events);

/* Before the descriptor is closed. */
void loop_fd_remove(struct loop *loop, struct loop_fd *self);

struct loop_timer {
    void (*fire)(struct loop_timer *self);
    int64_t due_ms; /* set by the loop */
    size_t slot;    /* set by the loop: place in its heap plus one, 0 while not running */
};

/* Once, `delay_ms` from now (0: in the next turn); a running timer is moved, which never fails. 0
 * or -ENOMEM. */
MUST_CHECK int loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t delay_ms);
void loop_timer_cancel(struct loop *loop, struct loop_timer *timer);

static inline bool loop_timer_running(const struct loop_timer *timer)
{
    return timer->slot != 0;
}

struct loop_task {
    void (*run)(struct loop_task *self);
    struct loop_task *next; /* set by the loop */
};

/* Runs the task once, on the loop's thread, in the order of posting. Any thread; never fails. The
 * task must not be posted again before it ran. Memory written before is visible to `run`. */
void loop_post(struct loop *loop, struct loop_task *task);

#endif
