/*
 * The inside of the admin socket, shared by the files that make it: control.c (the socket, and what
 * is short) and a file a request that is not. Nobody else includes this.
 */
#ifndef ADMIN_CONTROL_CALL_H
#define ADMIN_CONTROL_CALL_H

#include "admin/call.h"
#include "admin/control.h"
#include "base/limits.h"
#include "base/list.h"

#include <pthread.h>
#include <stdatomic.h>

#define CONTROL_MAX_URL   (16 * KiB) /* a longest URL of ours has 6, and may be spelt at length */
#define CONTROL_MAX_PURGE (64 * KiB) /* of a body: one such URL as JSON may escape it */

enum control_phase { CONTROL_STARTING, CONTROL_SERVING, CONTROL_STOPPING };

struct control {
    struct control_env env; /* from SERVING on */
    atomic_int phase;       /* enum control_phase */
    struct proto *proto;
    /* The purges under way, each with the thread that waits for it. */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct list purges;
    unsigned purge_wait_ms;
    unsigned purges_awaited; /* by connections; below the length of the list when some have left */
};

/* The requests that have a file of their own. Each answers the call as a whole. */
enum MHD_Result control_explain(struct call *call, struct control *control);
enum MHD_Result control_purge(struct call *call, struct control *control);
enum MHD_Result control_trackers(struct call *call, struct control *control);

/* Whoever waits for a purge gives up; the purges go on. */
void control_purges_leave(struct control *control);

/* After the cache was closed. */
void control_purges_free(struct control *control);

#endif
