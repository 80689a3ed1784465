/*
 * The decoder as the server sees it: foreign bytes in, bytes of our own encoder out, made in a
 * sandboxed process that holds no key, no socket and no file.
 *
 * The pool starts one `shoji-decode` (the zygote), which forks the workers, and gives each image to
 * an idle worker; further images wait their turn. A worker that crashes, misbehaves or passes the
 * deadline is killed and replaced, and costs just its image. SVG documents have a zygote and
 * workers of their own, which start with the first of them, are ended when none came for a while,
 * and are never waited for by other pictures. A pool lives on one loop and only its thread may
 * call. The callback comes exactly once, never from inside decode_start, and not at all after
 * decode_cancel. The result is borrowed for the length of the callback; its bytes are the callee's
 * to take (set `bytes` to NULL) and free with free(). A callback may start and cancel decodes, but
 * not free the pool.
 *
 * A worker is replaced after 500 images, after any image it could not read, and when its memory
 * grew; a dead zygote is started again, at a bounded rate. One that lives, but is slow, is waited
 * for, and the workers that stand go on meanwhile; after LIMIT_WORKER_STARTS it is taken for
 * hanging, and replaced. While none can be started, or none stands for some time, what waits is
 * answered DECODE_NO_MEMORY. The transparency of a picture is looked for only where all its frames
 * together have at most LIMIT_SPACER_PIXELS.
 */
#ifndef DECODE_POOL_H
#define DECODE_POOL_H

#include "base/err.h"
#include "base/image.h"
#include "sys/loop.h"

#include <stdbool.h>

struct pool;
struct decode;

struct pool_conf {
    const char *program;  /* path of shoji-decode */
    unsigned workers;     /* 0: one a core */
    unsigned deadline_ms; /* for one image, then SIGKILL */
    size_t memory;        /* bytes of address space a worker */
    unsigned long max_pixels;
    unsigned max_frames;
    unsigned max_side;    /* larger pictures are scaled down to it; 0: never */
    bool webp;            /* output = webp instead of compat */
    bool without_sandbox; /* --dev only: go on, with a warning, where the sandbox cannot be entered
                           */
    unsigned svg_idle_ms; /* the workers for SVG end after so long without one; 0: by default */
    /* Asked about once a second by pool_new, and never after it, while the first worker neither
     * stands nor died: whether to wait on. NULL: for LIMIT_WORKER_START. */
    bool (*waits)(void *ctx, int64_t waited_ms);
    void *ctx;
    /* Told each time that a later one has taken a whole `start_ms` more, by the loop: once for all
     * workers of a class. May be NULL. */
    void (*slow)(int64_t waited_ms);
    unsigned start_ms; /* 0: LIMIT_WORKER_START */
};

/* 0, or -errno when the zygote or its sandbox does not start (`why`, 256 bytes, says what);
 * -ECANCELED when it was not waited for. Blocks until the first worker stands. */
MUST_CHECK int pool_new(struct loop *loop, const struct pool_conf *conf, char *why,
                        struct pool **ret);

/* Kills all workers; what is pending gets no callback. Takes NULL. */
void pool_free(struct pool *pool);

/* The numbers are stored: append, never renumber. */
enum decode_outcome {
    DECODE_OK = 0,
    DECODE_NOT_IMAGE = 1, /* none of the formats we read, by its first bytes */
    DECODE_TOO_LARGE = 2, /* pixels, frames or result */
    DECODE_BROKEN = 3,    /* the loader refused it */
    DECODE_CRASHED = 4,   /* the worker died of it */
    DECODE_TIMEOUT = 5,
    DECODE_NO_MEMORY = 6, /* ours, not the image's fault */
};

struct decode_result {
    enum decode_outcome outcome;
    enum image_type type; /* DECODE_OK */
    unsigned width;       /* of the original's first frame, after orientation */
    unsigned height;
    unsigned frames;  /* of the result: 1 where an animation was over the limits */
    bool transparent; /* every pixel of it is fully transparent */
    void *bytes;
    size_t len;
};

typedef void decode_done_fn(void *ctx, struct decode_result *result);

/* `bytes` are borrowed until the callback or decode_cancel; a worker is given a copy when it is
 * idle, so there are as many copies as workers, however many wait. 0 or -errno. */
MUST_CHECK int decode_start(struct pool *pool, const void *bytes, size_t len, decode_done_fn *done,
                            void *ctx, struct decode **ret);

/* Takes NULL. The worker finishes for nobody, within the same deadline. */
void decode_cancel(struct decode *decode);

/* True while no decoder can be started, or none gets ready: what is fetched now could not be
 * decoded. (Of the one for SVG nothing is said.) */
bool pool_hopeless(const struct pool *pool);

/* Why a worker was lost before its time, whether it had a picture or none. */
enum pool_loss {
    POOL_LOSS_DIED,    /* by itself, or for a system call that it may not make */
    POOL_LOSS_FALSE,   /* it said what no honest worker says */
    POOL_LOSS_IDLE,    /* it spoke, or died, when it had no picture */
    POOL_LOSS_OVERDUE, /* it did not answer within the deadline, or hung at its start */
    POOL_LOSSES,
};

struct pool_figures {
    unsigned long decoded;
    unsigned long failed;
    unsigned long crashed;
    unsigned long timeouts;
    unsigned long lost[POOL_LOSSES]; /* workers */
    unsigned workers_alive;
    unsigned waiting;
};

/* For pictures that are handed out from now on. */
void pool_change_deadline(struct pool *pool, unsigned deadline_ms);

/* What holds the workers, for the log: "seccomp, limits, Landlock (ABI 7), ...". Lives as long as
 * the pool. */
const char *pool_jail_text(const struct pool *pool);

void pool_figures(const struct pool *pool, struct pool_figures *ret);

#endif
