/*
 * Workers of one class: asked of a zygote of their own, given one job at a time, killed at the
 * deadline, replaced when they are lost, worn or not to be trusted any more. Which picture is next
 * is not decided here (pool.c does).
 *
 * The team owns its processes and their descriptors. Events come from the loop only, never from
 * inside a call below; a handler may call team_idle, team_give and team_forget. One thread.
 */
#ifndef DECODE_TEAM_H
#define DECODE_TEAM_H

#include "base/list.h"
#include "decode/decoder.h"
#include "decode/pool.h"
#include "decode/wire.h"
#include "sys/loop.h"

#define TEAM_WHY 256

struct team;
struct worker;

struct team_events {
    /* Exactly once for every duty that was given and not forgotten; the handler owns
     * result->bytes. */
    void (*done)(struct team *team, void *duty, struct decode_result *result);
    /* A worker became idle, or a try to start one failed. */
    void (*changed)(struct team *team);
};

struct team {
    struct loop *loop;
    const struct team_events *events;
    const char *program; /* borrowed */
    unsigned size;       /* workers wanted */
    enum wire_class class;
    size_t memory;
    unsigned deadline_ms;
    bool without_sandbox;
    void (*slow)(int64_t waited_ms); /* as in pool.h */
    unsigned start_ms;

    struct decoder decoder;
    struct loop_fd control;
    bool greeted; /* the zygote said hello */
    struct list workers;
    unsigned count;
    uint32_t last_id;
    struct loop_timer retry;
    unsigned failures; /* in a row, since a worker last answered */
    int64_t said_ms;   /* when `slow` was told */
    unsigned long lost[POOL_LOSSES];
    unsigned landlock_abi;
    uint32_t jail;      /* enum wire_jail, of the worker that stood last */
    char why[TEAM_WHY]; /* the last failure */
};

/* First of all. The fields above down to start_ms are set by the caller. */
void team_init(struct team *team);

/* Blocks until the first worker stands; `waits`, with its `ctx`, as in pool.h. 0 or -errno
 * (-ECANCELED: it was not waited for), with team->why; after a failure there is nothing to stop. */
MUST_CHECK int team_start(struct team *team, bool (*waits)(void *ctx, int64_t waited_ms),
                          void *ctx);

/* Asks for all processes that are missing, and waits for none: an event tells. */
void team_wake(struct team *team);

/* Kills all; no event comes any more, unless it is started or woken again. */
void team_stop(struct team *team);

/* Any idle worker, or NULL. */
struct worker *team_idle(struct team *team);

enum {
    TEAM_LOST = 1, /* the worker was found dead, and is gone; the job is still the caller's */
};

/* Hands a job to an idle worker: `job` with its id left open, `in_fd` (still the caller's), and
 * `duty` for the event. 0, an answer or -errno. */
MUST_CHECK int team_give(struct worker *worker, const struct wire_job *job, int in_fd, void *duty);

/* The duty's event shall not come. */
void team_forget(struct worker *worker);

/* True when nobody works, and several tries to change that have failed or take very long. */
bool team_hopeless(const struct team *team);

unsigned team_alive(const struct team *team);

#endif
